"""What a reader gives: the text of a document, block by block, as the document itself is structured."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "row"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One piece of a document, in reading order.

    `level` is that of a heading, 1 to 6, and 0 for everything else. `page` counts from 1, where the format has pages.
    A list has one line for each item. A table has one line for each row, cells parted by " | ", and its first line is
    its header. A row is one row of a table too long to be one block: its text is "name: value; name: value".
    """

    text: str
    kind: BlockKind
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDocument:
    """A document as it was read. `blocks` is never empty.

    `metadata` is what the file says of itself, as JSON: "author", "created" and "changed" (ISO 8601 as far as the file
    is exact), "pages", "rows", "language", "keywords", "subject", "encoding", "columns", "description": those it has.
    """

    title: str | None
    media_type: str
    blocks: tuple[Block, ...]
    metadata: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLimits:
    """How much a reader accepts before it stops believing the file."""

    document_bytes: int = 50 * 1024 * 1024
    """The largest file, in bytes."""
    unpacked_bytes: int = 200 * 1024 * 1024
    """The most a packed format (DOCX, a compressed stream in a PDF) may unpack to, in bytes."""
    ratio: int = 200
    """The most that may be packed into one byte, held against parts over 10 MiB."""
    depth: int = 200
    """How deeply elements may nest before the text inside is taken as it comes."""
    blocks: int = 1_000_000
    """The most blocks of one document."""
    text_chars: int = 100_000_000
    """The most characters of text of one document."""
    seconds: float = 120.0
    """The longest a document may take to read."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the reader of one format gets. `charset` is what was said outside of the document."""

    data: bytes
    charset: str | None
    password: str | None
    limits: ReadLimits


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the reader of one format gives: blocks as they come, to be cleaned and counted."""

    blocks: Iterable[Block]
    title: str | None = None
    metadata: dict[str, object] = field(default_factory=dict)
