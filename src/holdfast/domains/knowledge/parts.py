"""Blocks of a document split into the stretches that its pieces are put together of."""

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.domains.knowledge.readers.models import Block, BlockKind
from holdfast.domains.knowledge.splitting import CountTokens, cut_long, sentences

_HEADER_SHARE = 0.25
"""A table's header longer than this part of a piece is not repeated."""
_WHOLE_LINES: frozenset[BlockKind] = frozenset({"list", "table", "code"})


@dataclass(slots=True, eq=False)
class Heading:
    """A heading above what is cut. `said`: it is in the path or the text of a piece."""

    text: str
    level: int
    page: int | None
    said: bool = False


@dataclass(slots=True)
class Part:
    """A stretch of text that is kept whole: a paragraph, a sentence, a row. `glue` joins it to the part before it."""

    text: str
    tokens: int
    glue: str
    page: int | None
    prose: bool = False
    header: str = ""
    heading: Heading | None = None


class Splitter:
    """Splits what is longer than a piece, where the text itself draws a line."""

    def __init__(self, size: int, count: CountTokens) -> None:
        self._size, self._count = size, count

    def block(self, block: Block, glue: str) -> Iterator[Part]:
        """The block whole when it fits a piece, or what it is made of."""
        tokens = self._count(block.text)
        if tokens <= self._size:
            yield Part(block.text, tokens, glue, block.page, prose=block.kind in ("paragraph", "heading"))
        elif block.kind in _WHOLE_LINES:
            yield from self._lines(block, glue)
        else:
            yield from self.prose(block.text, glue, block.page, self._size)

    def _lines(self, block: Block, glue: str) -> Iterator[Part]:
        lines = block.text.split("\n")
        header = lines[0] if block.kind == "table" else ""
        if header and self._count(header) > self._size * _HEADER_SHARE:
            header = ""
        room = self._size - (self._count(f"{header}\n") if header else 0)
        for number, line in enumerate(lines):
            if not line.strip():
                glue += "\n"
                continue
            for part in self.prose(line, glue, block.page, room):
                part.header, part.prose = header if number else "", False
                yield part
            glue = "\n"

    def prose(self, text: str, glue: str, page: int | None, room: int) -> Iterator[Part]:
        """Sentences; the stretches of one that is too long."""
        whole = self._count(text)
        if whole <= room:
            yield Part(text, whole, glue, page, prose=True)
            return
        for sentence, space in sentences(text):
            tokens = self._count(sentence)
            if tokens <= room:
                yield Part(sentence, tokens, glue, page, prose=True)
            else:
                for stretch, between in cut_long(sentence, tokens, room, self._count):
                    yield Part(stretch, self._count(stretch), glue, page, prose=True)
                    glue = between
            glue = space
