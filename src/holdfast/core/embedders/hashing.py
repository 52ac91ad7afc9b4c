"""Vectors from spelling alone, without a model: for demos and tests.

Texts are near each other when they share words or parts of words ("connect", "connection"); a synonym is as far away as
anything else. There are no semantics in it: do not judge a search by it, nor serve one from it.

Feature hashing with signs after Weinberger et al. (2009): each word and each run of three to five of its characters,
"^" and "$" at its ends, adds one signed number; a word weighs as much as all of its runs together. Weights are dampened
by the logarithm of their count. The same on every machine.
"""

import math
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b

from holdfast.core.embedders.errors import InvalidEmbedder
from holdfast.core.embedders.models import Kind, Vector
from holdfast.core.words import COMMON

_WORD = re.compile(r"\w+")
_RUNS = (3, 4, 5)
_SHORT_RUNS = (2, 3, 4)
"""Of words beyond ASCII: where words are not parted by spaces, two characters can be one."""
LEAST, MOST = 16, 4_096
_COMMON_WEIGHT = 0.1


class HashingEmbedder:
    """The embedder `hashing:256`. Its vectors tell shared spelling, not meaning."""

    def __init__(self, dimension: int = 256) -> None:
        if not LEAST <= dimension <= MOST:
            raise InvalidEmbedder(f"hashing takes a dimension from {LEAST} to {MOST:,}, got {dimension!r:.20}")
        self.name = f"hashing:{dimension}"
        self.dimension: int | None = dimension
        self._size = dimension

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        """One vector of unit length for each text, the same for both kinds; some tens of microseconds a word."""
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Vector:
        sums = [0.0] * self._size
        folded = unicodedata.normalize("NFKC", text).casefold()
        for word, count in Counter(_WORD.findall(folded)).items():
            weight = (1 + math.log(count)) * (_COMMON_WEIGHT if word in COMMON else 1.0)
            for feature, share in _features(word):
                sums[(feature >> 1) % self._size] += weight * (share if feature & 1 else -share)
        length = math.sqrt(sum(value * value for value in sums))
        if length == 0.0:  # no word at all, or every feature met its opposite
            sums[_hashed(folded) % self._size], length = 1.0, 1.0
        return array("f", [value / length for value in sums])


@lru_cache(maxsize=50_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """The word and its runs of characters as numbers of 64 bits, with what each of them weighs."""
    runs = list(_runs(f"^{word}$"))
    each = 1 / math.sqrt(len(runs)) if runs else 0.0
    return ((_hashed(f"={word}"), 1.0), *((_hashed(run), each) for run in runs))


def _runs(marked: str) -> Iterator[str]:
    for size in _RUNS if marked.isascii() else _SHORT_RUNS:
        for start in range(len(marked) - size + 1):
            yield marked[start : start + size]


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
