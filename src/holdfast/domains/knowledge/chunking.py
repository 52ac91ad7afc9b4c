"""Documents cut into pieces that are searched and cited, along the lines the document itself draws.

A piece holds whole paragraphs, list items, rows and lines of code where they fit, then whole sentences, then words;
only a word longer than a piece is cut inside. No piece goes on past a heading of level 1 or 2, unless what stands
before it is too little to be a piece of its own. A piece of prose begins with the last sentences of the one before it.
A table's header stands at the beginning of each piece of it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.core.errors import InvalidInput
from holdfast.core.settings import estimate_tokens
from holdfast.domains.knowledge.parts import Heading, Part, Splitter
from holdfast.domains.knowledge.readers.models import Block, BlockKind
from holdfast.domains.knowledge.splitting import CountTokens, sentences

SEPARATOR = " › "
_SECTION_LEVEL = 2
_TINY = 0.15
"""A section of less than this part of a piece goes on into the next one."""
_FULL = 0.5
"""At a heading below a section a piece ends when it is filled to this part."""
_HEADING_CHARS = 300
"""A longer heading is a paragraph that was marked as one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One piece of a document.

    `heading` is the path of headings above its beginning, outermost first, joined by " › "; "" before the first. It is
    not part of `text`; `indexed` puts it before the text for the index. `page` is the page on which what it adds
    begins, where the format has pages. `position` counts from 0 within the document. `tokens` are those of `text`.
    `overlap` is how many characters at the beginning of `text` repeat the end of the piece before, or the header of its
    table. `digest` is SHA-256 over heading and text, in hex: a piece that a new version of the document left alone has
    it still.
    """

    text: str
    heading: str
    page: int | None
    position: int
    tokens: int
    overlap: int
    digest: str

    @property
    def indexed(self) -> str:
        """The text with its heading before it, as the index sees it when headings are to be found."""
        return f"{self.heading}\n\n{self.text}" if self.heading else self.text


def chunk(
    blocks: Sequence[Block], *, size: int = 400, overlap: int = 60, count_tokens: CountTokens = estimate_tokens
) -> list[Piece]:
    """The pieces of a document, in order, of at most `size` tokens each; the same for the same blocks.

    `overlap` is the most tokens that a piece repeats of the one before, never more than half of `size`. The words of
    the pieces without what they repeat, and of their headings, are those of the document in their order. Raises
    `InvalidInput` for sizes that make no sense. Calls `count_tokens` about once for each paragraph (each sentence of
    one longer than a piece), and a few times for each piece.
    """
    if not 1 <= size <= 1_000_000:
        raise InvalidInput(f"size: {size!r} is not a number of tokens from 1 to 1,000,000", field="size")
    if overlap < 0:
        raise InvalidInput(f"overlap: {overlap!r} is negative", field="overlap")
    return _Cutter(size, min(overlap, size // 2), count_tokens).cut(blocks)


class _Cutter:
    """Gathers parts until a piece is full."""

    def __init__(self, size: int, overlap: int, count: CountTokens) -> None:
        self._size, self._overlap, self._count = size, overlap, count
        self._splitter = Splitter(size, count)
        self._pieces: list[Piece] = []
        self._parts: list[Part] = []
        self._tokens = 0
        self._repeated = ""  # what the piece begins with that was in the one before, and what joins it
        self._above: list[Heading] = []
        self._path = ""  # of the piece that is gathered

    def cut(self, blocks: Sequence[Block]) -> list[Piece]:
        before: BlockKind | None = None
        for block in blocks:
            if block.kind == "heading" and len(block.text) <= _HEADING_CHARS:
                self._section(block)
            else:
                glue = "\n" if before == block.kind == "row" else "\n\n"
                for part in self._splitter.block(block, glue):
                    self._add(part)
            before = block.kind
        self._lonely(0)
        while self._parts:  # what does not fit after all is the next piece
            self._flush()
        return self._pieces

    def _section(self, block: Block) -> None:
        level = block.level or 6
        self._lonely(level)
        enough = _TINY if level <= _SECTION_LEVEL else _FULL
        if self._parts and self._tokens >= self._size * enough:
            self._flush()
        heading = Heading(" ".join(block.text.split()), level, block.page)
        if self._parts:
            self._say(heading)
        self._above.append(heading)

    def _lonely(self, level: int) -> None:
        """Leave the sections of this level and below. A heading that nothing stood under is said as text."""
        kept = [heading for heading in self._above if heading.level < level]
        left = [heading for heading in self._above if heading.level >= level and not heading.said]
        self._above = kept
        for heading in left:
            self._say(heading)

    def _say(self, heading: Heading) -> None:
        """The heading as text."""
        tokens = self._count(heading.text)
        if tokens <= self._size:
            self._add(Part(heading.text, tokens, "\n\n", heading.page, heading=heading))
            return
        heading.said = True
        for part in self._splitter.prose(heading.text, "\n\n", heading.page, self._size):
            self._add(part)

    def _add(self, part: Part) -> None:
        if self._parts and self._tokens + part.tokens > self._size:
            self._flush(following=part)
        if not self._parts:
            self._begin(part)
        elif part.heading is not None:
            part.heading.said = True
        self._parts.append(part)
        self._tokens += part.tokens

    def _begin(self, part: Part) -> None:
        """The first part of a piece: from here on the headings above it are said."""
        if part.heading is not None:
            part.heading.said = True
        for heading in self._above:
            heading.said = True
        self._path = SEPARATOR.join(heading.text for heading in self._above)
        self._tokens = self._count(self._repeated) if self._repeated else 0
        if self._tokens + part.tokens > self._size:
            self._repeated, self._tokens = "", 0

    def _flush(self, following: Part | None = None) -> None:
        """The piece is complete; those of its parts that do not fit after all begin the next one."""
        late: list[Part] = []
        while self._parts and self._parts[-1].heading in self._above and following is not None:
            self._unsay(self._parts.pop())  # it will stand above what follows
        if not self._parts:
            return
        text, tokens = self._joined()
        while tokens > self._size and (self._repeated or len(self._parts) > 1):
            if self._repeated:
                self._repeated = ""
            else:
                late.insert(0, self._parts.pop())
            text, tokens = self._joined()
        self._keep(text, tokens)
        last, self._parts, self._tokens = self._parts, [], 0
        self._repeated = self._tail(last, following) if following is not None and not late else ""
        for part in late:
            self._add(part)

    @staticmethod
    def _unsay(part: Part) -> None:
        if part.heading is not None:
            part.heading.said = False

    def _joined(self) -> tuple[str, int]:
        first, *rest = self._parts
        text = self._repeated + first.text + "".join([part.glue + part.text for part in rest])
        return text, self._count(text)

    def _keep(self, text: str, tokens: int) -> None:
        digest = hashlib.sha256(f"{self._path}\0{text}".encode()).hexdigest()
        self._pieces.append(
            Piece(
                text=text,
                heading=self._path,
                page=self._parts[0].page,
                position=len(self._pieces),
                tokens=tokens,
                overlap=len(self._repeated),
                digest=digest,
            )
        )

    def _tail(self, parts: Sequence[Part], following: Part) -> str:
        """What the next piece repeats: its table's header, or the last sentences before it."""
        if following.header:
            return f"{following.header}\n"
        if not (following.prose and parts[-1].prose and self._overlap):
            return ""
        kept: list[str] = []
        tokens, glue = 0, following.glue
        for part in reversed(parts):
            if not part.prose:
                break
            for sentence, space in reversed(list(sentences(part.text))):
                tokens += self._count(sentence)
                if tokens > self._overlap:
                    return "".join(reversed(kept))
                kept += [space + glue, sentence]  # only the last sentence of a part has the glue after it
                glue = ""
            glue = part.glue
        return "".join(reversed(kept))
