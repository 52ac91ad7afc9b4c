"""A stream of bytes cut into messages, batch headers and what lies between, in constant memory."""

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, cast

PieceKind = Literal["MSH", "FHS", "BHS", "BTS", "FTS", "between"]

_CHUNK = 1 << 20
LONGEST = 32 << 20
# A header begins a line or an MLLP block, or comes after a byte-order mark, and is followed by its separator.
_START = re.compile(rb"[\r\n\x0b\x1c\xbf]((?:MSH|[FB]HS|[FB]TS)(?![A-Za-z0-9]))")
_MARK = b"\xef\xbb\xbf"
_HEADER = 4
"""Bytes that decide whether a header begins: its name and what follows."""
_KEPT = 8
"""Bytes kept of a message that is too long, so that a header across the cut is found."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a stream. The `raw` of all pieces, joined, is the stream.

    A piece that begins with a header goes as far as the next one; the end of an MLLP block and what follows is
    "between". `number` counts messages from 1 and is 0 for other pieces. `cut`: this is part of a message longer than
    the reader takes, the first part under the header's kind and those after it as "between".
    """

    kind: PieceKind
    raw: bytes
    offset: int
    number: int = 0
    framed: bool = False
    cut: bool = False


def frame(chunks: Iterable[bytes], *, longest: int = LONGEST) -> Iterator[Piece]:
    """The pieces of a stream. `longest`: the most bytes of one message; a longer one comes as pieces that are `cut`."""
    return _Framer(longest).pieces(chunks)


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """A binary file in pieces of 1 MiB."""
    while chunk := file.read(_CHUNK):
        yield chunk


class _Framer:
    """What is known of the piece that is being collected. Its first byte is always the first of the buffer."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.kind: PieceKind = "between"
        self.offset = self.number = 0
        self.framed = self.cut = False
        self.begun = False

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        buffer, seen = b"\n", 1  # a line end before the stream, so that a header may begin it; no piece shows it
        for chunk in chunks:
            buffer += chunk
            buffer, seen = yield from self.cut_at_headers(buffer, seen, len(buffer) - _HEADER + 1)
            if len(buffer) > self.longest:
                self.cut = self.cut or self.kind != "between"
                yield from self.piece(buffer[:-_KEPT])
                self.kind = "between"
                buffer, seen = buffer[-_KEPT:], _KEPT - _HEADER + 1
        buffer, seen = yield from self.cut_at_headers(buffer, seen, len(buffer))
        yield from self.piece(buffer)

    def cut_at_headers(self, buffer: bytes, seen: int, until: int) -> Generator[Piece, None, tuple[bytes, int]]:
        """Everything before the last header that begins before `until`, as pieces; gives what is left."""
        begun = 0
        for found in _START.finditer(buffer, seen - 1):
            start = found.start(1)
            if start >= until:
                break
            if buffer[start - 1] == _MARK[-1] and buffer[start - 3 : start] != _MARK:
                continue
            yield from self.piece(buffer[begun:start])
            begun, self.kind, self.cut = start, cast(PieceKind, found[1].decode()), False
            self.number += self.kind == "MSH"
        rest = buffer[begun:]
        return rest, max(1, len(rest) - _HEADER + 1)

    def piece(self, raw: bytes) -> Iterator[Piece]:
        if not self.begun:
            raw, self.begun = raw[1:], True
        if not raw:
            return
        if self.kind == "between" or self.cut:
            yield self.made(self.kind, raw)
            return
        end = _block_end(raw)
        framed, self.framed = self.framed, False
        yield self.made(self.kind, raw[:end], framed=framed)
        if end < len(raw):
            yield self.made("between", raw[end:])

    def made(self, kind: PieceKind, raw: bytes, *, framed: bool = False) -> Piece:
        if kind == "between":
            self.framed = raw.endswith(b"\x0b")
        number = self.number if kind == "MSH" else 0
        made = Piece(kind, raw, self.offset, number, framed, self.cut)
        self.offset += len(raw)
        return made


def _block_end(raw: bytes) -> int:
    """Where the MLLP block ends: at the first FS, or before the VT that begins the next block."""
    end = raw.find(b"\x1c")
    if end >= 0:
        return end
    return len(raw) - 1 if raw.endswith(b"\x0b") else len(raw)
