"""/v1/events: the changes that the caller may see, as server-sent events, from a cursor on and then as they come.

The id of an event is the cursor behind it. A client that reconnects sends the last one back (browsers do so by
themselves, as Last-Event-ID) and misses nothing: the events are read from the store, where they were written with the
change itself. A stream holds no queue: a client that reads slowly is sent less at once, and one that does not read is
let go. What it may see is looked up on every read, so it ends when the caller may no longer see anything.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from pydantic_core import to_json

from holdfast.core.errors import HoldfastError
from holdfast.core.pages import Page
from holdfast.core.scope import Scope
from holdfast.domains.audit import Audit
from holdfast.domains.audit.actions import cursor_behind
from holdfast.domains.audit.models import Event
from holdfast.faces.http.authentication import Caller, authenticate
from holdfast.faces.http.incoming import Incoming
from holdfast.faces.http.problems import problem
from holdfast.faces.http.reading import reader_of
from holdfast.faces.http.routes import Route
from holdfast.faces.http.serving import Serving

Send = Callable[..., Awaitable[None]]
AT_ONCE = 100
RETRY_MS = 1_000
HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


def stream(audit: Audit, *, cursor: str | None = None) -> str:
    """The changes that you may see, as they are made: server-sent events that begin behind `cursor`, or now.

    `Last-Event-ID` goes before `cursor`. Each event's `id` is a cursor, its `event` the operation, its `data` the
    change as JSON. Lines that begin with a colon come when nothing else does.
    """
    raise NotImplementedError(f"{audit}, {cursor}: read by Stream")


ROUTE = Route("audit", "GET", "/events", Audit.events, calls=stream)


class Stream:
    """Answers GET /v1/events."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._reader = reader_of(ROUTE)

    async def __call__(self, scope: dict[str, Any], receive: Callable[..., Any], send: Send) -> None:
        """Stream until the client leaves, the server stops, or the caller may see no more."""
        incoming: Incoming = scope["holdfast.incoming"]
        incoming.route, incoming.operation = ROUTE.path, ROUTE.operation
        arguments = self._reader.arguments({}, scope["query_string"], b"")
        cursor = incoming.header(b"last-event-id") or arguments.get("cursor")
        caller = await self._serving.hop(self._serving.admit, incoming)
        page = await self._serving.hop(_read, caller, cursor)
        with self._serving.open_stream(caller.scope) as woken:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            leaving = asyncio.create_task(_until_gone(receive))
            try:
                await self._go_on(page, caller.scope, incoming, _Signals(leaving, self._serving.stopping, woken), send)
            except HoldfastError as error:
                await _send(f"event: error\ndata: {problem(error, incoming.id).body.decode()}\n\n", send)
            finally:
                leaving.cancel()
            await send({"type": "http.response.body", "body": b""})

    async def _go_on(
        self, page: Page[Event], scope: Scope, incoming: Incoming, signals: "_Signals", send: Send
    ) -> None:
        options = self._serving.options
        await _send(f"retry: {RETRY_MS}\nid: {page.next}\n\n", send)
        said = monotonic()
        while not signals.ended:
            if page.items:
                await _send("".join(_as_text(scope, event) for event in page.items), send)
            elif monotonic() - said >= options.heartbeat_seconds:
                await _send(":\n\n", send)
            if page.items or monotonic() - said >= options.heartbeat_seconds:
                said = monotonic()
            if len(page.items) < AT_ONCE:
                await signals.wait(options.poll_seconds)
            page = await self._serving.hop(self._read_again, incoming, page.next)

    def _read_again(self, incoming: Incoming, cursor: str | None) -> Page[Event]:
        return _read(authenticate(self._serving.store, incoming), cursor)


class _Signals:
    """What a stream waits for: news, the client's leaving, the server's stopping."""

    def __init__(self, leaving: "asyncio.Task[None]", stopping: asyncio.Event, woken: asyncio.Event) -> None:
        self._leaving = leaving
        self._stopping = stopping
        self._woken = woken

    @property
    def ended(self) -> bool:
        """Whether there is nobody left to read, or to write."""
        return self._leaving.done() or self._stopping.is_set()

    async def wait(self, seconds: float) -> None:
        """Until there may be news, at most so long. The end of the stream wakes it too."""
        self._leaving.add_done_callback(self._wake)
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass  # other processes' changes are looked for now and then
        self._leaving.remove_done_callback(self._wake)
        self._woken.clear()

    def _wake(self, _leaving: object) -> None:
        self._woken.set()


def _read(caller: Caller, cursor: str | None) -> Page[Event]:
    return caller.audit.events(after=cursor, limit=AT_ONCE)


def _as_text(scope: Scope, event: Event) -> str:
    """One server-sent event. JSON has no line ends of its own, so nothing in it can end the event."""
    return f"id: {cursor_behind(scope, event)}\nevent: {event.operation}\ndata: {to_json(event).decode()}\n\n"


async def _send(text: str, send: Send) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _until_gone(receive: Callable[..., Any]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
