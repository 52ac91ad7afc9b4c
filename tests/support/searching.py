"""Many texts looked for in many bytes at once: exact, in a time that hardly grows with how many there are."""

from collections.abc import Iterable

import numpy

_FIRST = 8


class Needles:
    """Texts of eight bytes and more. Each place of the bytes is compared by its first eight, as one number.

    A text of digits alone is not looked for after another digit: 1980-12-20 is no birth date in 2198-01-22 0:00.
    """

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._by_first: dict[int, set[bytes]] = {}
        for one in needles:
            if len(one) < _FIRST:
                raise ValueError(f"a text of {len(one)} bytes is too short to be looked for")
            self._by_first.setdefault(int.from_bytes(one[:_FIRST], "little"), set()).add(one)
        self._firsts = numpy.array(sorted(self._by_first), dtype="<u8")

    def __len__(self) -> int:
        return sum(map(len, self._by_first.values()))

    def found_in(self, raw: bytes) -> list[bytes]:
        """Those that are somewhere in it, in order."""
        found: set[bytes] = set()
        for offset in range(min(_FIRST, max(0, len(raw) - _FIRST + 1))):
            numbers = numpy.frombuffer(raw, dtype="<u8", offset=offset, count=(len(raw) - offset) // _FIRST)
            near = numpy.minimum(numpy.searchsorted(self._firsts, numbers), len(self._firsts) - 1)
            for at in numpy.flatnonzero(self._firsts[near] == numbers):
                place = offset + int(at) * _FIRST
                candidates = self._by_first[int(numbers[at])]
                inside = raw[max(0, place - 1) : place].isdigit()
                found |= {one for one in candidates if raw.startswith(one, place) and not (inside and one.isdigit())}
        return sorted(found)
