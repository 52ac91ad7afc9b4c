"""What every answer of an embedder is held against before it is used."""

import math
from array import array
from collections.abc import Iterable, Sequence

from holdfast.core.embedders.errors import EmbedderFailed, EmbedderMismatch
from holdfast.core.embedders.models import Vector

MOST_NUMBERS = 16_384


def checked(name: str, vectors: Sequence[Sequence[float]], *, count: int, dimension: int | None) -> list[Vector]:
    """The vectors at unit length. Raises `EmbedderFailed` or `EmbedderMismatch` for what cannot be searched by."""
    if len(vectors) != count:
        raise EmbedderFailed(name, f"{len(vectors)} vectors for {count} texts")
    found = [_unit(name, vector) for vector in vectors]
    expected = dimension or (len(found[0]) if found else 0)
    for vector in found:
        if len(vector) != expected:
            raise EmbedderMismatch(name, expected, len(vector))
    return found


def _unit(name: str, numbers: Iterable[float]) -> Vector:
    try:
        vector = array("d", numbers)
    except (TypeError, ValueError, OverflowError):
        raise EmbedderFailed(name, "a vector holds something that is no number") from None
    if not 0 < len(vector) <= MOST_NUMBERS:
        raise EmbedderFailed(name, f"a vector of {len(vector):,} numbers")
    length = math.hypot(*vector)
    if not math.isfinite(length):
        raise EmbedderFailed(name, "a vector holds NaN or infinity")
    if length < 1e-30:
        raise EmbedderFailed(name, "a vector is all zero")
    return array("f", [value / length for value in vector])
