"""PDF: the text of its pages. A PDF knows no paragraphs; they are told by where lines stand and how large they are.

Text comes in the order in which the file draws it, which for most programs that write PDF is the order of reading.
"""

import logging
import math
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from statistics import median

from pypdf import PageObject, PasswordType, PdfReader, apply_configuration
from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

from holdfast.domains.knowledge.errors import DocumentDamaged, DocumentEncrypted, DocumentTooComplex

from .models import Block, Found, Given

_LARGER = 1.12
"""A line so many times larger than most of the text is a heading."""
_HEADING_CHARS = 200
_GAP = 1.35
"""A gap so many times the usual one between lines parts paragraphs."""
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_A-Z])")
_DAMAGE = (
    PyPdfError, ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError, OSError,
    RecursionError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
"""What the parser raises for damaged files."""

_remarks = logging.getLogger("pypdf")
if (
    _remarks.level == logging.NOTSET
):  # a file can make thousands of them, with its own words; whoever wants them says so
    _remarks.setLevel(logging.CRITICAL)


def read_pdf(given: Given) -> Found:
    """Headings (by size) and paragraphs, with their pages. Pages that cannot be read are named in the metadata."""
    with apply_configuration(jbig2dec_binary=None):  # no program is started for an image nobody looks at
        reader = _opened(given)
        pages, unreadable = _pages(reader, given.limits.text_chars)
        metadata = _metadata(reader) | {"pages": len(pages), "unreadable_pages": unreadable}
    title = metadata.pop("title", None)
    return Found(blocks=list(_blocks(pages)), title=str(title) if title else None, metadata=metadata)


def _opened(given: Given) -> PdfReader:
    try:
        reader = PdfReader(BytesIO(given.data))
        if reader.is_encrypted and reader.decrypt(given.password or "") == PasswordType.NOT_DECRYPTED:
            raise DocumentEncrypted(
                "the PDF has a password; give it" if given.password is None else "the password does not open the PDF"
            )
        len(reader.pages)
    except LimitReachedError as error:
        raise _too_complex(error) from None
    except DependencyError:
        raise DocumentEncrypted("the PDF is encrypted in a way that cannot be opened; save it without") from None
    except _DAMAGE as error:
        raise DocumentDamaged(f"the PDF cannot be opened ({type(error).__name__}); save it anew") from None
    return reader


def _too_complex(error: LimitReachedError) -> DocumentTooComplex:
    return DocumentTooComplex(f"the PDF unpacks or nests beyond all measure ({type(error).__name__})")


@dataclass(slots=True)
class _Line:
    """One line of a page: its text, the height of its letters, and how high it stands, both in points."""

    text: str
    size: float
    y: float


def _pages(reader: PdfReader, most_chars: int) -> tuple[list[list[_Line]], list[int]]:
    """The lines of each page, and the numbers of the pages that cannot be read."""
    pages: list[list[_Line]] = []
    unreadable = []
    chars = 0
    for number in range(len(reader.pages)):
        try:
            lines = _lines(reader.pages[number])
        except LimitReachedError as error:
            raise _too_complex(error) from None
        except _DAMAGE:
            unreadable.append(number + 1)
            lines = []
        chars += sum(len(line.text) for line in lines)
        if chars > most_chars:
            raise DocumentTooComplex(f"holds more than {most_chars:,} characters; split it")
        pages.append(lines)
    if unreadable and len(unreadable) == len(pages):
        raise DocumentDamaged("no page of the PDF can be read; save it anew")
    return pages, unreadable


def _lines(page: PageObject) -> list[_Line]:
    lines = [_Line("", 0.0, 0.0)]

    def told(text: str, user: Sequence[float], place: Sequence[float], font: object, size: float) -> None:
        height, y = _measured(user, place, size)
        for number, piece in enumerate(text.split("\n")):
            if number:
                lines.append(_Line("", 0.0, 0.0))
            if piece.strip() and not lines[-1].text.strip():
                lines[-1].size, lines[-1].y = height, y
            lines[-1].text += piece

    page.extract_text(visitor_text=told)
    return [line for line in lines if line.text.strip()]


def _measured(user: Sequence[float], place: Sequence[float], size: float) -> tuple[float, float]:
    """The height of letters on the page, and where their line stands."""
    try:
        x, y = float(place[4]), float(place[5])
        up = float(place[1]), float(place[3])
        scale = math.hypot(
            up[0] * float(user[0]) + up[1] * float(user[2]), up[0] * float(user[1]) + up[1] * float(user[3])
        )
        height = abs(float(size) * scale)
        y = x * float(user[1]) + y * float(user[3]) + float(user[5])
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0, 0.0
    return (round(height * 2) / 2, y) if math.isfinite(height + y) and height < 10_000 else (0.0, 0.0)


def _blocks(pages: Sequence[Sequence[_Line]]) -> Iterator[Block]:
    levels = _levels(line for lines in pages for line in lines)
    for number, lines in enumerate(pages, 1):
        for group in _groups(lines, levels):
            text = _BROKEN_WORD.sub("", "\n".join(line.text.strip() for line in group))
            level = levels.get(group[0].size, 0)
            if level and len(text) <= _HEADING_CHARS:
                yield Block(text=text.replace("\n", " "), kind="heading", level=level, page=number)
            else:
                yield Block(text=text, kind="paragraph", page=number)


def _levels(lines: Iterable[_Line]) -> dict[float, int]:
    """The level of heading that each size of letters stands for: 1 for the largest of those larger than most text."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    if not sizes:
        return {}
    usual = max(sizes, key=lambda size: (sizes[size], -size))
    total = sizes.total()
    larger = sorted((size for size in sizes if size > usual * _LARGER and sizes[size] < 0.3 * total), reverse=True)
    return {size: min(level, 6) for level, size in enumerate(larger, 1)} if usual > 0 else {}


def _groups(lines: Sequence[_Line], levels: dict[float, int]) -> Iterator[list[_Line]]:
    """Lines that stand together: of one kind, and no further apart than lines usually are."""
    gaps = [first.y - second.y for first, second in pairwise(lines)]
    usual = median([gap for gap in gaps if gap > 0] or [0.0])
    group: list[_Line] = []
    for line, gap in zip(lines, [0.0, *gaps], strict=False):  # a page without lines has no gap
        if group and (
            levels.get(line.size, 0) != levels.get(group[0].size, 0)
            or (usual > 0 and gap > usual * _GAP and gap > line.size * _GAP)
            or gap < -usual  # a new column
        ):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _metadata(reader: PdfReader) -> dict[str, object]:
    """What the file says of itself, as far as that can be read."""
    try:
        found = reader.metadata
    except _DAMAGE:
        return {}
    if found is None:
        return {}
    named = {"title": "title", "author": "author", "subject": "subject", "created": "creation_date"}
    told: dict[str, object] = {}
    for name, attribute in {**named, "changed": "modification_date"}.items():
        try:
            value = getattr(found, attribute)
        except _DAMAGE:
            continue  # a date in no known form, for one
        told[name] = value.isoformat() if hasattr(value, "isoformat") else str(value) if value else None
    return told
