"""Changes to planted messages of a sender, each with the drift that must be found, and nothing beside it."""

from collections.abc import Callable
from dataclasses import dataclass

Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Planted:
    """`one` changes one message; `expected`: location and kind of every finding it must lead to."""

    name: str
    one: Change
    expected: frozenset[tuple[str, str]]

    def change(self, messages: list[bytes]) -> list[bytes]:
        return [self.one(message) for message in messages]


def _lines(edit: Callable[[list[bytes]], list[bytes]]) -> Change:
    def change(message: bytes) -> bytes:
        return b"\r".join(edit(message.rstrip(b"\r").split(b"\r"))) + b"\r"

    return change


def _field(segment: bytes, number: int, edit: Callable[[bytes], bytes]) -> Change:
    def in_line(line: bytes) -> bytes:
        if not line.startswith(segment + b"|"):
            return line
        fields = line.split(b"|")
        at = number - 1 if segment == b"MSH" else number
        fields[at] = edit(fields[at])
        return b"|".join(fields)

    return _lines(lambda lines: [in_line(line) for line in lines])


def _written_out(born: bytes) -> bytes:
    # A day over the twelfth, so that the order of day and month shows.
    return born[4:6] + b"/" + b"%02d" % (13 + int(born[6:8]) % 15) + b"/" + born[:4]


def _moved(lines: list[bytes]) -> list[bytes]:
    event = next(line for line in lines if line.startswith(b"EVN"))
    rest = [line for line in lines if line is not event]
    return [*rest, event]


def _doubled(lines: list[bytes]) -> list[bytes]:
    return [twice for line in lines for twice in ([line, line] if line.startswith(b"NK1") else [line])]


def _other_delimiters(message: bytes) -> bytes:
    return message.replace(b"^", b"@").replace(b"|", b"$")


def _german(message: bytes) -> bytes:
    lines = message.rstrip(b"\r").split(b"\r")
    lines[0] += b"||||||8859/1"
    return b"\r".join(lines).replace(b"Town", b"K\xf6ln") + b"\r"


PLANTED = [
    Planted("dropped field", _field(b"PID", 8, lambda _: b""), frozenset({("PID-8", "field no longer sent")})),
    Planted(
        "dropped component",
        _field(b"PID", 11, lambda one: one.replace(b"USA", b"")),
        frozenset({("PID-11.6.1", "component no longer sent")}),
    ),
    Planted(
        "dropped segment",
        _lines(lambda lines: [line for line in lines if line[:3] != b"NK1"]),
        frozenset({("NK1", "segment no longer sent")}),
    ),
    Planted(
        "new Z-segment",
        _lines(lambda lines: [*lines[:3], b"ZPD|1|N|custom", *lines[3:]]),
        frozenset({("ZPD", "new segment")}),
    ),
    Planted("new field", _field(b"PV1", 4, lambda _: b"R"), frozenset({("PV1-4", "new field")})),
    Planted("date format", _field(b"PID", 7, _written_out), frozenset({("PID-7.1.1", "format")})),
    Planted("new code", _field(b"PV1", 10, lambda _: b"NEW"), frozenset({("PV1-10.1.1", "new value")})),
    Planted(
        "over-long value",
        _field(b"NK1", 4, lambda one: one + b" behind the second gate on the left side"),
        frozenset({("NK1-4.1.1", "over-long")}),
    ),
    Planted("cardinality", _lines(_doubled), frozenset({("NK1", "cardinality")})),
    Planted("repetitions", _field(b"PID", 13, lambda one: one + b"~" + one), frozenset({("PID-13", "cardinality")})),
    Planted("order", _lines(_moved), frozenset({("EVN", "order")})),
    Planted("delimiter", _other_delimiters, frozenset({("MSH", "encoding")})),
    Planted("line ends", lambda message: message.replace(b"\r", b"\r\n"), frozenset({("MSH", "encoding")})),
    Planted("character set", _german, frozenset({("MSH", "encoding")})),
    Planted("version", _field(b"MSH", 12, lambda _: b"2.5.1"), frozenset({("MSH-12", "version")})),
]
"""The base message is `support.hl7.admission`."""
