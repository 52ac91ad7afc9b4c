"""HTTP on one connection: uvicorn's, with what it lacks: deadlines, a limit to the head, errors as problem documents.

Without them a client that sends a byte a minute, or a header without an end, is served for as long as it likes.
"""

from asyncio import TimerHandle, Transport
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from holdfast.core.ids import new_id
from holdfast.faces.http.options import Options
from holdfast.faces.http.problems import HeadTooLarge, HttpError, MalformedRequest, RequestTooSlow, problem

HEAD_BYTES = 64 * 1024
LINGER_SECONDS = 2.0
"""How long the rest of a request is thrown away that was answered before it was whole; then the connection ends. A
connection that ends at once takes the answer with it."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    options = Options()
    """Set for the process when it starts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arriving: Literal["head", "body"] | None = None
        self._deadline: TimerHandle | None = None
        self._stalled: TimerHandle | None = None
        self._quiet = 0
        """Bytes since the request began, or since the last of its body: a head, or what pretends to be one."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # so upstream
        """A connection that says nothing is as idle as one that has said all."""
        super().connection_made(transport)
        self._set_deadline(self.options.idle_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is waited for."""
        self._unset_deadline()
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Let the parser have it; what is not whole afterwards has a deadline."""
        self._quiet += len(data)
        super().data_received(data)
        if self._quiet > HEAD_BYTES:
            self._refuse(HeadTooLarge(HEAD_BYTES))
        elif self._arriving == "head" and self._deadline is None:
            self._set_deadline(self.options.header_seconds)

    def on_message_begin(self) -> None:
        """A request begins to arrive."""
        super().on_message_begin()
        self._arriving = "head"
        self._unset_deadline()

    def on_headers_complete(self) -> None:
        """The head is whole. Who reads the body knows how long it may take."""
        self._arriving, self._quiet = "body", 0
        self._unset_deadline()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """More of the body."""
        self._quiet = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._arriving, self._quiet = None, 0
        self._unset_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer was sent."""
        super().on_response_complete()
        if self._arriving == "body":
            self._set_deadline(LINGER_SECONDS)

    def pause_writing(self) -> None:
        """The client does not read what it is sent."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.options.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is told so, as a problem document."""
        self._refuse(MalformedRequest(msg))

    def _set_deadline(self, seconds: float) -> None:
        self._unset_deadline()
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _unset_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        if self._arriving == "head":
            self._refuse(RequestTooSlow(self.options.header_seconds))
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, error: HttpError) -> None:
        """Answer outside of any request, and end the connection: what comes next cannot be told."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            if self.cycle is not None:
                self.cycle.disconnected = True  # what it would answer is no longer sent
            answer = problem(error, str(new_id()))
            lines = [STATUS_LINE.get(answer.status, STATUS_LINE[400]), b"connection: close\r\n"]
            lines += [name + b": " + value + b"\r\n" for name, value in answer.raw_headers()]
            self.transport.write(b"".join([*lines, b"\r\n", answer.body]))
        self.transport.close()
