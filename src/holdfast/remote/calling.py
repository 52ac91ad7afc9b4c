"""One call to a server: sent again when the line breaks, its answer made into what the library gives.

What is sent again carries the idempotency key of the first time, so that it takes effect once: the line may have broken
after the server did what was asked.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, TypeVar, get_args, get_origin
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_json

from holdfast.core.errors import InvalidInput, Unavailable
from holdfast.core.ids import new_id
from holdfast.core.pages import Page
from holdfast.core.results import ResultPage, Results
from holdfast.core.retries import retry_after
from holdfast.remote.errors import error_from

T = TypeVar("T")
JSON = {"Content-Type": "application/json"}
PART = 256 * 1024
ATTEMPTS = 5
FIRST_PAUSE = 0.1
"""Seconds before the second attempt; each pause after it is four times as long. In 8.5 in all a server restarts."""
LONGEST_PAUSE = 10.0
"""Who is told to come again later than in so many seconds gets the error, and decides."""
_AGAIN = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


class Caller:
    """Calls one server as one person."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def call(
        self,
        returns: type[T],
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        if_unchanged: Any = None,
    ) -> T:
        """Call one operation. Raises its errors as the library does, and `Unavailable` when there is no answer."""
        headers = self._headers(method)
        if if_unchanged is not None:
            headers["If-Match"] = _etag_of(if_unchanged)
        given = _without_none(body) if body is not None else None
        content = None if given is None else _in_json(given)
        answer = self._send(method, path, query, headers | (JSON if content is not None else {}), lambda: content)
        return decode(returns, answer)

    def send_data(self, returns: type[T], path: str, *, query: Mapping[str, Any], data: bytes, media_type: str) -> T:
        """Send a file that is in memory."""
        headers = {**self._headers("POST"), "Content-Type": media_type}
        return decode(returns, self._send("POST", path, query, headers, lambda: data))

    def upload(
        self,
        returns: type[T],
        path: str,
        *,
        query: Mapping[str, Any],
        file: Path | str,
        on_progress: Callable[[int, int], None] | None,
    ) -> T:
        """Send a file from disk. `on_progress(bytes sent, bytes in all)`."""
        headers = {"Content-Type": "application/octet-stream"}
        place = Path(file)
        return decode(returns, self._send("POST", path, query, headers, lambda: _parts(place, on_progress)))

    def download_lines(self, path: str, *, to: IO[str], on_progress: Callable[[int], None] | None) -> int:
        """Write the lines that the server sends: how many."""
        count = 0
        headers = self._headers("POST")
        with self._client.stream("POST", path, headers=headers, timeout=None) as answer:
            if answer.is_error:
                answer.read()
                raise error_from(answer)
            for line in answer.iter_lines():
                to.write(line + "\n")
                count += 1
                if on_progress is not None and count % 1_000 == 0:
                    on_progress(count)
        return count

    def _headers(self, method: str) -> dict[str, str]:
        """A key for what must take effect once, so that it can be sent again."""
        return {"Idempotency-Key": str(new_id())} if method in ("POST", "DELETE") else {}

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        headers: dict[str, str],
        content: Callable[[], Any],
    ) -> httpx.Response:
        params = {name: _in_query(name, value) for name, value in (query or {}).items() if value is not None}
        for attempt in range(1, ATTEMPTS + 1):
            pause = FIRST_PAUSE * 4 ** (attempt - 1)
            try:
                answer = self._client.request(method, path, params=params, headers=headers, content=content())
            except httpx.InvalidURL as error:
                longest = max(params, key=lambda name: len(params[name]), default="path")
                raise InvalidInput(f"{longest}: is longer than an address may be; shorten it", field=longest) from error
            except httpx.TransportError as error:
                if attempt == ATTEMPTS:
                    raise Unavailable(
                        f"the server does not answer ({type(error).__name__}); repeat the call"
                    ) from error
            else:
                if not answer.is_error:
                    return answer
                pause = max(pause, retry_after(answer.headers.get("retry-after")) or 0.0)
                if answer.status_code not in _AGAIN or attempt == ATTEMPTS or pause > LONGEST_PAUSE:
                    raise error_from(answer)
            time.sleep(pause * random.uniform(1.0, 1.2))  # so that not all who were cut off come back at once
        raise AssertionError("unreachable: the last attempt raises")


def place(template: str, **values: object) -> str:
    """A path with its values in place. Raises `InvalidInput` for a value that would make it another path."""
    return template.format_map({name: _segment(name, str(value)) for name, value in values.items()})


def _segment(name: str, value: str) -> str:
    if value in ("", ".", "..") or "/" in value:
        raise InvalidInput(
            f"{name}: {value!r:.80} is no name in an address; give the id, or a name without /", field=name
        )
    return quote(_sendable(name, value), safe="")


def _sendable(name: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{name}: has a lone surrogate; decode its source rightly", field=name) from error
    return value


def decode(returns: type[T], answer: httpx.Response) -> T:
    """What the answer says, as the library's type: bytes as they are, a page as the list it stands for."""
    found: Any = None
    if returns is bytes:
        found = answer.content
    elif get_origin(returns) is list:
        found = list(_adapter(Page[get_args(returns)[0]]).validate_json(answer.content).items)  # type: ignore[misc]
    elif get_origin(returns) is Results:
        page = _adapter(ResultPage[get_args(returns)[0]]).validate_json(answer.content)  # type: ignore[misc]
        found = Results(page.items, mode=page.mode, notes=page.notes)
    elif returns is not type(None):
        adapter: TypeAdapter[Any] = _adapter(returns)  # type: ignore[arg-type]  # a type can be hashed
        found = adapter.validate_json(answer.content)
    return found  # type: ignore[no-any-return]  # what the adapter of T gives


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _parts(file: Path, on_progress: Callable[[int, int], None] | None) -> Iterator[bytes]:
    total, sent = file.stat().st_size, 0
    with file.open("rb") as opened:
        while part := opened.read(PART):
            yield part
            sent += len(part)
            if on_progress is not None:
                on_progress(sent, total)


def _in_json(body: Mapping[str, Any]) -> bytes:
    for name, value in body.items():
        if any(isinstance(one, Path) for one in (value if isinstance(value, (list, tuple)) else [value])):
            raise InvalidInput(f"{name}: a server reads no file of this machine; give what is in it", field=name)
    try:
        return to_json(body)
    except PydanticSerializationError as error:
        raise InvalidInput(
            "an argument holds what JSON cannot say; give text, numbers, lists or objects", field="body"
        ) from error


def _without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _in_query(name: str, value: Any) -> str:
    try:
        text = _as_text(value)
    except (PydanticSerializationError, ValueError) as error:
        raise InvalidInput(f"{name}: holds what JSON cannot say, or is nested too deeply", field=name) from error
    return _sendable(name, text)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (datetime, timedelta)):
        return to_json(value).decode().strip('"')
    return to_json(value).decode()


def _etag_of(model: Any) -> str:
    """The validator of what was read, as the server makes it: of its JSON."""
    return f'"{hashlib.sha256(to_json(model)).hexdigest()[:32]}"'
