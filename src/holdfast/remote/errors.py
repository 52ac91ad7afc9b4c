"""A server's problem documents as the errors that the library raises, by their code."""

from collections.abc import Iterator

import httpx

from holdfast.core.errors import HoldfastError
from holdfast.core.rooms import bring_in


class RemoteError(HoldfastError):
    """The server refused a request for a reason that this version has no class for; `code` is the server's."""

    code = "remote_error"


def error_from(answer: httpx.Response) -> HoldfastError:
    """The error that the server tells of. It has the class, text, code and status that it has in the library."""
    try:
        told = answer.json()
        code, text = str(told["code"]), str(told["detail"])
    except (ValueError, KeyError, TypeError):
        told, code, text = {}, "", f"the server answered {answer.status_code} without a problem document"
    kind = _kind_of(code)
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    if kind is RemoteError and code:
        error.code = code  # type: ignore[misc]  # of this one
    error.status = answer.status_code  # type: ignore[misc]  # of this one
    if "field" in told:
        error.field = str(told["field"])  # type: ignore[attr-defined]  # as InvalidInput has it
    if isinstance(told.get("retry_after"), int):
        error.retry_after = told["retry_after"]  # type: ignore[attr-defined]  # as LimitExceeded has it
    return error


def _kind_of(code: str) -> type[HoldfastError]:
    bring_in()  # the errors of every room
    return next((kind for kind in _kinds(HoldfastError) if kind.code == code), RemoteError)


def _kinds(kind: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from _kinds(inner)
