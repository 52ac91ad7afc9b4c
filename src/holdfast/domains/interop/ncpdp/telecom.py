"""NCPDP Telecommunication D.0: a header of fixed length, then segments of fields that are named by two characters.

A transmission stands alone, in a frame (STX and ETX, as batches have it), or on a line. GS (1D) begins a transaction,
RS (1E) a segment, FS (1C) a field.
"""

import re
from collections.abc import Iterator
from typing import Any

from holdfast.domains.interop.problems import Problem
from holdfast.domains.interop.sources import Source, chunks_of
from holdfast.domains.interop.trees import Tree, TreePiece

from .messages import NcpdpMessage

LONGEST = 4 << 20
_STARTS = re.compile(rb"[\x02\x03\r\n]+")
_REQUEST = (
    ("BIN", 6),
    ("version", 2),
    ("transaction", 2),
    ("controlNumber", 10),
    ("count", 1),
    ("providerQualifier", 2),
    ("provider", 15),
    ("serviceDate", 8),
    ("software", 10),
)
_RESPONSE = (
    ("version", 2),
    ("transaction", 2),
    ("count", 1),
    ("status", 1),
    ("providerQualifier", 2),
    ("provider", 15),
    ("serviceDate", 8),
)
_BATCH = re.compile(rb"(?:00[A-Z]|99)")
_DETAIL = re.compile(rb"G1.{10}", re.DOTALL)
_CODE = re.compile(r"[A-Z][A-Z0-9]")
_VERSION = re.compile(r"[A-Z0-9]{2}")
_SEGMENT = re.compile(r"AM[0-9A-Z]{2}")
_ID = re.compile(r"[0-9A-Z]{2}")
_SEPARATORS = re.compile("([\x1d\x1e])")


def read_telecom(source: Source, *, longest: int = LONGEST) -> Iterator[NcpdpMessage | Problem]:
    """Every transmission of a source and what is malformed, in order, in constant memory. Raises `MessagesNotFound`."""
    for piece in telecom_pieces(source, longest=longest):
        if isinstance(piece.message, NcpdpMessage):
            yield piece.message
            yield from piece.message.problems
        yield from piece.problems


def telecom_pieces(source: Source, *, longest: int = LONGEST) -> Iterator[TreePiece]:
    """The pieces of a source; joined they are the source. Raises `MessagesNotFound`."""
    offset = number = 0
    for raw, kind in _cut(source, longest):
        if kind == "between":
            yield TreePiece(raw, offset)
        elif kind == "too_long":
            number += 1
            detail = "the transmission is longer than the reader takes"
            yield TreePiece(raw, offset, None, (Problem("too_long", detail, number, offset=offset),))
        else:
            number += 1
            yield TreePiece(raw, offset, *_read(raw, offset, number))
        offset += len(raw)


def _cut(source: Source, longest: int) -> Iterator[tuple[bytes, str]]:
    buffer, seen = b"", 0
    for chunk in chunks_of(source):
        buffer += chunk
        begun = 0
        for found in _STARTS.finditer(buffer, seen):
            if found.end() == len(buffer):
                break  # more of it may come
            yield from _kinds(buffer[begun : found.start()])
            yield found[0], "between"
            begun = found.end()
        buffer = buffer[begun:]
        seen = len(buffer.rstrip(b"\x02\x03\r\n"))
        if len(buffer) > longest:
            yield buffer, "too_long"
            buffer, seen = b"", 0
    end = len(buffer.rstrip(b"\x02\x03\r\n"))
    yield from _kinds(buffer[:end])
    if buffer[end:]:
        yield buffer[end:], "between"


def _kinds(raw: bytes) -> Iterator[tuple[bytes, str]]:
    """A transmission, or the header or trailer of a batch; the reference of a detail record lies between."""
    detail = _DETAIL.match(raw)
    if detail is not None:
        yield detail[0], "between"
        raw = raw[detail.end() :]
    if raw:
        yield raw, "between" if not raw.strip() or (_BATCH.match(raw) and b"\x1e" not in raw) else "transmission"


def _read(raw: bytes, offset: int, number: int) -> tuple[NcpdpMessage | None, tuple[Problem, ...]]:
    text = raw.decode("latin-1")
    head, *parts = _SEPARATORS.split(text)
    head = head.split("\x1c")[0]
    shape = _REQUEST if _is_request(head) else _RESPONSE if _VERSION.fullmatch(head[:2]) else None
    if shape is None or not _CODE.fullmatch(head[8:10] if shape is _REQUEST else head[2:4]):
        detail = "no header of a request or a response of Telecom begins this"
        return None, (Problem("header_short", detail, number, "Header", 1, offset=offset),)
    header, problems = _header(head, shape, number, offset)
    tree: Tree = {"Header": header}
    order: list[str] = []
    place = offset + len(text.split("\x1c")[0].split("\x1d")[0].split("\x1e")[0])
    transactions = 0
    for position, (separator, part) in enumerate(zip(parts[::2], parts[1::2], strict=True), 2):
        transactions += separator == "\x1d"
        if part:
            problems += _segment(tree, order, part, number, position, place + 1)
        place += 1 + len(part)
    kind = header["transaction"] if shape is _REQUEST else f"{header['transaction']}R"
    habits = {"transactions": str(min(transactions, 9)), "separators": "segment" if "\x1e" in text else "group only"}
    patient = _patient(tree)
    message = NcpdpMessage(
        raw, text, number, offset, kind, header["version"], tree, "Transmission", patient, habits, tuple(order),
        tuple(problems),
    )  # fmt: skip
    return message, ()


def _is_request(head: str) -> bool:
    """A request begins with six digits of a BIN; a response with the version."""
    return head[:6].isdigit() and _VERSION.fullmatch(head[6:8]) is not None and not head[6:8].isdigit()


def _header(head: str, shape: tuple[tuple[str, int], ...], number: int, offset: int) -> tuple[Tree, list[Problem]]:
    header: Tree = {}
    at = 0
    for name, size in shape:
        given = head[at : at + size]
        if given:
            header[name] = given.rstrip()
        at += size
    if len(head) < at:
        detail = f"the header has {len(head)} characters of {at}"
        return header, [Problem("header_short", detail, number, "Header", 1, offset=offset + len(head))]
    return header, []


def _segment(tree: Tree, order: list[str], part: str, number: int, position: int, place: int) -> list[Problem]:
    """Adds one segment: AM and its number, then fields."""
    fields = part.lstrip("\x1c").split("\x1c")
    name = fields[0].strip()
    if not _SEGMENT.fullmatch(name):
        detail = "a segment begins with AM and its number"
        return [Problem("field_malformed", detail, number, None, position, 1, place)]
    segment: Tree = {}
    problems: list[Problem] = []
    for index, field in enumerate(fields[1:], 2):
        if not field:
            continue
        if not _ID.fullmatch(field[:2]):
            detail = "a field begins with its two characters"
            problems.append(Problem("field_malformed", detail, number, name, position, index, place))
            continue
        _put(segment, field[:2], field[2:].rstrip())
    _put(tree, name, segment)
    order.append(name)
    return problems


def _put(into: Tree, name: str, value: Any) -> None:
    if name not in into:
        into[name] = value
    elif isinstance(into[name], list):
        into[name].append(value)
    else:
        into[name] = [into[name], value]


def _patient(tree: Tree) -> str:
    """By the cardholder's id and the person's code, else by name and birth date."""
    insurance, patient = _first(tree.get("AM04")), _first(tree.get("AM01"))
    holder = insurance.get("C2")
    if isinstance(holder, str) and holder:
        return f"{holder}^{insurance.get('C3', '')}^{patient.get('C4', '')}^{patient.get('CA', '')}"
    if patient.get("CB"):
        return f"{patient.get('CB')}|{patient.get('CA', '')}|{patient.get('C4', '')}"
    return ""


def _first(value: Any) -> Tree:
    found = value[0] if isinstance(value, list) else value
    return found if isinstance(found, dict) else {}
