"""Vectors as callers have them, and as they are kept: of length 1, in numbers of four bytes."""

import math
from array import array
from collections.abc import Sequence
from typing import Any

from holdfast.core.vectors.errors import InvalidVector, VectorMismatch
from holdfast.core.vectors.models import VectorIndex

_ROUNDED = 1e-6
"""By so much the length of a direction in numbers of four bytes is not 1."""
Numbers = Sequence[float]
"""Numbers in a row: a list, `array("f")`, a numpy array of one dimension."""


def normalised(index: VectorIndex, vector: Numbers) -> "array[float]":
    """The direction of `vector`, with length 1. Raises `VectorMismatch`, `InvalidVector`."""
    if isinstance(vector, array) and len(vector) == index.dimension and _is_direction(vector):
        return vector
    numbers = _numbers(vector)
    if len(numbers) != index.dimension:
        raise VectorMismatch(index.embedder, index.dimension, len(numbers))
    length = math.hypot(*numbers)
    if not math.isfinite(length):
        raise InvalidVector("it holds a number that is not finite; the embedder failed")
    if length == 0:
        raise InvalidVector("it is zero everywhere and points nowhere; leave the item out")
    return array("f", [number / length for number in numbers])


def _is_direction(vector: "array[float]") -> bool:
    """Whether it is what `normalised` makes, as every vector of an embedder is."""
    return vector.typecode == "f" and abs(math.hypot(*vector) - 1) < _ROUNDED


def _numbers(vector: Any) -> "array[float]":
    """As doubles, so that nothing overflows or vanishes before the length is known."""
    listed = vector.tolist() if hasattr(vector, "tolist") else vector  # numpy's own numbers are slow one by one
    if isinstance(listed, (bytes, bytearray, str)):
        raise InvalidVector(f"a {type(vector).__name__} is no sequence of numbers")
    try:
        return array("d", listed)
    except (TypeError, OverflowError) as error:
        raise InvalidVector(f"a {type(vector).__name__} of numbers was expected; {error}") from None
