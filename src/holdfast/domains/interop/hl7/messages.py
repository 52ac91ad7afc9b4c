"""A message: segments, cut into fields when they are asked for, and written back as the bytes they came from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from holdfast.domains.interop.problems import Problem, ProblemKind

from .charsets import decode
from .delimiters import Delimiters, declared_by
from .escapes import escapes_in, unescape

_LINES = re.compile(r"([^\r\n]*)([\r\n]+|$)")
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_ENDS = re.compile(r"[\r\n]+")
_VERSION = re.compile(r"2\.[1-8](?:\.[12])?")
_SURROGATE = re.compile("[\udc80-\udcff]")
_CHARSET_FIELD = 17
LineEnds = str
"""How segments end: "CR", "LF", "CRLF" or "mixed"; "none" where there is one segment."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `raw` is as sent; `""` (two quotation marks) means: delete what you have."""

    raw: str
    delimiters: Delimiters

    @property
    def is_null(self) -> bool:
        """Whether the sender asks to delete the value."""
        return self.raw == '""'

    @property
    def repetitions(self) -> list[list[list[str]]]:
        """Repetitions of components of subcomponents, as sent."""
        return [
            [component.split(self.delimiters.subcomponent) for component in one.split(self.delimiters.component)]
            for one in self.raw.split(self.delimiters.repetition)
        ]

    def value(self, component: int = 1, subcomponent: int = 1, repetition: int = 1) -> str:
        """One value with its escapes resolved, "" where there is none. All counted from 1."""
        try:
            sent = self.repetitions[repetition - 1][component - 1][subcomponent - 1]
        except IndexError:
            return ""
        return unescape(sent, self.delimiters)


@dataclass(frozen=True)
class Segment:
    """One line. `position` counts from 1; `end` is what ended it, with the blank lines after it."""

    text: str
    end: str
    position: int
    delimiters: Delimiters

    @property
    def name(self) -> str:
        """The three characters that name it, "" for a line that has no such beginning."""
        return name_of(self.text[:4], self.delimiters.field)

    @cached_property
    def fields(self) -> list[str]:
        """The name and the fields as sent, so that `fields[n]` is field n, in MSH too."""
        parts = self.text.split(self.delimiters.field)
        return parts if self.name != "MSH" else [parts[0], self.delimiters.field, *parts[1:]]

    def __getitem__(self, number: int) -> Field:
        """Field `number`, empty where the segment ends before it."""
        return Field(self.fields[number] if number < len(self.fields) else "", self.delimiters)

    def write(self) -> str:
        """The line put together from its fields."""
        fields = self.fields if self.name != "MSH" else [self.fields[0], *self.fields[2:]]
        return self.delimiters.field.join(fields) + self.end


@dataclass(eq=False)
class Message:
    """One message as it was sent. Not to be changed; not frozen, because that doubles the time it takes to make."""

    raw: bytes
    number: int
    framed: bool
    delimiters: Delimiters
    text: str
    codec: str
    charset: str
    """MSH-18 as it declares the set; "" where it does not, "other" where it names none that is known."""
    line_ends: LineEnds
    lines: list[str]
    """Its segments, without line ends and blank lines."""
    header: list[str] = field(repr=False)
    """MSH cut at its separators: MSH-n is `header[n - 1]`."""
    whole: Problem | None = None

    @property
    def type(self) -> str:
        """MSH-9 as code and event, `ADT^A01`; "" where it is empty."""
        return _type_in(self._header(9), self.delimiters.component)

    @property
    def structure(self) -> str:
        """The third component of MSH-9, `ADT_A01`; "" where it is not sent."""
        return "".join(self._header(9).split(self.delimiters.component)[2:3])

    @property
    def version(self) -> str:
        """The first component of MSH-12."""
        return self._header(12).split(self.delimiters.component, 1)[0]

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self._header(10)

    @cached_property
    def segments(self) -> list[Segment]:
        """All lines, in order."""
        found = [(line[1], line[2]) for line in _LINES.finditer(self.text) if line[0]]
        return [Segment(text, end, number, self.delimiters) for number, (text, end) in enumerate(found, 1)]

    def __getitem__(self, name: str) -> list[Segment]:
        """The segments of that name."""
        return [segment for segment in self.segments if segment.name == name]

    def write(self) -> bytes:
        """The message put together from its fields: the bytes it was read from."""
        return "".join(segment.write() for segment in self.segments).encode(self.codec, "surrogateescape")

    @property
    def problems(self) -> Iterator[Problem]:
        """What is malformed in it. Every line is looked at, each time."""
        return _problems(self)

    def _header(self, number: int) -> str:
        return self.header[number - 1] if number <= len(self.header) else ""


def parse(raw: bytes, number: int = 1, *, framed: bool = False) -> Message | Problem:
    """One message from its MSH to its last line end, or why there is no reading it."""
    delimiters = declared_by(raw[:10].splitlines()[0].decode("latin-1")) if raw else None
    if not raw.startswith(b"MSH") or delimiters is None:
        return Problem("delimiters_invalid", "MSH-1 and MSH-2 do not say how to read this", number, "MSH", 1, 2)
    declared = _declared_charset(raw, delimiters)
    decoded = decode(raw, declared)
    line_ends, lines = _cut(decoded.text)
    return Message(
        raw,
        number,
        framed,
        delimiters,
        decoded.text,
        decoded.codec,
        decoded.declared,
        line_ends,
        lines,
        lines[0].split(delimiters.field),
        None if decoded.kind is None else _of_charset(decoded.kind, number),  # type: ignore[arg-type]
    )


@lru_cache(maxsize=1024)
def _type_in(field: str, component: str) -> str:
    return "^".join(part for part in field.split(component)[:2] if part)


@lru_cache(maxsize=4096)
def name_of(start: str, separator: str) -> str:
    """The name a line begins with, "" when it is no segment's. `start`: the line's first four characters."""
    name = start[:3]
    return name if _NAME.fullmatch(name) and start[3:] in ("", separator) else ""


def _cut(text: str) -> tuple[LineEnds, list[str]]:
    body = text.rstrip("\r\n")
    if "\n" not in body:
        lines = body.split("\r")
        return ("CR" if len(lines) > 1 else "none"), [line for line in lines if line]
    returns, feeds, both = body.count("\r"), body.count("\n"), body.count("\r\n")
    ends = "LF" if not returns else "CRLF" if returns == feeds == both else "mixed"
    return ends, [line for line in _ENDS.split(body) if line]


def _declared_charset(raw: bytes, delimiters: Delimiters) -> str:
    end = min((place for place in (raw.find(b"\r"), raw.find(b"\n")) if place >= 0), default=len(raw))
    header = raw[:end].decode("latin-1").split(delimiters.field, _CHARSET_FIELD + 1)
    return header[_CHARSET_FIELD].split(delimiters.repetition)[0] if len(header) > _CHARSET_FIELD else ""


def _of_charset(kind: ProblemKind, number: int) -> Problem:
    detail = {
        "charset_unknown": "MSH-18 names a character set that is not known",
        "charset_differs": "there are characters outside of the character set that MSH-18 declares",
    }[kind]
    return Problem(kind, detail, number, "MSH", 1, 18)


def _problems(message: Message) -> Iterator[Problem]:
    if message.whole is not None:
        yield message.whole
    if message.delimiters.missing:
        yield _at(message, "delimiters_incomplete", 2, "MSH-2 leaves out delimiters; the standard's are used")
    if not message.type:
        yield _at(message, "type_missing", 9, "MSH-9 names no type")
    if not _VERSION.fullmatch(message.version):
        yield _at(message, "version_unknown", 12, "MSH-12 names no version from 2.1 to 2.8")
    separator = message.delimiters.field
    for position, line in enumerate(message.lines, 1):
        if not name_of(line[:4], separator):
            yield Problem("segment_malformed", "a line begins with no segment's name", message.number, None, position)
    if not message.text.isascii() and _SURROGATE.search(message.text):
        yield from _undecodable(message)
    if message.text.count(message.delimiters.escape) > 1:
        yield from _unknown_escapes(message)


def _at(message: Message, kind: ProblemKind, number: int, detail: str) -> Problem:
    return Problem(kind, detail, message.number, "MSH", 1, number)


def _undecodable(message: Message) -> Iterator[Problem]:
    offset = 0
    for segment in message.segments:
        for found in _SURROGATE.finditer(segment.text):
            before = segment.text[: found.start()]
            place = offset + len(before.encode(message.codec, "surrogateescape"))
            number = before.count(message.delimiters.field) + (segment.name == "MSH")
            detail = f"a byte that is no character of {message.codec}"
            name = segment.name or None
            yield Problem("undecodable", detail, message.number, name, segment.position, number, place)
        offset += len((segment.text + segment.end).encode(message.codec, "surrogateescape"))


def _unknown_escapes(message: Message) -> Iterator[Problem]:
    escape = message.delimiters.escape
    for position, line in enumerate(message.lines, 1):
        if escape not in line or position == 1:
            continue
        for number, value in enumerate(line.split(message.delimiters.field)):
            if escape in value and "unknown" in escapes_in(value, message.delimiters):
                name = name_of(line[:4], message.delimiters.field) or None
                detail = "an escape sequence that the standard does not have"
                yield Problem("escape_unknown", detail, message.number, name, position, number)
