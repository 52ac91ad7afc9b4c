"""Markdown as CommonMark has it, with tables: what is read, without its marks."""

import re
from collections.abc import Iterator, Sequence
from itertools import count

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .decoding import decode
from .models import Block, Found, Given
from .plain import paragraphs

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^([A-Za-z][\w -]{0,40}):[ \t]*(\S.*)$", re.MULTILINE)
_FRONT_CHARS = 64 * 1024
_NAMES = {
    "author": "author", "date": "created", "created": "created", "updated": "changed", "lang": "language",
    "description": "description", "summary": "description", "keywords": "keywords", "tags": "keywords",
}  # fmt: skip
_NESTING = 100
"""Beyond it the parser drops text; a document that nests so deeply is read as plain text."""
_parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])


def read_markdown(given: Given) -> Found:
    """Headings, paragraphs, lists, tables and code. Fields of its front matter are metadata."""
    decoded = decode(given.data, given.charset)
    text = re.sub("\r\n?", "\n", decoded.text)
    front = _FRONT.match(text[:_FRONT_CHARS])
    fields = _fields(front[1]) if front else {}
    body = text[front.end() :] if front else text
    tokens = _parser.parse(body)
    deep = any(token.level >= _NESTING - 1 for token in tokens)
    title = fields.pop("title", None)
    return Found(
        blocks=paragraphs(body) if deep else _Blocks(tokens).read(),
        title=title,
        metadata={"encoding": decoded.encoding, **fields},
    )


def _fields(front: str) -> dict[str, str]:
    """The plain fields of the front matter that are metadata; lists in brackets stay as they are written."""
    found = {match[1].lower(): match[2].strip().strip("'\"") for match in _FIELD.finditer(front)}
    named = {_NAMES[name]: value for name, value in found.items() if name in _NAMES}
    return named | ({"title": found["title"]} if "title" in found else {})


class _Blocks:
    """Tokens read from the first to the last."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def read(self) -> Iterator[Block]:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == "heading_open":
                yield Block(text=self._inline().replace("\n", " "), kind="heading", level=int(token.tag[1]))
            elif token.type == "paragraph_open":
                yield Block(text=self._inline(), kind="paragraph")
            elif token.type in ("fence", "code_block"):
                yield Block(text=token.content, kind="code")
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                yield from self._list(token.level, self._counter(token), 0)
            elif token.type == "table_open":
                yield Block(text="\n".join(self._rows()), kind="table")
            elif token.type == "html_block":
                yield from _html(token.content)

    def _inline(self) -> str:
        token = self._tokens[self._at]
        return text_of(token)

    @staticmethod
    def _counter(token: Token) -> "count[int] | None":
        return count(int(token.attrGet("start") or 1)) if token.type == "ordered_list_open" else None

    def _list(self, level: int, counter: "count[int] | None", depth: int) -> Iterator[Block]:
        """The list that was opened. Code and tables inside part it: they are blocks of their own."""
        lines: list[str] = []
        open_lists = [counter]
        mark = ""
        while open_lists and self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type in ("bullet_list_open", "ordered_list_open"):
                open_lists.append(self._counter(token))
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                open_lists.pop()
            elif token.type == "list_item_open":
                numbers = open_lists[-1]
                mark = "- " if numbers is None else f"{next(numbers)}. "
            elif token.type == "inline":
                lines += _item(text_of(token), mark, "  " * (len(open_lists) - 1))
                mark = ""
            elif token.type in ("fence", "code_block", "table_open", "html_block"):
                if lines:
                    yield Block(text="\n".join(lines), kind="list")
                    lines = []
                yield from self._inside(token)
        if lines:
            yield Block(text="\n".join(lines), kind="list")

    def _inside(self, token: Token) -> Iterator[Block]:
        if token.type == "table_open":
            yield Block(text="\n".join(self._rows()), kind="table")
        elif token.type == "html_block":
            yield from _html(token.content)
        else:
            yield Block(text=token.content, kind="code")

    def _rows(self) -> Iterator[str]:
        cells: list[str] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == "inline":
                cells.append(text_of(token).replace("\n", " "))
            elif token.type == "tr_close":
                yield " | ".join(cells)
                cells = []
            elif token.type == "table_close":
                return


def _item(text: str, mark: str, indent: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"{indent}{mark or '  '}{first}", *(f"{indent}  {line}" for line in rest)]


def text_of(token: Token) -> str:
    """What is read of an inline token: link texts and the texts of images, without addresses and tags."""
    return "".join(_texts(token.children or []))


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak") or (
            token.type == "html_inline" and token.content.startswith("<br")
        ):
            yield "\n"
        elif token.type == "image":
            yield text_of(token)


def _html(content: str) -> list[Block]:
    from .html import blocks_of_fragment  # its library is needed by few Markdown files

    return blocks_of_fragment(content)
