"""/healthz, /readyz and /metrics: for whoever runs the server. They need no credential and tell nothing of anybody."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from pydantic_core import to_json

from holdfast.core.errors import HoldfastError
from holdfast.core.telemetry import log
from holdfast.faces.http import metrics
from holdfast.faces.http.answers import JSON, Answer
from holdfast.faces.http.incoming import Incoming
from holdfast.faces.http.serving import Serving
from holdfast.faces.http.shell import send_answer
from holdfast.opening import check_schema

KEPT_SECONDS = 1.0
"""How long one look at the store answers everybody."""


class Page:
    """A page that needs no credential."""

    def __init__(self, path: str, make: Callable[[], Any]) -> None:
        """`make` awaits the answer."""
        self._path = path
        self._make = make

    async def __call__(self, scope: dict[str, Any], _receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Answer one request."""
        incoming: Incoming = scope["holdfast.incoming"]
        incoming.route = self._path
        await send_answer(await self._make(), send)


def pages(serving: Serving) -> dict[str, Page]:
    """Each page by its path."""

    async def lives() -> Answer:
        return _json({"status": "ok"})

    ready = Readiness(serving)

    async def is_ready() -> Answer:
        await ready.check()
        return _json({"status": "ready"})

    async def counts() -> Answer:
        page = await serving.hop(_metrics, serving)
        return Answer(status=200, body=page, headers={"Content-Type": metrics.MEDIA_TYPE})

    made = {"/healthz": lives, "/readyz": is_ready, "/metrics": counts}
    return {path: Page(path, make) for path, make in made.items()}


class Readiness:
    """Whether the store answers and has the schema that this version knows, looked up at most once a second.

    Anybody may ask, and looking may take a new connection: all who ask meanwhile share one look.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._look: asyncio.Task[str | None] | None = None
        self._until = 0.0

    async def check(self) -> None:
        """Raise `NotReady` unless it is, or when the server is stopping."""
        if self._serving.stopping.is_set():
            raise NotReady("the server is stopping")
        if self._look is None or (self._look.done() and monotonic() >= self._until):
            self._look = asyncio.create_task(self._wrong())
        wrong = await asyncio.shield(self._look)  # who leaves takes it from nobody else
        if wrong is not None:
            raise NotReady(f"the store cannot be used now: {wrong}; the server's log says more")

    async def _wrong(self) -> str | None:
        """The code of what is wrong: its text names the store's place, which is nobody's business here."""
        try:
            await self._serving.hop(check_schema, self._serving.store.engine)
        except HoldfastError as error:
            log.warning("not_ready", code=error.code, reason=str(error))
            return error.code
        finally:
            self._until = monotonic() + KEPT_SECONDS
        return None


class NotReady(HoldfastError):
    """The server lives, and cannot serve now."""

    code = "not_ready"
    status = 503


def _metrics(serving: Serving) -> bytes:
    serving.note_use()
    return serving.metrics.page()


def _json(value: object) -> Answer:
    return Answer(status=200, body=to_json(value), headers={"Content-Type": JSON})
