"""Values as bytes whose order is that of the values: how a set's indexed paths are kept, alike on both engines.

The first byte is the kind, so that values of different kinds never mix: truths, numbers, texts, and last what has no
value. Numbers are exact: a double, then what it rounded off a whole number of 63 bits.
"""

import struct

from holdfast.core.inputs import INTEGER_BITS

TRUTH, NUMBER, TEXT, NONE = b"\x01", b"\x02", b"\x03", b"\x04"
NO_VALUE = NONE
"""What stands for a value that is absent or null."""
MOST_BYTES = 500
"""The longest text that is indexed, in bytes of UTF-8: PostgreSQL's indexes take entries of 2,700 bytes."""

Scalar = str | int | float | bool

_DOUBLE = struct.Struct(">d")
_BITS = struct.Struct(">Q")
_PARTS = struct.Struct(">QH")
_SIGN = 1 << 63
_ALL = (1 << 64) - 1
_MIDDLE = 1 << 15
_EXACT = float(1 << 52)
"""Whole numbers as far as this are doubles, and nothing is rounded off."""


def is_scalar(value: object) -> bool:
    """Whether a value can be compared: a text, a number, a truth."""
    return isinstance(value, (str, int, float, bool))


def code_of(value: object) -> bytes:
    """The code of a scalar, or of None. Raises TypeError for anything else."""
    if isinstance(value, str):
        return TEXT + value.encode()
    if value is None:
        return NO_VALUE
    if isinstance(value, bool):
        return TRUTH + (b"\x01" if value else b"\x00")
    if isinstance(value, (int, float)):
        return _number(value)
    raise TypeError(f"{type(value).__name__} is no scalar")


def _number(value: float) -> bytes:
    double = float(value) + 0.0  # so that -0.0 is 0.0
    rest = value - int(double) if not -_EXACT <= double <= _EXACT and isinstance(value, int) else 0
    (bits,) = _BITS.unpack(_DOUBLE.pack(double))
    return NUMBER + _PARTS.pack(bits ^ _ALL if bits & _SIGN else bits | _SIGN, int(rest) + _MIDDLE)


def value_of(code: bytes) -> Scalar | None:
    """The value that a code stands for; numbers without a fraction as whole ones, where they fit in 63 bits."""
    kind, rest = code[:1], code[1:]
    if kind == TEXT:
        return rest.decode()
    if kind == TRUTH:
        return rest == b"\x01"
    if kind == NUMBER:
        (bits,) = _BITS.unpack(rest[:8])
        bits = bits & ~_SIGN if bits & _SIGN else bits ^ _ALL
        (double,) = _DOUBLE.unpack(_BITS.pack(bits))
        return whole(double, rest=int.from_bytes(rest[8:], "big") - _MIDDLE)
    return None


def whole(double: float, *, rest: int = 0) -> int | float:
    """A number without a fraction as a whole one, where records hold such: of up to 63 bits."""
    made = int(double) + rest if double.is_integer() else 0
    return made if double.is_integer() and made.bit_length() <= INTEGER_BITS else double


def after(code: bytes) -> bytes:
    """The first code of the next kind: where all values of this code's kind end."""
    return bytes([code[0] + 1])


def beginnings(prefix: str) -> tuple[bytes, bytes]:
    """Between which codes all texts are that begin with `prefix`: from the first on, before the second."""
    begin = TEXT + prefix.encode()
    end = bytearray(begin)
    while end[-1] == 0xFF:  # no byte of UTF-8, but the rule is the rule
        end.pop()
    end[-1] += 1
    return begin, bytes(end)
