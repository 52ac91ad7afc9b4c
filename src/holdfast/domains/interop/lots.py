"""Messages on their way to an analysis: lots of about 1 MiB, each of whole messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.core.errors import InvalidInput

from .hl7.reading import pieces_of
from .profiles.standards import HL7V2, Standard
from .sources import chunks_of

LOT = 1 << 20
LONGEST = 50 << 20
"""The most bytes of one source of a standard whose sources are not cut."""

Given = str | bytes | Path | Sequence[str | bytes | Path]


@dataclass(frozen=True)
class Lot:
    """Whole messages, as they were sent. `messages`: how many begin in it, where it was cut; 1 where it was not."""

    content: bytes = field(repr=False)
    messages: int


def sources_of(given: Given) -> list[bytes | Path]:
    """Texts, bytes and paths of files, one after another. Raises `InvalidInput` for anything else, and for nothing."""
    several = [given] if isinstance(given, (str, bytes, Path)) else given
    if not isinstance(several, Sequence) or not several:
        raise InvalidInput("messages: give texts, bytes or paths of files, at least one", field="messages")
    return [_source(one) for one in several]


def _source(one: object) -> bytes | Path:
    if isinstance(one, str):
        return one.encode("utf-8", "surrogateescape")
    if isinstance(one, (bytes, Path)):
        return one
    raise InvalidInput(f"messages: {type(one).__name__} is no text, no bytes and no path", field="messages")


def lots_of(given: Given, standard: Standard) -> Iterator[Lot]:
    """The lots of everything given. Raises `MessagesNotFound`, `InvalidInput`."""
    for source in sources_of(given):
        yield from _cut(source) if standard == HL7V2 else [_whole(source)]


def _cut(source: bytes | Path) -> Iterator[Lot]:
    """A stream cut where a message begins, together with what goes before it (the beginning of an MLLP block)."""
    parts, size, messages, after_gap = list[bytes](), 0, 0, False
    for piece in pieces_of(source):
        if size >= LOT and (piece.kind == "between" or (piece.kind == "MSH" and not after_gap)):
            yield Lot(b"".join(parts), messages)
            parts, size, messages = [], 0, 0
        parts.append(piece.raw)
        size += len(piece.raw)
        messages += piece.kind == "MSH"
        after_gap = piece.kind == "between"
    if parts:
        yield Lot(b"".join(parts), messages)


def _whole(source: bytes | Path) -> Lot:
    content, parts = 0, list[bytes]()
    for chunk in chunks_of(source):
        content += len(chunk)
        if content > LONGEST:
            raise InvalidInput(f"messages: a source of more than {LONGEST} bytes; give it in parts", field="messages")
        parts.append(chunk)
    return Lot(b"".join(parts), 1)
