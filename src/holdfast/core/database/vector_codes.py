"""Codes: a few bits for each number of a vector, so that many vectors can be compared quickly and roughly."""

from array import array

_DIGITS = bytes.maketrans(b"\0\1", b"01")


def code_of(vector: "array[float]") -> bytes:
    """One bit for each number of a vector: whether it is positive. As many differ as two vectors point apart."""
    digits = bytes(map((0.0).__lt__, vector)).translate(_DIGITS)
    return int(digits, 2).to_bytes((len(vector) + 7) // 8)
