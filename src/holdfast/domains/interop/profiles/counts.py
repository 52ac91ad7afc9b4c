"""The counts that a profile is made of. Every one of them adds up, in any order and grouping, to the same.

`state` gives plain JSON of whole numbers; `from_state` takes it back. Values go through the key on the way.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

PATIENTS = 64
"""How many patients of a value are counted exactly; above it the count is an estimate (bottom-k)."""
VALUES = 4_096
"""How many values a place keeps: above it those whose hash is smallest, so that the choice does not depend on order."""
_EXACT = 64
_HASHES = 1 << 64

Histogram = dict[int, int]
Tally = dict[str, int]
Sealer = Callable[[str, str], str]
Field = int | str
"""A field of a segment: its number in HL7 v2, its name in the other standards. A profile has one or the other."""


def bucket(size: int) -> int:
    """A length or number as a histogram holds it: exact below 64, then eighths of each doubling."""
    if size < _EXACT:
        return size
    shift = size.bit_length() - 4
    return size >> shift << shift


def add_up(into: dict[Any, int], other: Mapping[Any, int]) -> None:
    """Counts into counts."""
    for name, count in other.items():
        into[name] = into.get(name, 0) + count


class Patients:
    """Distinct patients, as the smallest of their digests: exact up to `PATIENTS`.

    `told`: how many a document says there are. Such patients are nobody's, and do not add up.
    """

    __slots__ = ("digests", "told")

    def __init__(self, digests: set[int] | None = None, *, told: int | None = None) -> None:
        self.digests = set() if digests is None else digests
        self.told = told

    def add(self, digests: "list[int] | set[int]") -> None:
        """More of them, seen before or not."""
        self.digests.update(digests)
        if len(self.digests) > 4 * PATIENTS:
            self.digests = set(nsmallest(PATIENTS, self.digests))

    def state(self) -> list[int]:
        """The smallest, in order."""
        return nsmallest(PATIENTS, self.digests)

    @property
    def count(self) -> int:
        """How many there are; an estimate above `PATIENTS`."""
        if self.told is not None:
            return self.told
        kept = self.state()
        return len(kept) if len(kept) < PATIENTS else (PATIENTS - 1) * _HASHES // (kept[-1] + 1)


@dataclass(slots=True)
class Value:
    """One value of a coded place."""

    count: int = 0
    patients: Patients = field(default_factory=Patients)


@dataclass(slots=True)
class Leaf:
    """Values without parts: of a field, component or subcomponent."""

    present: int = 0
    nulls: int = 0
    padded: int = 0
    shortest: int = -1
    longest: int = 0
    lengths: Histogram = field(default_factory=dict)
    kinds: Tally = field(default_factory=dict)
    escapes: Tally = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    withheld: int = 0
    """Values of a coded place that look like none: long, or with digits as identifiers have them."""

    def seen(self, size: int) -> None:
        """One length, for the ends of the range."""
        self.shortest = size if self.shortest < 0 else min(self.shortest, size)
        self.longest = max(self.longest, size)

    def trim(self, often: int = 1) -> None:
        """Leaves the values whose hashes are smallest, once there are `often` times too many."""
        if len(self.values) > often * VALUES:
            kept = nsmallest(VALUES, self.values, key=_rank)
            self.values = {value: self.values[value] for value in kept}

    def merge(self, other: "Leaf") -> None:
        """What the other has counted, added."""
        self.present += other.present
        self.nulls += other.nulls
        self.padded += other.padded
        self.withheld += other.withheld
        if other.shortest >= 0:
            self.seen(other.shortest)
            self.seen(other.longest)
        add_up(self.lengths, other.lengths)
        add_up(self.kinds, other.kinds)
        add_up(self.escapes, other.escapes)
        for value, found in other.values.items():
            mine = self.values.setdefault(value, Value())
            mine.count += found.count
            mine.patients.add(found.patients.digests)
        self.trim(2)

    def state(self, place: str, seal: Sealer) -> dict[str, Any]:
        """As JSON, values sealed for the place."""
        self.trim()
        values = {seal(value, place): [one.count, one.patients.state()] for value, one in self.values.items()}
        return {
            "present": self.present,
            "nulls": self.nulls,
            "padded": self.padded,
            "withheld": self.withheld,
            "shortest": self.shortest,
            "longest": self.longest,
            "lengths": self.lengths,
            "kinds": self.kinds,
            "escapes": self.escapes,
            "values": values,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], place: str, unseal: Sealer) -> "Leaf":
        """What `state` gave."""
        values = {unseal(sealed, place): _value(*found) for sealed, found in state["values"].items()}
        simple = {name: state[name] for name in ("present", "nulls", "padded", "withheld", "shortest", "longest")}
        return cls(
            **simple,
            lengths=histogram(state["lengths"]),
            kinds=dict(state["kinds"]),
            escapes=dict(state["escapes"]),
            values=values,
        )


@dataclass(slots=True)
class Column:
    """One field of a segment. `leaves` by component and subcomponent."""

    present: int = 0
    nulls: int = 0
    trailing: int = 0
    repetitions: Histogram = field(default_factory=dict)
    components: Histogram = field(default_factory=dict)
    leaves: dict[tuple[int, int], Leaf] = field(default_factory=dict)

    def merge(self, other: "Column") -> None:
        """What the other has counted, added."""
        self.present += other.present
        self.nulls += other.nulls
        self.trailing += other.trailing
        add_up(self.repetitions, other.repetitions)
        add_up(self.components, other.components)
        for place, leaf in other.leaves.items():
            self.leaves.setdefault(place, Leaf()).merge(leaf)

    def state(self, place: str, seal: Sealer) -> dict[str, Any]:
        """As JSON, values sealed for the place."""
        leaves = {
            f"{one}.{part}": leaf.state(f"{place}.{one}.{part}", seal) for (one, part), leaf in self.leaves.items()
        }
        return {
            "present": self.present,
            "nulls": self.nulls,
            "trailing": self.trailing,
            "repetitions": self.repetitions,
            "components": self.components,
            "leaves": leaves,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], place: str, unseal: Sealer) -> "Column":
        """What `state` gave."""
        leaves = {}
        for name, leaf in state["leaves"].items():
            one, part = name.split(".")
            leaves[int(one), int(part)] = Leaf.from_state(leaf, f"{place}.{name}", unseal)
        return cls(
            present=state["present"],
            nulls=state["nulls"],
            trailing=state["trailing"],
            repetitions=histogram(state["repetitions"]),
            components=histogram(state["components"]),
            leaves=leaves,
        )


@dataclass(slots=True)
class SegmentCounts:
    """One segment; in FHIR and NCPDP SCRIPT the objects at one path, whose values without parts are its fields.

    `in_message` is how often it came in a message that has it; `widths` how many fields it had.
    """

    occurrences: int = 0
    trailing: int = 0
    beyond: int = 0
    in_message: Histogram = field(default_factory=dict)
    widths: Histogram = field(default_factory=dict)
    columns: dict[Field, Column] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """How many messages have it."""
        return sum(self.in_message.values())

    def merge(self, other: "SegmentCounts") -> None:
        """What the other has counted, added."""
        self.occurrences += other.occurrences
        self.trailing += other.trailing
        self.beyond += other.beyond
        add_up(self.in_message, other.in_message)
        add_up(self.widths, other.widths)
        for number, column in other.columns.items():
            self.columns.setdefault(number, Column()).merge(column)

    def state(self, name: str, seal: Sealer) -> dict[str, Any]:
        """As JSON, values sealed for the place."""
        return {
            "occurrences": self.occurrences,
            "trailing": self.trailing,
            "beyond": self.beyond,
            "in_message": self.in_message,
            "widths": self.widths,
            "columns": {str(one): column.state(f"{name}-{one}", seal) for one, column in self.columns.items()},
        }

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], name: str, unseal: Sealer, field_of: Callable[[str], Field]
    ) -> "SegmentCounts":
        """What `state` gave. `field_of` makes a field's number or name of what JSON has."""
        columns = {
            field_of(one): Column.from_state(column, f"{name}-{one}", unseal)
            for one, column in state["columns"].items()
        }
        return cls(
            occurrences=state["occurrences"],
            trailing=state["trailing"],
            beyond=state["beyond"],
            in_message=histogram(state["in_message"]),
            widths=histogram(state["widths"]),
            columns=columns,
        )


def histogram(state: Mapping[str, int]) -> Histogram:
    """JSON has names for keys where a histogram has numbers."""
    return {int(size): count for size, count in state.items()}


def _value(count: int, digests: list[int]) -> Value:
    return Value(count, Patients(set(digests)))


def _rank(value: str) -> tuple[bytes, str]:
    return hashlib.blake2b(value.encode("utf-8", "surrogateescape"), digest_size=8).digest(), value
