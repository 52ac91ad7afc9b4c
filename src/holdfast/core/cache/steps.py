"""The steps of finding a value, and the two ways to carry them out."""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from holdfast.core.cache.flights import Flight
from holdfast.core.hop import Hop

T = TypeVar("T")


@dataclass(slots=True)
class Ask:
    """Ask Redis: blocks for a round trip."""

    call: Callable[[], Any]


@dataclass(slots=True)
class Load:
    """Call the loader."""


@dataclass(slots=True)
class Wait:
    """Wait until there is news of a flight, or for so many seconds."""

    flight: Flight
    seconds: float


Step = Ask | Load | Wait
Loader = Callable[[], Any]
AsyncLoader = Callable[[], Any | Awaitable[Any]]


def carry_out(steps: Generator[Step, Any, T], loader: Loader) -> T:
    """Every step, in this thread."""
    return _finish(steps, lambda step: _do(step, loader))


def _do(step: Step, loader: Loader) -> Any:
    if isinstance(step, Ask):
        return step.call()
    if isinstance(step, Load):
        return loader()
    told = threading.Event()
    step.flight.when_told(told.set)
    return told.wait(step.seconds)


def _finish(steps: Generator[Step, Any, T], do: Callable[[Step], Any]) -> T:
    try:
        step = next(steps)
        while True:
            try:
                done = do(step)
            except BaseException as error:  # noqa: BLE001  # raised again inside, where it belongs
                step = steps.throw(error)
            else:
                step = steps.send(done)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what the generator returns


async def carry_out_async(steps: Generator[Step, Any, T], loader: AsyncLoader, hop: Hop) -> T:
    """Every step, awaited: Redis in a worker thread, the loader on the event loop."""
    try:
        step = next(steps)
        while True:
            try:
                done = await _do_async(step, loader, hop)
            except BaseException as error:  # noqa: BLE001  # raised again inside, where it belongs
                step = steps.throw(error)
            else:
                step = steps.send(done)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what the generator returns


async def _do_async(step: Step, loader: AsyncLoader, hop: Hop) -> Any:
    if isinstance(step, Ask):
        return await hop(step.call)
    if isinstance(step, Load):
        if inspect.iscoroutinefunction(loader):
            return await loader()
        made = await hop(loader)
        return await made if inspect.isawaitable(made) else made
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with suppress(RuntimeError):  # that loop has ended
            loop.call_soon_threadsafe(told.set)

    step.flight.when_told(tell)
    try:
        await asyncio.wait_for(told.wait(), step.seconds)
    except TimeoutError:
        return False
    return True
