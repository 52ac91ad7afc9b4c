"""Errors as RFC 9457 problem documents: the same code and text as in the library, and nothing of the inside."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from holdfast.core.database.internal import internal_error
from holdfast.core.errors import HoldfastError, InvalidInput
from holdfast.faces.http.answers import Answer

MEDIA_TYPE = "application/problem+json"


class HttpError(HoldfastError):
    """A request that is at fault as HTTP, before it is anybody's operation."""

    code = "http_error"
    status = 400
    headers: Mapping[str, str] = {}


class MalformedBody(HttpError):
    """The body is not JSON."""

    code = "malformed_body"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the body is not JSON: {reason}; send one JSON document in UTF-8")


class MalformedRequest(HttpError):
    """What came is no HTTP request."""

    code = "malformed_request"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason.rstrip('.')}; the connection ends")


class HeadTooLarge(HttpError):
    """The request's line and headers are too long."""

    code = "head_too_large"
    status = 431

    def __init__(self, most: int) -> None:
        super().__init__(f"the request's line and headers are longer than {most:,} bytes; send less in them")


class PathNotFound(HttpError):
    """There is nothing at this path."""

    code = "path_not_found"
    status = 404

    def __init__(self, path: str) -> None:
        super().__init__(f"nothing is at {path!r:.200}; see /v1/openapi.json")


class MethodNotAllowed(HttpError):
    """The path does not take this method."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method!r:.20} is not allowed here; this path takes {allowed}")
        self.headers = {"Allow": allowed}


class RequestTooSlow(HttpError):
    """The request did not arrive in time."""

    code = "request_too_slow"
    status = 408

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the request did not arrive within {seconds:g} seconds; send it again")


class PreconditionFailed(HttpError):
    """What If-Match names is not how it is now."""

    code = "precondition_failed"
    status = 412

    def __init__(self) -> None:
        super().__init__("it changed since it was read; read it again, and repeat the change with its present ETag")


class BodyTooLarge(HttpError):
    """The body is larger than this path takes."""

    code = "body_too_large"
    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"the body is larger than {most:,} bytes; send less at once")


class UnsupportedMediaType(HttpError):
    """The body is of a type that this path does not take."""

    code = "unsupported_media_type"
    status = 415

    def __init__(self, given: str, wanted: str) -> None:
        super().__init__(f"Content-Type: {given!r:.80} is not taken here; send {wanted}")


class TooManyRequests(HttpError):
    """More requests came than this person, tenant, address or account may send."""

    code = "too_many_requests"
    status = 429

    def __init__(self, whose: str, seconds: int) -> None:
        super().__init__(f"too many requests of this {whose}; wait {seconds} s")
        self.headers = {"Retry-After": str(seconds)}


class Overloaded(HttpError):
    """So many requests are waiting that this one would wait too long."""

    code = "overloaded"
    status = 503

    def __init__(self) -> None:
        super().__init__("the server has too many requests waiting; nothing was done. Repeat it in a second")
        self.headers = {"Retry-After": "1"}


def known(error: Exception) -> HoldfastError:
    """`error`, or for one that is not ours an internal error with an id that is in the log."""
    if isinstance(error, HoldfastError):
        return error
    return internal_error("http", type(error).__name__, _place(error))


def _place(error: Exception) -> str:
    """Where it happened, without its text, which may hold content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"


def problem(error: HoldfastError, request_id: str) -> Answer:
    """The document that tells a client of `error`."""
    document: dict[str, Any] = {
        "type": f"urn:holdfast:error:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": str(error),
        "code": error.code,
        "instance": f"urn:holdfast:request:{request_id}",
    }
    if isinstance(error, InvalidInput):
        document["field"] = error.field
    headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        document["retry_after"] = retry_after
        headers["Retry-After"] = str(retry_after)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, HttpError):
        headers |= error.headers
    return Answer(status=error.status, body=to_json(document), headers=headers)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457). `code` is stable; see the list of errors.",
    "required": ["type", "title", "status", "detail", "code", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, the value, and what to do next."},
        "code": {"type": "string"},
        "instance": {"type": "string", "description": "The request's id, which is in the log."},
        "field": {"type": "string", "description": "The parameter at fault."},
        "retry_after": {"type": "integer", "description": "In how many seconds it is worth asking again."},
    },
}
