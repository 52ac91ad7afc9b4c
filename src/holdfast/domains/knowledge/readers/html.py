"""HTML pages: what a reader sees of them. Scripts, styles, navigation and form controls are left out.

The parser hands over one event after another, and no tree is built: its time is in proportion to the page's size
however the page is nested (tree builders of the standard's algorithm take minutes for a megabyte of open tags).
"""

import re
from collections.abc import Mapping
from contextlib import suppress

from lxml import etree

from .decoding import declared_in, decode
from .models import Block, BlockKind, Found, Given

_LEFT_OUT = frozenset(
    "script style nav template noscript svg math iframe object embed canvas audio video head button select textarea "
    "datalist dialog".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PARTS = frozenset(
    "p div section article main aside header footer address blockquote figure figcaption fieldset legend details "
    "summary body html form hgroup search center dl dt dd ul ol li menu table caption tr hr pre".split()
) | frozenset(_HEADINGS)
_LISTS = frozenset({"ul", "ol", "menu", "dl"})
_MARKS = {"li": "- ", "dt": "- "}
_CELLS = frozenset({"td", "th"})
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_WHITE = re.compile(r"[ \t\r\n\f]+")
_META = {
    "author": "author", "description": "description", "keywords": "keywords",
    "article:published_time": "created", "article:modified_time": "changed",
}  # fmt: skip
_BREAK = "\u2028"
"""A line break that the page asks for, as told from the white space of its source."""
_FED = 64 * 1024


def read_html(given: Given) -> Found:
    """Headings, paragraphs, lists, tables and code, in the order of the page."""
    decoded = decode(given.data, given.charset or declared_in(given.data))
    page = _parsed(decoded.text)
    return Found(blocks=page.blocks, title=page.title, metadata={"encoding": decoded.encoding, **page.metadata})


def blocks_of_fragment(html: str) -> list[Block]:
    """The blocks of a piece of HTML inside another format."""
    return _parsed(html).blocks


def _parsed(html: str) -> "_Page":
    page = _Page()
    parser = etree.HTMLParser(target=page, recover=True, huge_tree=True, encoding="utf-8", no_network=True)
    data = html.replace("\0", "").encode("utf-8", "replace")
    for at in range(0, len(data), _FED):
        parser.feed(data[at : at + _FED])
    with suppress(etree.XMLSyntaxError):  # a page without any element; what there was has been told
        parser.close()
    page.end_of_page()
    return page


class _Page:
    """Takes the parser's events. Text gathers until a boundary; then it is a block, an item of a list, or in a cell."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.metadata: dict[str, object] = {}
        self.title: str | None = None
        self._text: list[str] = []
        self._left_out = 0  # elements open since the outermost one that is left out
        self._titling = False
        self._lists = self._tables = self._code = self._heading = 0
        self._mark = ""
        self._items: list[str] = []
        self._rows: list[str] = []
        self._row: list[str] = []
        self._cell: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "html" and attributes.get("lang"):
            self.metadata["language"] = attributes["lang"]
        elif tag == "meta":
            self._described(attributes)
        elif tag == "title" and self.title is None:
            self._titling, self.title = True, ""
        if self._left_out or tag in _LEFT_OUT or "hidden" in attributes or _HIDDEN.search(attributes.get("style", "")):
            self._left_out += 1
        elif tag == "br":
            self._text.append("\n" if self._code else _BREAK)
        elif tag in _PARTS:
            self._boundary()
            self._opened(tag)

    def end(self, tag: str) -> None:
        if tag == "title":
            self._titling = False
        if self._left_out:
            self._left_out -= 1
        elif tag in _CELLS:
            self._boundary()
            self._row.append(" ".join(self._cell))
            self._cell = []
        elif tag in _PARTS:
            self._boundary()
            self._closed(tag)

    def data(self, text: str) -> None:
        if self._titling:
            self.title = (self.title or "") + text
        elif not self._left_out:
            self._text.append(text)

    def comment(self, text: str) -> None:
        """Nothing that a reader sees."""

    def close(self) -> None:
        """The end of the events."""

    def end_of_page(self) -> None:
        """What is still open ends here."""
        self._boundary()
        self._end_of_row()
        self._end_of_list()
        self._end_of_table()
        self.title = " ".join((self.title or "").split()) or None

    def _described(self, attributes: Mapping[str, str]) -> None:
        name = _META.get((attributes.get("name") or attributes.get("property") or "").lower())
        if name is not None and attributes.get("content"):
            self.metadata.setdefault(name, attributes["content"])

    def _opened(self, tag: str) -> None:
        if tag in _LISTS:
            self._lists += 1
        elif tag in _MARKS:
            self._mark = _MARKS[tag]
        elif tag == "table":
            self._end_of_list()
            self._tables += 1
        elif tag == "pre" or tag in _HEADINGS:
            self._end_of_list()
            self._code += tag == "pre"
            self._heading = _HEADINGS.get(tag, 0)

    def _closed(self, tag: str) -> None:
        if tag in _LISTS:
            self._lists = max(0, self._lists - 1)
            if not self._lists:
                self._end_of_list()
        elif tag == "tr" and self._tables == 1:
            self._end_of_row()
        elif tag == "caption" and self._tables == 1:
            self._add(" ".join(self._cell), "paragraph")  # before the table: its first line is the header
            self._cell = []
        elif tag == "table":
            self._tables = max(0, self._tables - 1)
            if not self._tables:
                self._end_of_row()
                self._end_of_table()
        elif tag == "pre":
            self._code = max(0, self._code - 1)
        elif tag in _HEADINGS:
            self._heading = 0

    def _boundary(self) -> None:
        """The text since the last boundary goes where it belongs."""
        said, self._text = "".join(self._text), []
        if not said or said.isspace():
            return
        text = _squeezed(said)
        if self._tables:
            self._cell.append(text.replace("\n", " "))
        elif self._code:
            self._add(said, "code")
        elif self._heading:
            self._add(text.replace("\n", " "), "heading", self._heading)
        elif self._lists:
            indent = "  " * (self._lists - 1)
            self._items.append(f"{indent}{self._mark or '  '}{text}")
            self._mark = ""
        else:
            self._add(text, "paragraph")

    def _end_of_list(self) -> None:
        if self._items:
            self._add("\n".join(self._items), "list")
            self._items = []

    def _end_of_row(self) -> None:
        row, self._row = [*self._row, *self._cell], []
        self._cell = []
        if any(row):
            self._rows.append(" | ".join(row))

    def _end_of_table(self) -> None:
        if self._rows:
            self._add("\n".join(self._rows), "table")
            self._rows = []

    def _add(self, text: str, kind: BlockKind, level: int = 0) -> None:
        if text:
            self.blocks.append(Block(text=text, kind=kind, level=level))


def _squeezed(text: str) -> str:
    """White space as a browser shows it. A line feed from here on is one that the page asked for."""
    return "\n".join(filter(None, (_WHITE.sub(" ", line).strip() for line in text.split(_BREAK))))
