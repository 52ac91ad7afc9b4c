"""DOCX: a zip archive of XML, read with its styles. Headers, footers and what was struck out are left out.

Before anything is unpacked the archive's own list is held against the limits; what an entry holds beyond what the list
says is never read. XML with a document type definition, which Word does not write, is refused: nothing in it expands.
"""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import groupby

from docx import Document
from docx.document import Document as Opened
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from lxml import etree

from holdfast.domains.knowledge.errors import DocumentDamaged, DocumentTooComplex

from .models import Block, BlockKind, Found, Given, ReadLimits

_RATIO_FROM = 10 * 1024 * 1024
_PARTS = 10_000
_P, _TBL, _TR, _TC = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_T, _TAB, _BR, _CR, _HYPHEN = qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr"), qn("w:noBreakHyphen")
_LEFT_OUT = frozenset({qn("w:del"), qn("w:moveFrom"), qn("w:rPr"), qn("w:pPr"), qn("w:instrText")}) | {
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # what follows says the same again
}
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_DOCTYPE = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T\0?Y\0?P\0?E|<\0?!\0?E\0?N\0?T\0?I\0?T\0?Y")
_DAMAGE = (
    OpcError, etree.LxmlError, zipfile.BadZipFile, AssertionError, AttributeError, EOFError, LookupError,
    NotImplementedError, OSError, TypeError, ValueError,
)  # fmt: skip
"""What the libraries raise for damaged files."""


def read_docx(given: Given) -> Found:
    """Headings and lists by their styles, paragraphs, tables; footnotes at the end."""
    _check_archive(given.data, given.limits)
    try:
        document = Document(BytesIO(given.data))
        styles = _styles(document)
        blocks = [*_blocks(document.element.body, styles, _numbered(document)), *_notes(document)]
        metadata = _metadata(document)
    except _DAMAGE as error:
        raise DocumentDamaged(f"the DOCX cannot be read ({type(error).__name__}); save it anew") from None
    title = metadata.pop("title", None)
    return Found(blocks=blocks, title=str(title) if title else None, metadata=metadata)


def _check_archive(data: bytes, limits: ReadLimits) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_sizes(parts, limits)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and _DOCTYPE.search(archive.read(part)):
                    raise DocumentDamaged("the DOCX defines entities in its XML, which Word does not write")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, RecursionError):
            raise
        raise DocumentDamaged(f"the DOCX cannot be unpacked ({type(error).__name__}); save it anew") from None


def _check_sizes(parts: Iterable[zipfile.ZipInfo], limits: ReadLimits) -> None:
    total = 0
    for count, part in enumerate(parts, 1):
        total += part.file_size
        if total > limits.unpacked_bytes or count > _PARTS:
            raise DocumentTooComplex(
                f"unpacks to more than {limits.unpacked_bytes:,} bytes (limits.unpacked_bytes) or {_PARTS:,} parts"
            )
        if part.file_size > _RATIO_FROM and part.file_size > part.compress_size * limits.ratio:
            raise DocumentTooComplex(f"has a part that unpacks to more than {limits.ratio} times its size")


def _styles(document: Opened) -> dict[str, str]:
    """The names of the styles, by their ids; that of the default paragraph has the id ""."""
    return {style.style_id: style.name or "" for style in document.styles}


def _numbered(document: Opened) -> frozenset[str]:
    """The ids of styles that make a list of their paragraphs."""
    found = document.styles.element.xpath("./w:style[w:pPr/w:numPr]/@w:styleId")
    return frozenset(str(name) for name in found)


def _blocks(body: etree._Element, styles: dict[str, str], numbered: frozenset[str]) -> Iterator[Block]:
    """Blocks of the body; list items that follow each other are one."""
    parts = (_part(element, styles, numbered) for element in _elements(body))
    said = (block for block in parts if block is not None and block.text.strip())
    for kind, group in groupby(said, key=lambda block: block.kind):
        if kind in ("list", "code"):
            yield Block(text="\n".join(block.text for block in group), kind=kind)
        else:
            yield from group


def _elements(body: etree._Element) -> Iterator[etree._Element]:
    """Paragraphs and tables in their order, those in content controls too; not those inside of tables."""
    for element in body:
        if element.tag in (_P, _TBL):
            yield element
        elif isinstance(element.tag, str) and element.tag not in _LEFT_OUT:
            yield from _elements(element)


def _part(element: etree._Element, styles: dict[str, str], numbered: frozenset[str]) -> Block | None:
    if element.tag == _TBL:
        return Block(text="\n".join(_rows(element)), kind="table")
    style_id = element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    name = style_id.get(qn("w:val"), "") if style_id is not None else ""
    style = styles.get(name, name).lower()
    if style.startswith("toc "):
        return None  # a table of contents says again what the headings say
    text = _text(element)
    heading = _HEADING.fullmatch(style)
    if style == "title" or heading:
        level = min(max(int(heading[1]), 1), 6) if heading else 1
        return Block(text=text.replace("\n", " "), kind="heading", level=level)
    if name in numbered or style.startswith("list ") or element.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None:
        return Block(text=f"{'  ' * _depth(element)}- {text}", kind="list") if text.strip() else None
    kind: BlockKind = "code" if style in ("html preformatted", "plain text", "code", "source code") else "paragraph"
    return Block(text=text, kind=kind)


def _depth(element: etree._Element) -> int:
    """How deeply a list item is nested."""
    level = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}/{qn('w:ilvl')}")
    said = "0" if level is None else level.get(qn("w:val"), "0")
    return min(int(said), 8) if said.isascii() and said.isdigit() else 0


def _rows(table: etree._Element) -> Iterator[str]:
    """One line for each row. Tables inside cells are part of the cell's text."""
    for row in _inside(table, _TR):
        cells = [" ".join(_text(paragraph) for paragraph in cell.iter(_P)) for cell in _inside(row, _TC)]
        if any(cell.strip() for cell in cells):
            yield " | ".join(" ".join(cell.split()) for cell in cells)


def _inside(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The rows of a table or the cells of a row, through what Word wraps around them."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in (_P, _TBL, _TC) and isinstance(child.tag, str):
            yield from _inside(child, tag)


_SAID = {_TAB: "\t", _BR: "\n", _CR: "\n", _HYPHEN: "-"}


def _text(paragraph: etree._Element) -> str:
    """The text of a paragraph, links, insertions and text boxes with it."""
    return "".join(_texts(paragraph))


def _texts(element: etree._Element) -> Iterator[str]:
    for child in element:
        if child.tag == _T:
            yield child.text or ""
        elif child.tag in _SAID:
            yield _SAID[child.tag]
        elif child.tag not in _LEFT_OUT and isinstance(child.tag, str):
            yield from _texts(child)


def _notes(document: Opened) -> Iterator[Block]:
    """Footnotes and endnotes."""
    for relation in document.part.rels.values():
        if relation.is_external or not relation.reltype.endswith(("/footnotes", "/endnotes")):
            continue
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        notes = etree.fromstring(relation.target_part.blob, parser)
        for note in notes:
            text = "\n".join(_text(paragraph) for paragraph in note.iter(_P))
            if text.strip():
                yield Block(text=text.strip(), kind="paragraph")


def _metadata(document: Opened) -> dict[str, object]:
    told = document.core_properties
    return {
        "title": told.title,
        "author": told.author,
        "subject": told.subject,
        "keywords": told.keywords,
        "language": told.language,
        "description": told.comments,
        "created": None if told.created is None else told.created.isoformat(),
        "changed": None if told.modified is None else told.modified.isoformat(),
    }
