"""Where bytes come from: a file, bytes, or chunks as they arrive."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import MessagesNotFound

Source = Path | bytes | Iterable[bytes]
_CHUNK = 1 << 20


def chunks_of(source: Source) -> Iterator[bytes]:
    """The bytes of a source in chunks, files 1 MiB at a time. Raises `MessagesNotFound`."""
    if isinstance(source, bytes):
        yield source
    elif isinstance(source, Path):
        if not source.is_file():
            raise MessagesNotFound(source.name)
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    else:
        yield from source
