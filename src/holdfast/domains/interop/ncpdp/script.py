"""NCPDP SCRIPT: messages in XML, one to a file or one after another.

Read by expat, as the standard library has it. A document type declaration ends the reading at once, before anything in
it counts, so that there are no entities but the five of XML itself, and nothing is ever fetched.
"""

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from holdfast.domains.interop.problems import Problem, ProblemKind
from holdfast.domains.interop.sources import Source, chunks_of
from holdfast.domains.interop.trees import DEEPEST, Tree, TreePiece

from .messages import NcpdpMessage

LONGEST = 32 << 20
_ROOT = "Message"
_END = re.compile(rb"</(?:[A-Za-z_][\w.-]{0,64}:)?Message\s*>")
_KEPT = 128
"""Bytes looked at again when more come: an end tag may lie across the cut."""
_BLANK = b" \t\r\n\x00\xef\xbb\xbf"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_VERSION = re.compile(r"\d{1,3}(?:\.\d{1,3})?|20\d{5}|\d{6,7}")
_BODIES = frozenset({"Body"})
_SAYS: dict[str, str] = {
    "xml_malformed": "this is no XML",
    "dtd_refused": "the document declares a type (DTD), which is not read",
    "too_long": "the message is longer than the reader takes",
    "too_deep": "there are more elements within each other than are read",
}


def read_script(source: Source, *, longest: int = LONGEST) -> Iterator[NcpdpMessage | Problem]:
    """Every message of a source, and what is malformed, in order, in constant memory. Raises `MessagesNotFound`."""
    for piece in script_pieces(source, longest=longest):
        if isinstance(piece.message, NcpdpMessage):
            yield piece.message
            yield from piece.message.problems
        yield from piece.problems


def script_pieces(source: Source, *, longest: int = LONGEST) -> Iterator[TreePiece]:
    """The pieces of a source; joined they are the source. Raises `MessagesNotFound`.

    A message ends with `</Message>`; its declaration and the comments before it are part of it.
    """
    offset = number = 0
    for found, whole in _documents(source, longest):
        raw = found.lstrip(_BLANK)
        if len(raw) < len(found):
            yield TreePiece(found[: len(found) - len(raw)], offset)
            offset += len(found) - len(raw)
        if not raw:
            continue
        if not whole:
            number += 1
            yield TreePiece(raw, offset, None, (Problem("too_long", _SAYS["too_long"], number, offset=offset),))
        else:
            number += 1
            yield _piece(raw, offset, number)
        offset += len(raw)


def _documents(source: Source, longest: int) -> Iterator[tuple[bytes, bool]]:
    """The bytes up to each end of a message; False for what is longer than may be."""
    buffer, seen = b"", 0
    for chunk in chunks_of(source):
        buffer += chunk
        while (found := _END.search(buffer, seen)) is not None:
            yield buffer[: found.end()], True
            buffer, seen = buffer[found.end() :], 0
        seen = max(0, len(buffer) - _KEPT)
        if len(buffer) > longest:
            yield buffer[:seen], False
            buffer, seen = buffer[seen:], 0
    if buffer:
        yield buffer, True


def _piece(raw: bytes, offset: int, number: int) -> TreePiece:
    building = _Building()
    try:
        building.parse(raw)
    except _Refused as error:
        return _refused(raw, offset, number, error.kind, error.at)
    except expat.ExpatError:
        return _refused(raw, offset, number, "xml_malformed", max(building.at, 0))
    except (ValueError, LookupError):  # an encoding that is declared and not known
        return _refused(raw, offset, number, "xml_malformed", 0)
    message = _message(raw, offset, number, building)
    return TreePiece(raw, offset, message)


def _refused(raw: bytes, offset: int, number: int, kind: ProblemKind, at: int) -> TreePiece:
    return TreePiece(raw, offset, None, (Problem(kind, _SAYS[kind], number, offset=offset + at),))


class _Refused(Exception):
    def __init__(self, kind: ProblemKind, at: int) -> None:
        super().__init__(kind)
        self.kind, self.at = kind, at


class _Element:
    """One that is open: what is in it, and its text."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: Tree = {}
        self.text: list[str] = []


class _Building:
    """Elements as objects. One without elements in it is a value, its attributes values beside it: `Code@Qualifier`."""

    def __init__(self) -> None:
        self.root: _Element | None = None
        self.prefix = self.encoding = ""
        self._raw = b""
        self._open: list[_Element] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._doctype
        parser.XmlDeclHandler = self._declared
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    @property
    def at(self) -> int:
        """The byte that is being read."""
        return self._parser.ErrorByteIndex

    def parse(self, raw: bytes) -> None:
        """The whole of a document. Raises `_Refused`, and what expat raises."""
        self._raw = raw
        self._parser.Parse(raw, True)

    def _doctype(self, *_: Any) -> None:
        raise _Refused("dtd_refused", max(self._raw.find(b"<!DOCTYPE"), 0))

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = encoding or ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise _Refused("too_deep", self._parser.CurrentByteIndex)
        prefix, _, local = name.rpartition(":")
        element = _Element(local, attributes)
        if self.root is None:
            self.root, self.prefix = element, prefix
        self._open.append(element)

    def _text(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        plain = {
            name.rpartition(":")[2]: value for name, value in element.attributes.items() if not name.startswith("xmlns")
        }
        if not self._open:
            element.children |= {f"@{name}": value for name, value in plain.items()}
            return
        into = self._open[-1].children
        text = "".join(element.text).strip()
        if element.children:
            inner = {f"@{name}": value for name, value in plain.items()} | element.children
            _put(into, element.name, inner | ({"#text": text} if text else {}))
            return
        _put(into, element.name, text)
        for name, value in plain.items():
            _put(into, f"{element.name}@{name}", value)


def _put(into: Tree, name: str, value: Any) -> None:
    """A value under a name; several under one name are a list."""
    if name not in into:
        into[name] = value
    elif isinstance(into[name], list):
        into[name].append(value)
    else:
        into[name] = [into[name], value]


def _message(raw: bytes, offset: int, number: int, building: _Building) -> NcpdpMessage:
    root = building.root
    tree = {} if root is None else root.children
    body = tree.get("Body")
    names = [name for name in body if _NAME.fullmatch(name)] if isinstance(body, dict) else []
    message_type = names[0] if names else "unknown"
    version = _version(tree)
    problems: list[Problem] = []
    if root is None or root.name != _ROOT:
        detail = "the outermost element is not Message"
        problems.append(Problem("type_missing", detail, number, _ROOT, offset=offset))
    elif not names:
        problems.append(Problem("type_missing", "Body names no type", number, "Message.Body", offset=offset))
    if version == "unknown":
        detail = "version names no version of SCRIPT"
        problems.append(Problem("version_unknown", detail, number, "Message", offset=offset))
    content = body.get(message_type) if isinstance(body, dict) else None
    return NcpdpMessage(
        raw,
        raw.decode("utf-8", "replace"),
        number,
        offset,
        message_type,
        version,
        tree,
        _ROOT,
        _patient(content),
        {
            "prefix": "prefixed" if building.prefix else "none",
            "encoding declared": building.encoding.upper() if building.encoding.upper() in _ENCODINGS else "none",
            "layout": "indented" if b"\n" in raw.strip(_BLANK) else "compact",
        },
        tuple(name for name in content if _NAME.fullmatch(name)) if isinstance(content, dict) else (),
        tuple(problems),
    )


_ENCODINGS = frozenset({"UTF-8", "UTF-16", "ISO-8859-1", "US-ASCII", "WINDOWS-1252"})


def _version(tree: Tree) -> str:
    given = tree.get("@version") or tree.get("@TransportVersion") or tree.get("@DatatypesVersion")
    return given if isinstance(given, str) and _VERSION.fullmatch(given) else "unknown"


def _patient(content: Any) -> str:
    """The patient of a request, by name and birth date: SCRIPT has no identifier that all use."""
    for name in ("Patient", "HumanPatient"):
        content = content.get(name) if isinstance(content, dict) else None
    if not isinstance(content, dict):
        return ""
    return "|".join(_texts({name: content.get(name) for name in ("Name", "DateOfBirth")}))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) and value else []
