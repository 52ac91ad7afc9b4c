"""One way to write a test for both faces: the async one is driven from here, call by call."""

import asyncio
import inspect
from typing import Any

import holdfast


class Awaited:
    """An object of the async face whose methods are awaited on a loop of the test's own."""

    def __init__(self, target: Any, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if inspect.iscoroutinefunction(value):
            return lambda *args, **kwargs: self._wrap(self._runner.run(value(*args, **kwargs)))
        if inspect.ismethod(value):
            return lambda *args, **kwargs: self._wrap(value(*args, **kwargs))
        return self._wrap(value)

    def _wrap(self, value: Any) -> Any:
        return Awaited(value, self._runner) if type(value).__name__.startswith("Async") else value


def open_face(
    face: str, url: str, runner: asyncio.Runner, key: str | None = None, *, settings: holdfast.Settings | None = None
) -> Any:
    """The store at `url` through the face named: "sync" or "async"."""
    if face == "sync":
        return holdfast.open(url, key, settings=settings)
    return Awaited(runner.run(holdfast.open_async(url, key, settings=settings)), runner)
