"""Request bodies: read within their limits of size and time, or not at all."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from holdfast.faces.http.answers import JSON
from holdfast.faces.http.incoming import Incoming
from holdfast.faces.http.problems import BodyTooLarge, RequestTooSlow, UnsupportedMediaType

Receive = Callable[[], Awaitable[Any]]
DEFAULT_TYPE = "application/octet-stream"


class ClientGone(Exception):  # nobody is left to be told
    """The client left before its request was whole."""


def check_is_json(incoming: Incoming) -> None:
    """Raise `UnsupportedMediaType` unless the body is said to be JSON."""
    given = incoming.header(b"content-type")
    if given is None:
        if incoming.length or b"transfer-encoding" in incoming.headers:
            raise UnsupportedMediaType("(none)", JSON)
        return
    kind, _, options = given.partition(";")
    charset = options.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != JSON or charset not in ("", "utf-8"):
        raise UnsupportedMediaType(given, JSON)


def media_type(incoming: Incoming) -> str:
    """The type of a body that is not JSON."""
    return (incoming.header(b"content-type") or DEFAULT_TYPE).partition(";")[0].strip().lower()


async def read(receive: Receive, incoming: Incoming, *, most: int, seconds: float) -> bytes:
    """The whole body. Raises `BodyTooLarge`, `RequestTooSlow`, `ClientGone`."""
    _check_length(incoming, most)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body") and len(message["body"]) <= most:
        return message["body"]  # type: ignore[no-any-return]  # bytes, by ASGI; the common case costs no timer
    parts = [part async for part in _parts(message, receive, most=most, seconds=seconds)]
    return b"".join(parts)


@contextmanager
def upload() -> Iterator[BinaryIO]:
    """A temporary file, taken away afterwards. Reports name it, so its name says what it is to who sent it."""
    with tempfile.TemporaryDirectory(prefix="holdfast-upload-") as folder:
        with (Path(folder) / "upload").open("w+b") as file:
            yield file


async def save(receive: Receive, incoming: Incoming, file: BinaryIO, *, most: int, seconds: float) -> Path:
    """The whole body, in `file`: it never is in memory. Raises as `read` does."""
    _check_length(incoming, most)
    loop = asyncio.get_running_loop()
    async for part in _parts(await receive(), receive, most=most, seconds=seconds):
        await loop.run_in_executor(None, file.write, part)
    file.flush()
    return Path(file.name)


def _check_length(incoming: Incoming, most: int) -> None:
    if incoming.length is not None and incoming.length > most:
        raise BodyTooLarge(most)


async def _parts(message: Any, receive: Receive, *, most: int, seconds: float) -> AsyncIterator[bytes]:
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                if message["type"] == "http.disconnect":
                    raise ClientGone
                size += len(message["body"])
                if size > most:
                    raise BodyTooLarge(most)
                yield message["body"]
                if not message.get("more_body"):
                    return
                message = await receive()
    except TimeoutError:
        raise RequestTooSlow(seconds) from None
