"""Codes: three bits for each number of a vector, so that many vectors can be compared quickly and roughly."""

from array import array
from math import sqrt

_DIGITS = bytes.maketrans(b"\0\1", b"01")
_STEP = 0.5
"""What counts as large, where 1 is what each number of a vector of length 1 would be if all were equal."""
_WORD = 8
"""Codes are compared by words of so many bytes; others byte by byte, which takes longer."""


def code_of(vector: "array[float]") -> bytes:
    """Of each number whether it is not very small, whether it is positive, and whether it is large.

    The more bits of two codes differ, the further the vectors point apart. With the sign alone, several times as many
    candidates are needed for the same recall, and comparing takes two thirds of the time. About 60 µs for 384 numbers.
    """
    step = _STEP / sqrt(len(vector))
    bits = b"".join(bytes(map(bound.__lt__, vector)) for bound in (-step, 0.0, step)).translate(_DIGITS)
    return int(bits, 2).to_bytes(-(-len(bits) // (8 * _WORD)) * _WORD)
