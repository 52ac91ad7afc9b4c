"""Codes of large indexes of vectors, held in memory, so that a search on SQLite compares them all in a millisecond.

They say which vectors are worth a look, never what may be seen: the statement that looks asks for tenant, level and
owner again. What was read under an epoch of an index's cells serves as long as that epoch stands. What is stored or
moved later has no cell, and is compared by the statement; what is deleted later is looked for and not found. Comparing
needs numpy, which a plain installation may lack: without it nothing is held.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import numpy as np

Row = tuple[int, str, bytes, bytes]
"""Its rowid, level, owner, code."""
Load = Callable[[], Iterable[Sequence[Row]]]

OLDEST = 3_600.0
"""In seconds: the first search after that reads them anew, without those of vectors deleted meanwhile."""
_AT_A_TIME = 32_768
"""So many are compared at a time: what lies between stays in the processor's cache."""


class Codes:
    """Those of one index that have a cell, those of one level and one owner side by side."""

    def __init__(self, epoch: int, lots: Iterable[Sequence[Row]], most_bytes: int) -> None:
        """Raises MemoryError for more than `most_bytes`."""
        np = _numpy()
        self.epoch, self.read_at, self.bytes = epoch, time.monotonic(), 0
        known: dict[tuple[str, bytes], int] = {}
        numbers, groups, codes = [], [], []
        for rows in lots:
            numbers.append(np.array([row[0] for row in rows], np.int64))
            groups.append(np.array([known.setdefault((row[1], row[2]), len(known)) for row in rows], np.int32))
            codes.append(b"".join([row[3] for row in rows]))
            self.bytes += len(codes[-1]) + numbers[-1].nbytes
            if self.bytes > most_bytes:
                raise MemoryError
        named = sorted(known)
        of = np.argsort([known[name] for name in named])[np.concatenate(groups)] if named else np.zeros(0, np.int64)
        order = np.argsort(of, kind="stable")
        self._numbers = np.concatenate(numbers)[order] if named else np.zeros(0, np.int64)
        words = np.frombuffer(b"".join(codes), np.uint64).reshape(len(order), -1)
        self._words = np.ascontiguousarray(words[order].T)
        starts = np.searchsorted(of[order], np.arange(len(named) + 1)).tolist()
        self._spans: dict[str, dict[bytes, tuple[int, int]]] = {}
        for n, (level, owner) in enumerate(named):
            self._spans.setdefault(level, {})[owner] = (starts[n], starts[n + 1])

    def likely(
        self, code: bytes, *, levels: Iterable[str], owners: Collection[bytes] | None, fewest: int, most: int
    ) -> Sequence[int]:
        """The rowids of those most like `code`, among those of these levels and owners (None: all).

        A quarter of them, but at least `fewest`, at most `most`. In the order of the file: neighbours share pages.
        """
        np = _numpy()
        spans = [span for level in levels for span in self._at(level, owners)]
        total = sum(stop - start for start, stop in spans)
        if total == 0:
            return []
        numbers = np.concatenate([self._numbers[start:stop] for start, stop in spans])
        wanted = min(most, max(fewest, total // 4))
        if total > wanted:
            asked = np.frombuffer(code, np.uint64)
            far = np.concatenate([self._far(asked, start, stop) for start, stop in spans])
            numbers = numbers[np.argpartition(far, wanted)[:wanted]]
        return np.sort(numbers).tolist()  # type: ignore[no-any-return]  # of integers

    def _at(self, level: str, owners: Collection[bytes] | None) -> list[tuple[int, int]]:
        spans = self._spans.get(level, {})
        if owners is None:
            every = [*spans.values()]
            return [(every[0][0], every[-1][1])] if every else []
        return [spans[owner] for owner in owners if owner in spans]

    def _far(self, asked: "np.ndarray[Any, Any]", start: int, stop: int) -> "np.ndarray[Any, Any]":
        """In how many bits each code differs."""
        np = _numpy()
        far = np.zeros(stop - start, np.uint16)
        for first in range(start, stop, _AT_A_TIME):
            last = min(first + _AT_A_TIME, stop)
            part = far[first - start : last - start]
            for words, word in zip(self._words, asked, strict=True):
                part += np.bitwise_count(words[first:last] ^ word)
        return far  # type: ignore[no-any-return]  # of small integers


class HeldCodes:
    """Those of the indexes that are searched most, of one store in one process, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held: dict[UUID, Codes] = {}
        self._asked: Counter[UUID] = Counter()
        self._too_large: dict[UUID, float] = {}
        self._loading: set[UUID] = set()
        self._full = False
        self._lock = Lock()

    def of(self, index_id: UUID, epoch: int, load: Load) -> Codes | None:
        """An index's codes as they were under `epoch`, read with `load` where they are not at hand.

        None where they are not held: no numpy, no room, or another thread is reading them.
        """
        if self._most <= 0 or _numpy() is None:
            return None
        with self._lock:
            self._asked[index_id] += 1
            held = self._held.get(index_id)
            if held is not None and held.epoch == epoch and time.monotonic() - held.read_at < OLDEST:
                return held
            if not self._worth_it(index_id):
                return None
            self._loading.add(index_id)
        try:
            made = Codes(epoch, load(), self._most)
        except MemoryError:
            self._too_large[index_id] = time.monotonic() + OLDEST
            return None
        finally:
            self._loading.discard(index_id)
        with self._lock:
            self._keep(index_id, made)
        return made

    def _worth_it(self, index_id: UUID) -> bool:
        """Reading takes as long as ten searches without, so what is held yields only to what is asked for far more."""
        if index_id in self._loading or self._too_large.get(index_id, 0) > time.monotonic():
            return False
        others = [self._asked[one] for one in self._held if one != index_id]
        return not self._full or index_id in self._held or self._asked[index_id] > 10 + 2 * min(others, default=0)

    def _keep(self, index_id: UUID, made: Codes) -> None:
        self._held.pop(index_id, None)
        while self._held and made.bytes + sum(one.bytes for one in self._held.values()) > self._most:
            self._full = True
            del self._held[min(self._held, key=self._asked.__getitem__)]
            self._asked = Counter({one: times // 2 for one, times in self._asked.items() if times > 1})
        self._held[index_id] = made


@cache
def _numpy() -> Any:
    """Imported when it is first needed: that takes a tenth of a second."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy if hasattr(numpy, "bitwise_count") else None  # 2.0 has it
