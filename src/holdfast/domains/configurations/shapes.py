"""The shape of a document as a vector: which members it has, where, of which kinds, and with which short values.

Feature hashing (Weinberger and others: Feature Hashing for Large Scale Multitask Learning, 2009): each feature adds to
or takes from one of 512 numbers, which its hash names. What a document says in many places counts with the square root
of how often, so that its arrays do not drown the rest. Documents of unrelated shapes have a cosine near 0.
"""

import math
from array import array
from typing import Any
from zlib import crc32

DIMENSION = 512
EMBEDDER = "shape:1"
"""Another name for another way of making them: vectors of two ways do not compare."""
VALUE = 0.5
"""What a value counts beside a place."""
_LONGEST = 64
"""Longer texts are content and no shape."""
Counts = dict[str, int]


def shape_of(document: object) -> "array[float] | None":
    """The shape, of unit length; None of a document without any (an empty one)."""
    numbers = [0.0] * DIMENSION
    counts: Counts = {}
    _count(counts, document, "", "")
    for feature, count in counts.items():
        code = crc32(feature.encode())
        weight = VALUE if feature[0] == "v" else 1.0
        numbers[code % DIMENSION] += weight * math.sqrt(count) * (1 if code >> 31 else -1)
    length = math.sqrt(sum(number * number for number in numbers))
    return array("f", (number / length for number in numbers)) if length else None


def _count(counts: Counts, value: Any, path: str, name: str) -> None:
    """Each place by its whole path, and by its last two names: a part that moved is still alike."""
    if isinstance(value, dict):
        for member, inner in value.items():
            here = f"{path}/{member}"
            for feature in (f"m {here}", f"n {name}/{member}"):
                counts[feature] = counts.get(feature, 0) + 1
            _count(counts, inner, here, member)
    elif isinstance(value, list):
        for inner in value:
            _count(counts, inner, f"{path}[]", name)
    else:
        kind = f"t {path} {type(value).__name__}"
        counts[kind] = counts.get(kind, 0) + 1
        if not isinstance(value, str) or len(value) <= _LONGEST:
            said = f"v {path} {value!r}"
            counts[said] = counts.get(said, 0) + 1
