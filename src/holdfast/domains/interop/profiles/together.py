"""Codes and segments that go together: how often, and of how many patients. What rules are learned from.

Two sorts of pairs are counted, and which ones depends on the standard alone, never on the messages, so that counts
add up: the coded fields of one segment, two by two ("PV1-2 PV1-10"), beside how often each code came in a segment
("PV1 PV1-2"); and codes that say what a message is about with every segment that comes with them ("ZAB PV1-2 in
message"), beside how often the code came in a message ("* PV1-2 in message"). What is absent follows from these.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Any, TypeVar

from holdfast.domains.interop.hl7 import Delimiters

from .columns import is_kept
from .counts import Field, Patients, Sealer, Value
from .whose import counted

CODES = 256
"""A field with more different codes than these takes part in no pairs."""
PRESENT = "present"
OTHER = "\0"
"""A value that is not kept: long, or with digits as identifiers have them."""
LEADING = {"MSH": (3, 4), "EVN": (4,), "PV1": (2, 4, 10, 14, 18), "ORC": (1,), "OBR": (24,), "TXA": (2,)}
"""The coded fields, by segment, that other segments are seen to come with."""

Pair = tuple[str, str]
Thing = TypeVar("Thing", bound=Hashable)
_TRIED, _FEW = 2_048, 256
"""Where the first rows have few different codes, all are counted together, and pairs are taken from these."""


@dataclass(slots=True)
class Together:
    """Pairs of values of two places. `full`: there were too many, and none is kept."""

    pairs: dict[Pair, Value] = field(default_factory=dict)
    full: bool = False

    def add(self, pairs: Mapping[Pair, Value]) -> None:
        """Counts of pairs, seen before or not."""
        for pair, found in pairs.items():
            mine = self.pairs.setdefault(pair, Value())
            mine.count += found.count
            mine.patients.add(found.patients.digests)


class Pairs(dict[str, Together]):
    """What goes together, by places.

    A field is out of it for good once it has had more than `CODES` codes, in however many parts they were counted, so
    that the same messages give the same pairs.
    """

    def add(self, places: str, pairs: Mapping[Pair, Value]) -> None:
        """Counts of pairs of a field that takes part."""
        self.setdefault(places, Together()).add(pairs)

    def takes_part(self, field: str) -> bool:
        """Whether a field such as "PV1-2" has not had too many codes."""
        alone = self.get(f"{field[:3]} {field}")
        return alone is None or not alone.full

    def merge(self, other: "Pairs") -> None:
        """What the other has counted, added."""
        for places, together in other.items():
            mine = self.setdefault(places, Together())
            mine.full = mine.full or together.full
            mine.add(together.pairs)
        self.settle()

    def settle(self) -> None:
        """Fields that have had too many codes are taken out."""
        full = {name.split(" ")[1] for name, found in self.items() if found.full or self._overfull(name, found)}
        for places in [places for places in self if full.intersection(places.split(" "))] if full else ():
            one, other, *in_message = places.split(" ")
            if one == other[:3] and not in_message:
                self[places] = Together(full=True)
            else:
                del self[places]

    def _overfull(self, places: str, found: Together) -> bool:
        one, other, *in_message = places.split(" ")
        return one == other[:3] and not in_message and len(found.pairs) > CODES

    def state(self, name: str, seal: Sealer) -> dict[str, Any]:
        """As JSON, values sealed for the place."""
        return {places: _state(found, f"{name}/{places}", seal) for places, found in self.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], name: str, unseal: Sealer) -> "Pairs":
        """What `state` gave."""
        return cls({places: _from_state(found, f"{name}/{places}", unseal) for places, found in state.items()})


def _state(found: Together, place: str, seal: Sealer) -> dict[str, Any] | None:
    if found.full:
        return None
    return {seal("\x1f".join(pair), place): [one.count, one.patients.state()] for pair, one in found.pairs.items()}


def _from_state(state: Mapping[str, Any] | None, place: str, unseal: Sealer) -> Together:
    found = Together(full=state is None)
    for sealed, (count, digests) in (state or {}).items():
        first, _, second = unseal(sealed, place).partition("\x1f")
        found.pairs[first, second] = Value(count, Patients(set(digests)))
    return found


def first_codes(column: Sequence[str], delimiters: Delimiters) -> list[str]:
    """The first code of each of a column's values: "" where there is none, `OTHER` where it may not be kept."""
    known: dict[str, str] = {}
    for raw in set(column):
        first = raw.split(delimiters.repetition, 1)[0].split(delimiters.component, 1)[0]
        first = first.split(delimiters.subcomponent, 1)[0]
        known[raw] = first if not first or is_kept(first) else OTHER
    return [known[raw] for raw in column]


def codes_of(codes: Mapping[Field, Sequence[str]], patients: Sequence[int]) -> "Codes":
    """What a segment's coded fields say together. `codes`: the first code of each row, by field."""
    fields = sorted(codes)
    if not fields:
        return Codes(codes, {}, None)
    rows = list(zip(*(codes[field] for field in fields), strict=True))
    if len(set(islice(rows, _TRIED))) > _FEW:
        return Codes(codes, {field: counted(codes[field], patients) for field in fields}, None)
    found = counted(rows, patients)
    alone = {field: _added((row[at], value) for row, value in found.items()) for at, field in enumerate(fields)}
    return Codes(codes, alone, found)


@dataclass(frozen=True)
class Codes:
    """`codes` of rows by field, how often each came `alone`, and the different `rows` where these are few."""

    codes: Mapping[Field, Sequence[str]]
    alone: Mapping[Field, Mapping[str, Value]]
    rows: Mapping[tuple[str, ...], Value] | None

    def pairs(
        self, patients: Sequence[int], taking_part: set[Field]
    ) -> Iterator[tuple[Field, Field, Mapping[Pair, Value]]]:
        """The pairs of codes, two fields at a time."""
        places = {field: at for at, field in enumerate(sorted(self.codes))}
        for one, other in combinations(sorted(taking_part), 2):
            pairs = self._pairs(one, other, places, patients)
            yield one, other, {pair: value for pair, value in pairs.items() if all(pair)}

    def _pairs(
        self, one: Field, other: Field, places: Mapping[Field, int], patients: Sequence[int]
    ) -> Mapping[Pair, Value]:
        left, right = self.codes[one], self.codes[other]
        if len(self.alone[one]) == 1:  # one code in every row: the pairs are those of the other alone
            return {(left[0], code): value for code, value in self.alone[other].items()}
        if len(self.alone[other]) == 1:
            return {(code, right[0]): value for code, value in self.alone[one].items()}
        if self.rows is None:
            return counted(list(zip(left, right, strict=True)), patients)
        at, to = places[one], places[other]
        return _added(((row[at], row[to]), value) for row, value in self.rows.items())


def _added(found: Iterable[tuple[Thing, Value]]) -> dict[Thing, Value]:
    """Values of the same thing as one."""
    whole: dict[Thing, Value] = {}
    for thing, value in found:
        mine = whole.get(thing)
        if mine is None:
            mine = whole[thing] = Value()
        mine.count += value.count
        mine.patients.add(value.patients.digests)
    return whole
