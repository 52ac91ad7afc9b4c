"""One way to write a test for both faces: the async one is driven from here, call by call."""

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

from support.server import UNLIMITED, RunningServer

import holdfast
from holdfast.faces.http.options import Options


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


class ThroughClient:
    """A store behind a server: what belongs to a person goes through the client, with an API key of theirs."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._store = holdfast.open(url, key)
        self._server = RunningServer(self._store, Options(**UNLIMITED))  # type: ignore[arg-type]
        self._opened: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def tenant(self, slug: str) -> Any:
        found = self._store.tenant(slug)

        def user(email: str) -> Any:
            member = found.user(email)
            secret = self._store.system().identity.create_api_key(tenant=slug, user=email).secret
            scope = holdfast.connect(self._server.url, api_key=secret)
            scope.scope = member.scope  # type: ignore[attr-defined]  # some tests ask who somebody is
            self._opened.append(scope)
            return scope

        return SimpleNamespace(user=user, tenant=found.tenant)

    def close(self) -> None:
        for scope in self._opened:
            scope.close()
        self._server.stop()
