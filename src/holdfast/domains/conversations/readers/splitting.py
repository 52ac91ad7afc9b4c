"""Cutting a stream of bytes into its conversations, before any of them is parsed.

Only quotes and brackets are looked at. So one conversation at a time is in memory, and one that is damaged, too deep or
too large is left out alone: the next one starts where its brackets close.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from .models import ReadLimits

# "array": one JSON array of conversations. "lines": one in each line. "values": one after another, often a single one.
Shape = Literal["array", "lines", "values"]

# Always matches where it stands: up to the next bracket outside a string (1), or, when there is none, up to the end,
# which may be inside a string (2).
_BRACKET = re.compile(rb'[^"\[\]{}]*+(?:"(?:[^"\\]++|\\.)*+"[^"\[\]{}]*+)*+(?:([\[\]{}])|(".*+)?+\Z)', re.DOTALL)
_STRING_END = re.compile(rb'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_OPENING = frozenset(b"[{")
# Enough of a conversation that cannot be read whole to tell which format it is in.
_HEAD = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class RawItem:
    """One conversation, still bytes. `where` continues the file's name to a place: `[3]`, `:17`, ` byte 900`.

    With a `problem` it cannot be read, and `data` holds at most its beginning.
    """

    where: str
    offset: int
    data: bytes
    problem: str | None = None


class Splitter(Protocol):
    """Takes the file in chunks and gives the conversations that each completes."""

    def feed(self, chunk: bytes) -> Iterator[RawItem]:
        """The conversations that end in this chunk."""

    def finish(self) -> Iterator[RawItem]:
        """What is left when the file ends."""


def splitter(shape: Shape, limits: ReadLimits, offset: int) -> Splitter:
    """The splitter for a file of that shape. `offset` is where the first chunk begins: after an array's bracket."""
    if shape == "lines":
        return _LineSplitter(limits, offset)
    return _ValueSplitter(limits, offset, array=shape == "array")


class _ValueSplitter:
    def __init__(self, limits: ReadLimits, offset: int, *, array: bool) -> None:
        self._brackets = _Brackets()
        self._item = _Item(limits, offset)
        self._read = offset
        self._array = array
        self._closed = not array
        self._separators = b" \t\r\n," if array else b" \t\r\n"
        self._stray = b""
        self._count = 0
        self._depth = 0

    def feed(self, chunk: bytes) -> Iterator[RawItem]:
        chunk = self._brackets.whole_escapes(chunk)
        taken = 0
        for end, opens in self._brackets.of(chunk):
            if opens:
                if self._depth == 0:
                    yield from self._between(chunk[taken : end - 1])
                    taken = end - 1
                    self._item.begin(self._read + taken)
                self._depth += 1
                self._item.deepest = max(self._item.deepest, self._depth)
            elif self._depth > 1:
                self._depth -= 1
            else:
                yield from self._closing(chunk[taken:end])
                taken = end
        self._keep(chunk[taken:])
        self._read += len(chunk)

    def finish(self) -> Iterator[RawItem]:
        place = f" byte {self._read}"
        if self._depth > 0:
            yield self._item.raw(self._where() + place, "the file ends inside this conversation")
        elif not self._closed:
            yield RawItem(where=place, offset=self._read, data=b"", problem="the file ends before its list does")
        else:
            yield from self._between(b"")

    def _where(self) -> str:
        return f"[{self._count}]" if self._array or self._count else ""

    def _closing(self, piece: bytes) -> Iterator[RawItem]:
        if self._depth == 1:
            self._item.add(piece)
            yield self._item.raw(self._where())
            self._count += 1
            self._depth = 0
        else:
            # The first closes the list itself; any further one is stray, like other text between conversations.
            yield from self._between(piece if self._closed else piece[:-1])
            self._closed = True

    def _between(self, piece: bytes) -> Iterator[RawItem]:
        stray = (self._stray + piece).strip(self._separators)
        self._stray = b""
        if stray:
            problem = "text between the conversations that is none"
            yield RawItem(where=f" before item {self._count}", offset=self._read, data=b"", problem=problem)

    def _keep(self, rest: bytes) -> None:
        if self._depth > 0:
            self._item.add(rest)
        else:
            self._stray = (self._stray + rest).lstrip(self._separators)[:_HEAD]


class _LineSplitter:
    def __init__(self, limits: ReadLimits, offset: int) -> None:
        self._limits = limits
        self._item = _Item(limits, offset)
        self._next = offset
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[RawItem]:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._item.add(end)
            yield from self._line()
        self._item.add(rest)

    def finish(self) -> Iterator[RawItem]:
        yield from self._line()

    def _line(self) -> Iterator[RawItem]:
        self._number += 1
        self._item.deepest = nesting(self._item.data(), self._limits.max_depth)
        raw = self._item.raw(f":{self._number}")
        self._next += self._item.size + 1
        self._item.begin(self._next)
        if raw.data.strip():
            yield raw


class _Item:
    """The bytes of one conversation as they arrive; only its beginning once it is past a limit."""

    def __init__(self, limits: ReadLimits, offset: int) -> None:
        self._limits = limits
        self.begin(offset)

    def begin(self, offset: int) -> None:
        self._offset = offset
        self._pieces: list[bytes] = []
        self.size = 0
        self.deepest = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._pieces.append(piece)
        if self._excess() is not None:
            self._pieces = [self.data()[:_HEAD]]

    def data(self) -> bytes:
        return b"".join(self._pieces)

    def raw(self, where: str, problem: str | None = None) -> RawItem:
        problem = problem or self._excess()
        data = self.data() if problem is None else self.data()[:_HEAD]
        return RawItem(where=where, offset=self._offset, data=data, problem=problem)

    def _excess(self) -> str | None:
        limits = self._limits
        if self.deepest > limits.max_depth:
            return f"it nests more than {limits.max_depth} levels deep"
        if self.size > limits.max_conversation_bytes:
            return f"it is larger than {limits.max_conversation_bytes} bytes"
        return None


class _Brackets:
    """Finds the brackets outside strings, across chunks."""

    def __init__(self) -> None:
        self._in_string = False
        self._held = b""

    def whole_escapes(self, chunk: bytes) -> bytes:
        """The chunk without a backslash at its end that belongs to what follows; that comes with the next chunk."""
        chunk = self._held + chunk
        odd = (len(chunk) - len(chunk.rstrip(b"\\"))) % 2
        self._held = b"\\" * odd
        return chunk[: len(chunk) - odd]

    def of(self, chunk: bytes) -> Iterator[tuple[int, bool]]:
        """Where each bracket ends, and whether it opens."""
        start = 0
        if self._in_string:
            closing = _STRING_END.match(chunk)
            if closing is None:
                return
            start = closing.end()
        self._in_string = False
        for match in _BRACKET.finditer(chunk, start):
            if match.lastindex == 1:
                end = match.end()
                yield end, chunk[end - 1] in _OPENING
            elif match.lastindex == 2:
                self._in_string = True


def nesting(data: bytes, limit: int) -> int:
    """How deep the brackets of one value nest; counting stops one past the limit."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return 0
    depth = deepest = 0
    for _, opens in _Brackets().of(data):
        depth += 1 if opens else -1
        deepest = max(deepest, depth)
        if deepest > limit:
            break
    return deepest


def balanced(data: bytes) -> bool:
    """Whether as many brackets close as open."""
    return sum(1 if opens else -1 for _, opens in _Brackets().of(data)) == 0
