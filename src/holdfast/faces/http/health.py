"""/healthz, /readyz and /metrics: for whoever runs the server. They need no credential and tell nothing of anybody."""

from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

from holdfast.core.errors import HoldfastError
from holdfast.faces.http import metrics
from holdfast.faces.http.answers import JSON, Answer
from holdfast.faces.http.incoming import Incoming
from holdfast.faces.http.serving import Serving
from holdfast.faces.http.shell import send_answer
from holdfast.store import check_schema


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

    async def is_ready() -> Answer:
        await serving.hop(check, serving)
        return _json({"status": "ready"})

    async def counts() -> Answer:
        page = await serving.hop(_metrics, serving)
        return Answer(status=200, body=page, headers={"Content-Type": metrics.MEDIA_TYPE})

    made = {"/healthz": lives, "/readyz": is_ready, "/metrics": counts}
    return {path: Page(path, make) for path, make in made.items()}


def check(serving: Serving) -> None:
    """Raise unless the store answers and has the schema that this version knows, or when the server is stopping."""
    if serving.stopping.is_set():
        raise NotReady("the server is stopping")
    try:
        check_schema(serving.store.engine)
    except HoldfastError as error:
        raise NotReady(str(error)) from error


class NotReady(HoldfastError):
    """The server lives, and cannot serve now."""

    code = "not_ready"
    status = 503


def _metrics(serving: Serving) -> bytes:
    serving.note_use()
    return serving.metrics.page()


def _json(value: object) -> Answer:
    return Answer(status=200, body=to_json(value), headers={"Content-Type": JSON})
