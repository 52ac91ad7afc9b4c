"""Which messages have been counted: exact, 8 bytes a message, in sorted arrays that are merged as they grow."""

import base64
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from heapq import merge
from itertools import pairwise

_RECENT = 1 << 15


class Digests:
    """64-bit numbers: a small set of what is new, and sorted arrays, each at least twice as long as the next."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._recent: set[int] = set()
        self._runs: list[array[int]] = []
        for number in numbers:
            self.add(number)

    def __len__(self) -> int:
        return len(self._recent) + sum(map(len, self._runs))

    def __contains__(self, number: int) -> bool:
        return number in self._recent or any(_holds(run, number) for run in self._runs)

    def add(self, number: int) -> bool:
        """Whether it is new."""
        if number in self:
            return False
        self._recent.add(number)
        if len(self._recent) >= _RECENT:
            self._settle(array("Q", sorted(self._recent)))
            self._recent = set()
        return True

    def shared(self, other: "Digests") -> int:
        """How many are in both."""
        small, large = sorted((self, other), key=len)
        return sum(number in large for number in small.sorted())

    def joined(self, other: "Digests") -> "Digests":
        """What is in either."""
        whole = Digests()
        found = array("Q")
        last = -1
        for number in merge(self.sorted(), other.sorted()):
            if number != last:
                found.append(number)
            last = number
        if found:
            whole._runs = [found]
        return whole

    def sorted(self) -> Iterable[int]:
        """All of them, smallest first."""
        return merge(sorted(self._recent), *self._runs)

    def text(self) -> str:
        """All of them, smallest first, as base64 of 8 bytes each, largest byte first."""
        return base64.b64encode(_turned(array("Q", self.sorted())).tobytes()).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> "Digests":
        """What `text` gave. Raises `ValueError` for anything else."""
        packed = _turned(array("Q", base64.b64decode(text, validate=True)))
        if any(left >= right for left, right in pairwise(packed)):
            raise ValueError("the digests are not in order")
        whole = cls()
        whole._runs = [packed] if packed else []
        return whole

    def _settle(self, run: "array[int]") -> None:
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = array("Q", merge(self._runs.pop(), run))
        self._runs.append(run)


def _holds(run: "array[int]", number: int) -> bool:
    at = bisect_left(run, number)
    return at < len(run) and run[at] == number


def _turned(packed: "array[int]") -> "array[int]":
    """Largest byte first, or back, whatever this machine has."""
    if sys.byteorder == "little":
        packed.byteswap()
    return packed
