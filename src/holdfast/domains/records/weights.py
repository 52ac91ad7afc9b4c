"""Weights to pick by: exact shares, in the order of keys, changed and picked from in microseconds.

Keys stand in blocks, and a Fenwick tree (Fenwick, 1994) holds the blocks' sums: a pick goes down the tree to a block,
then along the block; a change touches one block and a path of the tree. Weights are whole numbers, so sums are exact
however often they change: numbers with a fraction are counted in units of 2**-64. What is picked follows from the keys,
the weights and the random numbers alone, not from the history of changes; so a seed gives the same everywhere.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from random import Random

BLOCK = 32
"""Keys of a new block; it is cut in two at twice as many."""
FRACTION_BITS = 64
_LARGE = 2.0**900
CALM = 64
"""After so many picks without a change the ends of the blocks are kept as one list, which is searched faster than the
tree and has to be made anew after each change."""


def units(weight: float) -> int:
    """A weight as a whole number. A very large one has no fraction, and no double holds it times 2**64."""
    return int(math.ldexp(weight, FRACTION_BITS)) if weight < _LARGE else int(weight) << FRACTION_BITS


class Weights:
    """Keys with their weights."""

    def __init__(self, pairs: Iterable[tuple[str, int]] = ()) -> None:
        """From pairs in the order of their keys, each once."""
        given = list(pairs)
        lots = [given[start : start + BLOCK] for start in range(0, len(given), BLOCK)]
        self._keys = [[key for key, _ in lot] for lot in lots]
        self._weights = [[weight for _, weight in lot] for lot in lots]
        self._running: list[list[int] | None] = [None] * len(lots)
        self._ends: list[int] | None = None
        self._rebuild()

    def _rebuild(self) -> None:
        """The tree, anew from the blocks."""
        self._firsts = [keys[0] for keys in self._keys]
        sums = [sum(weights) for weights in self._weights]
        self.total = sum(sums)
        self._tree = [0, *sums]
        for place in range(1, len(self._tree)):
            above = place + (place & -place)
            if above < len(self._tree):
                self._tree[above] += self._tree[place]
        self._top = 1 << max(0, len(sums).bit_length() - 1)
        self._ends, self._calm = None, 0

    def __len__(self) -> int:
        return sum(map(len, self._keys))

    def __iter__(self) -> Iterator[tuple[str, int]]:
        for keys, weights in zip(self._keys, self._weights, strict=True):
            yield from zip(keys, weights, strict=True)

    def set(self, key: str, weight: int) -> None:
        """Give a key a weight, new or not."""
        if not self._keys:
            self._keys, self._weights, self._running = [[key]], [[weight]], [None]
            self._rebuild()
            return
        block = max(0, bisect_right(self._firsts, key) - 1)
        keys, weights = self._keys[block], self._weights[block]
        place = bisect_left(keys, key)
        if place < len(keys) and keys[place] == key:
            self._add(block, weight - weights[place])
            weights[place] = weight
            return
        keys.insert(place, key)
        weights.insert(place, weight)
        self._firsts[block] = keys[0]
        if len(keys) < 2 * BLOCK:
            self._add(block, weight)
            return
        self._keys[block : block + 1] = [keys[:BLOCK], keys[BLOCK:]]
        self._weights[block : block + 1] = [weights[:BLOCK], weights[BLOCK:]]
        self._running[block : block + 1] = [None, None]
        self._rebuild()

    def discard(self, key: str) -> None:
        """Take a key away, if it is there."""
        block = bisect_right(self._firsts, key) - 1
        if block < 0:
            return
        keys, weights = self._keys[block], self._weights[block]
        place = bisect_left(keys, key)
        if place == len(keys) or keys[place] != key:
            return
        self._add(block, -weights[place])
        del keys[place], weights[place]
        if keys:
            self._firsts[block] = keys[0]
        else:
            del self._keys[block], self._weights[block], self._running[block]
            self._rebuild()

    def _add(self, block: int, change: int) -> None:
        self.total += change
        self._running[block] = None
        self._ends, self._calm = None, 0
        tree, place = self._tree, block + 1
        while place < len(tree):
            tree[place] += change
            place += place & -place

    def pick(self, chance: Random) -> str:
        """A key, each with the share of its weight. There must be some weight."""
        total, draw = self.total, chance.getrandbits
        bits = total.bit_length()
        left = draw(bits)
        while left >= total:  # `randrange`, without its calls: the same numbers
            left = draw(bits)
        if self._ends is None:
            block, left = self._descend(left)
        else:
            block = bisect_right(self._ends, left)
            left -= self._ends[block - 1] if block else 0
        running = self._running[block]
        if running is None:
            running = self._running[block] = list(accumulate(self._weights[block]))
        return self._keys[block][bisect_right(running, left)]

    def _descend(self, left: int) -> tuple[int, int]:
        """The block in which what is `left` of the sums lies, and what is left there."""
        tree, block, step = self._tree, 0, self._top
        size = len(tree)
        while step:
            further = block + step
            if further < size and tree[further] <= left:
                block = further
                left -= tree[further]
            step >>= 1
        self._calm += 1
        if self._calm > CALM:
            self._ends = list(accumulate(map(sum, self._weights)))
        return block, left
