"""Writers side by side: threads, asyncio tasks or processes that append until the time is up."""

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from typing import Protocol

import holdfast
from benchmarks.costs import Cpu, cpu
from benchmarks.places import EMAIL, Place, person
from benchmarks.sayings import sample

Append = Callable[[str], object]
AppendLater = Callable[[str], Awaitable[object]]
CONTENTS = sample()
_LEAD = 0.05
"""Seconds ahead that writers are told to begin, so that they begin together."""


@dataclass
class Round:
    """What each writer did: its latencies in seconds."""

    seconds: float
    writers: list[list[float]] = field(default_factory=list)
    spent: Cpu = field(default_factory=Cpu)

    @property
    def count(self) -> int:
        return sum(map(len, self.writers))

    @property
    def rate(self) -> float:
        return self.count / self.seconds


class Side(Protocol):
    """Ours or raw, with its writers ready."""

    def round(self, seconds: float) -> Round:
        """Let them write for so long."""

    def close(self) -> None:
        """Send them home."""


def write_until(append: Append, start: float, seconds: float) -> list[float]:
    """The latencies of appends one after the other."""
    clock = time.perf_counter
    taken: list[float] = []
    time.sleep(max(0.0, start - clock()))
    before, end = clock(), start + seconds
    while before < end:
        append(CONTENTS[len(taken) % len(CONTENTS)])
        after = clock()
        taken.append(after - before)
        before = after
    return taken


def ours(place: Place, writers: int, *, shared: bool) -> list[str]:
    """The conversations that so many writers append to, one each or the same one."""
    with place.open() as store:
        made = [str(person(store).conversations.create().id) for _ in range(1 if shared else writers)]
    return made * writers if shared else made


def raw(place: Place, writers: int, *, shared: bool) -> list[str]:
    """The same for the raw driver."""
    connection = place.raw.connect()
    made = [connection.create() for _ in range(1 if shared else writers)]
    connection.close()
    return made * writers if shared else made


class Threads:
    """Threads over one open store; for the raw driver, a connection each."""

    def __init__(self, appends: list[Append], close: Callable[[], None], server: int | None) -> None:
        self.appends = appends
        self._close = close
        self._server = server

    def round(self, seconds: float) -> Round:
        done = Round(seconds)
        start = time.perf_counter() + _LEAD
        threads = [
            threading.Thread(target=lambda a=append: done.writers.append(write_until(a, start, seconds)))
            for append in self.appends
        ]
        with cpu(self._server) as done.spent:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return done

    def close(self) -> None:
        self._close()


def threads_ours(place: Place, conversations: list[str]) -> Threads:
    store = place.open()
    append = person(store).conversations.append
    appends: list[Append] = [partial(_say, append, conversation) for conversation in conversations]
    return Threads(appends, store.close, place.server)


def threads_raw(place: Place, conversations: list[str]) -> Threads:
    connections = [place.raw.connect() for _ in conversations]
    appends: list[Append] = [
        partial(connection.append, conversation)
        for connection, conversation in zip(connections, conversations, strict=True)
    ]

    def close() -> None:
        for connection in connections:
            connection.close()

    return Threads(appends, close, place.server)


def _say(append: Callable[..., object], conversation: str, content: str) -> object:
    return append(conversation, role="user", content=content, metadata={"model": "llama3.2:3b", "tokens": 212})


class Tasks:
    """Asyncio tasks on one loop."""

    def __init__(
        self, runner: asyncio.Runner, appends: list[AppendLater], close: Callable[[], None], server: int | None
    ) -> None:
        self._runner = runner
        self._appends = appends
        self._close = close
        self._server = server

    def round(self, seconds: float) -> Round:
        done = Round(seconds)
        with cpu(self._server) as done.spent:
            done.writers = self._runner.run(self._all(time.perf_counter() + _LEAD, seconds))
        return done

    async def _all(self, start: float, seconds: float) -> list[list[float]]:
        return await asyncio.gather(*[_write_later(append, start, seconds) for append in self._appends])

    def close(self) -> None:
        self._close()
        self._runner.close()


async def _write_later(append: AppendLater, start: float, seconds: float) -> list[float]:
    clock = time.perf_counter
    taken: list[float] = []
    await asyncio.sleep(max(0.0, start - clock()))
    before, end = clock(), start + seconds
    while before < end:
        await append(CONTENTS[len(taken) % len(CONTENTS)])
        after = clock()
        taken.append(after - before)
        before = after
    return taken


def tasks_ours(place: Place, conversations: list[str]) -> Side:
    runner = asyncio.Runner()

    async def opened() -> tuple[holdfast.AsyncStore, list[AppendLater]]:
        store = await holdfast.open_async(place.url, place.key)
        amina = await (await store.tenant("acme")).user(EMAIL)
        return store, [partial(_say_later, amina.conversations.append, c) for c in conversations]

    store, appends = runner.run(opened())
    return Tasks(runner, appends, lambda: runner.run(store.close()), place.server)


def tasks_raw(place: Place, conversations: list[str]) -> Side:
    """The blocking driver in worker threads, the quicker of the plain ways."""
    runner, pool = asyncio.Runner(), ThreadPoolExecutor(len(conversations))
    connections = [place.raw.connect() for _ in conversations]

    async def append(connection: Callable[[str, str], int], conversation: str, content: str) -> object:
        return await asyncio.get_running_loop().run_in_executor(pool, connection, conversation, content)

    appends: list[AppendLater] = [
        partial(append, connection.append, conversation)
        for connection, conversation in zip(connections, conversations, strict=True)
    ]

    def close() -> None:
        pool.shutdown()
        for connection in connections:
            connection.close()

    return Tasks(runner, appends, close, place.server)


async def _say_later(append: Callable[..., Awaitable[object]], conversation: str, content: str) -> object:
    return await append(conversation, role="user", content=content, metadata={"model": "llama3.2:3b", "tokens": 212})


class Processes:
    """Processes, each with a store and a connection of its own."""

    def __init__(self, place: Place, side: str, conversations: list[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._server = place.server
        self._pipes: list[Connection] = []
        self._processes = []
        for conversation in conversations:
            mine, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(place, side, conversation, theirs), daemon=True)
            process.start()
            self._pipes.append(mine)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv()

    def round(self, seconds: float) -> Round:
        done = Round(seconds)
        start = time.perf_counter() + _LEAD
        with cpu(self._server) as spent:
            for pipe in self._pipes:
                pipe.send((start, seconds))
            answers = [pipe.recv() for pipe in self._pipes]
        done.writers = [taken for taken, _ in answers]
        done.spent = Cpu(client=sum(used for _, used in answers), server=spent.server)
        return done

    def close(self) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join()


def _serve(place: Place, side: str, conversation: str, pipe: Connection) -> None:
    make = threads_ours if side == "ours" else threads_raw
    writer = make(place, [conversation])
    pipe.send("ready")
    while (order := pipe.recv()) is not None:
        start, seconds = order
        with cpu(None) as spent:
            taken = write_until(writer.appends[0], start, seconds)
        pipe.send((taken, spent.client))
    writer.close()


def sides(place: Place, kind: str, writers: int, *, shared: bool) -> tuple[Side, Side]:
    """Ours and raw, both ready."""
    here = ours(place, writers, shared=shared)
    there = raw(place, writers, shared=shared)
    if kind == "threads":
        return threads_ours(place, here), threads_raw(place, there)
    if kind == "tasks":
        return tasks_ours(place, here), tasks_raw(place, there)
    return Processes(place, "ours", here), Processes(place, "raw", there)
