"""Messages and problems of a file, a stream or bytes, in order, in constant memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from holdfast.domains.interop.errors import MessagesNotFound
from holdfast.domains.interop.problems import Problem

from .batches import Batches
from .framing import LONGEST, Piece, chunks_of, frame
from .messages import Message, parse

Source = Path | bytes | Iterable[bytes]
_BLANK = b"\r\n\t \x0b\x1c\x1a\xef\xbb\xbf"


def read(source: Source, *, longest: int = LONGEST) -> Iterator[Message | Problem]:
    """Every message of a source, and what is malformed around and in them.

    `source`: the path of a file, the bytes themselves, or chunks of them as they come. A message of more than `longest`
    bytes is reported, not read. What is wrong in a message follows it. Raises `MessagesNotFound`.
    """
    batches = Batches()
    for piece in pieces_of(source, longest=longest):
        found = read_piece(piece, batches)
        if isinstance(found, Message):
            yield found
            yield from found.problems
        else:
            yield from found
    yield from batches.end()


def pieces_of(source: Source, *, longest: int = LONGEST) -> Iterator[Piece]:
    """The pieces of a source; joined they are the source. Raises `MessagesNotFound`."""
    if isinstance(source, bytes):
        yield from frame([source], longest=longest)
    elif isinstance(source, Path):
        if not source.is_file():
            raise MessagesNotFound(source.name)
        with source.open("rb") as file:
            yield from frame(chunks_of(file), longest=longest)
    else:
        yield from frame(source, longest=longest)


def read_piece(piece: Piece, batches: Batches) -> Message | list[Problem]:
    """The message of a piece, or what is to be said about it."""
    if piece.cut:
        first = piece.kind != "between"
        return (
            [Problem("too_long", "the message is longer than the reader takes", piece.number or None)] if first else []
        )
    if piece.kind == "MSH":
        batches.message()
        found = parse(piece.raw, piece.number, framed=piece.framed)
        return found if isinstance(found, Message) else [found]
    if piece.kind != "between":
        return batches.header(piece)
    if piece.raw.strip(_BLANK):
        return [Problem("no_header", "lines that belong to no message", offset=piece.offset)]
    return []
