"""What is around every request: its id, the error that leaves as a problem document, headers, counts, a log line.

Plain ASGI: a middleware that makes objects of requests and answers costs as much as the request.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.exceptions import HTTPException

from holdfast.core.telemetry import log
from holdfast.faces.http.answers import Answer
from holdfast.faces.http.bodies import ClientGone
from holdfast.faces.http.incoming import Incoming
from holdfast.faces.http.problems import MethodNotAllowed, PathNotFound, known, problem
from holdfast.faces.http.serving import Serving

Application = Callable[[dict[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]

_SECURE = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
_TLS = (b"strict-transport-security", b"max-age=31536000")
_DEFAULTS = {b"cache-control": b"no-store", b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'"}
_SENT = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID")
_SHOWN = (
    "ETag",
    "Location",
    "Retry-After",
    "X-Request-Id",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)
_ANSWERED_BEFORE = 499
"""The status in log and metrics of a request whose client left."""


class Shell:
    """An application within."""

    def __init__(self, within: Application, serving: Serving, allowed: Callable[[str], str]) -> None:
        """`allowed`: the methods that a path takes, separated by commas."""
        self._within = within
        self._serving = serving
        self._allowed = allowed
        self._logs = log.isEnabledFor(logging.INFO)
        self._headers = [*_SECURE, _TLS] if serving.options.tls else _SECURE

    async def __call__(self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._within(scope, receive, send)
            return
        incoming = scope["holdfast.incoming"] = Incoming.of(scope)
        structlog.contextvars.bind_contextvars(request_id=incoming.id)
        tracing = self._serving.store.engine.tracing
        if tracing is None:
            await self._answer(scope, receive, send, incoming)
            return
        with tracing.request(incoming.method, incoming.id, incoming.headers) as request:
            try:
                await self._answer(scope, receive, send, incoming)
            finally:
                request.answered(incoming.method, incoming.route, incoming.status)

    async def _answer(
        self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any], incoming: Incoming
    ) -> None:
        began = time.perf_counter()
        sending = self._sending(incoming, send)
        try:
            if incoming.method == "OPTIONS" and self._serving.options.origins:
                await send_answer(self._preflight(incoming, scope), sending)
            else:
                await self._within(scope, receive, sending)
        except ClientGone:
            incoming.status = _ANSWERED_BEFORE
        except Exception as error:  # noqa: BLE001  # the one place where whatever is left is answered
            await self._answer_error(error, incoming, scope, sending)
        seconds = time.perf_counter() - began
        self._serving.metrics.count(incoming, seconds)
        if self._logs:
            about = {"method": incoming.method, "route": incoming.route, "status": incoming.status}
            log.info("request", **about, ms=round(seconds * 1000, 2))

    def _sending(self, incoming: Incoming, send: Callable[..., Any]) -> Callable[..., Awaitable[None]]:
        async def send_on(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                incoming.begun, incoming.status = True, message["status"]
                message["headers"] = self._complete(message["headers"], incoming)
            await send(message)

        return send_on

    def _preflight(self, incoming: Incoming, scope: dict[str, Any]) -> Answer:
        """What a browser asks before a script of another origin may call."""
        allowed = self._allowed(scope["path"])
        if not allowed:
            raise PathNotFound(scope["path"])
        if not self._origin(incoming):
            return Answer(status=204, headers={"Allow": allowed})
        return Answer(
            status=204,
            headers={
                "Access-Control-Allow-Methods": allowed,
                "Access-Control-Allow-Headers": ", ".join(_SENT),
                "Access-Control-Max-Age": "600",
            },
        )

    def _origin(self, incoming: Incoming) -> list[tuple[bytes, bytes]]:
        """The headers by which a browser lets the scripts of a known origin read the answer."""
        origin = incoming.headers.get(b"origin")
        if origin is None or origin.decode("latin-1") not in self._serving.options.origins:
            return []
        exposed = ", ".join(_SHOWN).encode()
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", exposed),
            (b"vary", b"Origin"),
        ]

    def _complete(self, headers: list[tuple[bytes, bytes]], incoming: Incoming) -> list[tuple[bytes, bytes]]:
        given = {name for name, _ in headers}
        allowance = [] if incoming.allowance is None else incoming.allowance.headers()
        return [
            *headers,
            (b"x-request-id", incoming.id.encode()),
            *self._headers,
            *[(name, value) for name, value in _DEFAULTS.items() if name not in given],
            *allowance,
            *self._origin(incoming),
        ]

    async def _answer_error(
        self, error: Exception, incoming: Incoming, scope: dict[str, Any], send: Callable[..., Awaitable[None]]
    ) -> None:
        if incoming.begun:
            log.warning("answer_broken", kind=type(error).__name__)
            raise error
        answer = problem(known(self._ours(error, scope)), incoming.id)
        await send_answer(answer, send)

    def _ours(self, error: Exception, scope: dict[str, Any]) -> Exception:
        """The router's own exceptions as ours."""
        if not isinstance(error, HTTPException):
            return error
        allowed = self._allowed(scope["path"])
        return MethodNotAllowed(scope["method"], allowed) if allowed else PathNotFound(scope["path"])


async def send_answer(answer: Answer, send: Callable[..., Awaitable[None]]) -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers()})
    await send({"type": "http.response.body", "body": answer.body})
