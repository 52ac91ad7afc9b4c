"""Counting messages that are objects within objects, path by path.

As with HL7 v2, messages wait until there are enough; then the values of a path are a column, and only distinct ones
are looked into. The objects at a path are a segment, their values without parts its fields.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from heapq import nsmallest
from itertools import pairwise
from typing import Any

from holdfast.domains.interop import fhir
from holdfast.domains.interop.trees import DEEPEST, Tree, TreeMessage

from .columns import LONGEST_CODE, count_leaf, count_value, is_kept
from .counts import PATIENTS, Column, Histogram, Leaf, SegmentCounts, add_up, bucket
from .keys import ProfileKey
from .standards import Standard, bound
from .type_counts import TypeCounts

_NAME = re.compile(r"[@#_]?[A-Za-z0-9][A-Za-z0-9]{0,63}(?:@[A-Za-z][A-Za-z0-9]{0,63})?")
_DIGITS = re.compile(r"\d{6}")
_OTHER = "other"
SLICED = frozenset({"extension", "modifierExtension"})
KINDS = {bool: "boolean", int: "JSON integer", float: "JSON decimal"}
_COMMON_OID = "urn:oid:2.16.840.1.113883"
"""Where HL7 registers systems of codes; six digits of it are no identifier of anybody."""


class _Place:
    """One path: the objects there, and the values there that have no parts."""

    __slots__ = ("children", "coded", "lists", "nulls", "others", "path", "rows", "values", "whose", "widths")

    def __init__(self, path: str, coded: bool) -> None:
        self.path, self.coded = path, coded
        self.children: dict[str, _Place] = {}
        self.rows: list[int] = []  # the number of the message of every object
        self.widths: list[int] = []
        self.values: list[str] = []
        self.whose: list[int] = []
        self.lists: list[tuple[int, int]] = []  # for every list: how many values, and how many of them in `values`
        self.nulls = 0
        self.others: list[bool | int | float] = []


class TreeCounting:
    """Messages of one type and version, added to `counts` when there are enough."""

    def __init__(self, counts: TypeCounts, key: ProfileKey, standard: Standard, version: str, root: str) -> None:
        self.counts, self.key, self.standard, self.version = counts, key, standard, version
        self._root = root
        self._forget()

    def add(self, message: TreeMessage, digest: int) -> None:
        """One message, whose digest stands for its patient where it names none."""
        patient = self.key.patient(message.patient) if message.patient else digest
        self._patient = patient
        self._all_patients.add(patient)
        self._object(self._top, message.tree, 1)
        self._messages += 1
        self._orders[message.order] += 1
        for habit, used in message.habits.items():
            self._habits[habit, used] += 1
        for problem in message.problems:
            self._problems[problem.kind] += 1

    def flush(self) -> None:
        """Everything that waits is counted."""
        counts = self.counts
        counts.messages += self._messages
        counts.patients.add(self._all_patients)
        add_up(counts.problems, self._problems)
        for (habit, used), times in self._habits.items():
            add_up(counts.habits.setdefault(habit, {}), {used: times})
        for order, times in self._orders.items():
            if order:
                pairs = Counter(f"{a}>{b}" for a, b in pairwise(("^", *order, "$")))
                add_up(counts.follows, {pair: often * times for pair, often in pairs.items()})
        self._count(self._top)
        self._forget()

    def _forget(self) -> None:
        self._messages = self._patient = 0
        self._all_patients: set[int] = set()
        self._habits: Counter[tuple[str, str]] = Counter()
        self._problems: Counter[str] = Counter()
        self._orders: Counter[tuple[str, ...]] = Counter()
        self._top = _Place(self._root, False)

    def _object(self, place: _Place, found: Tree, depth: int) -> None:
        """Hot: a call for every object."""
        place.rows.append(self._messages)
        place.widths.append(len(found))
        children = place.children
        for name, value in found.items():
            child = children.get(name)
            if child is None:
                child = self._child(place, name)
            kind = value.__class__
            if kind is str:
                child.values.append(value)
                if child.coded:
                    child.whose.append(self._patient)
            elif kind is dict:
                if depth < DEEPEST:
                    self._object(self._slice(place, name, value) if name in SLICED else child, value, depth + 1)
            elif kind is list:
                self._list(place, child, name, value, depth)
            elif value is None:
                child.nulls += 1
            else:
                child.others.append(value)

    def _list(self, place: _Place, child: _Place, name: str, values: list[Any], depth: int) -> None:
        plain = 0
        before = len(child.values) + len(child.others) + child.nulls
        for value in values:
            kind = value.__class__
            if kind is dict:
                if depth < DEEPEST:
                    self._object(self._slice(place, name, value) if name in SLICED else child, value, depth + 1)
                continue
            plain += 1
            if kind is str:
                child.values.append(value)
                if child.coded:
                    child.whose.append(self._patient)
            elif value is None or kind is list:  # a list within a list is in none of these standards
                child.nulls += 1
            else:
                child.others.append(value)
        if plain:
            child.lists.append((plain, len(child.values) + len(child.others) + child.nulls - before))

    def _slice(self, place: _Place, name: str, value: Tree) -> _Place:
        """The place of an extension, by the end of its URL, as in `extension:us-core-race`."""
        child = place.children.get(full := place_name(name, value))
        if child is None:
            child = place.children[full] = _Place(f"{place.path}.{full}", False)
        return child

    def _child(self, place: _Place, name: str) -> _Place:
        """The place of a name; all that do not look like one share a place, since they may be anything."""
        name = place_name(name)
        child = place.children.get(name)
        if child is None:
            coded = bool(bound(self.standard, self.version, place.path)(name))
            child = place.children[name] = _Place(f"{place.path}.{name}", coded)
        return child

    def _count(self, place: _Place) -> None:
        if place.rows:
            segment = self.counts.segments.setdefault(place.path, SegmentCounts())
            segment.occurrences += len(place.rows)
            add_up(segment.in_message, _sizes(Counter(place.rows).values()))
            add_up(segment.widths, _sizes(place.widths))
            for name, child in place.children.items():
                if child.values or child.others or child.nulls:
                    _count_column(segment.columns.setdefault(name, Column()), child)
        for child in place.children.values():
            self._count(child)


def place_name(name: str, extension: Mapping[str, Any] | None = None) -> str:
    """What a name is called in a location: as it is where it looks like one, since it may be anything.

    `extension`: the object that tells one from others by its URL, as in `extension:us-core-race`.
    """
    if extension is not None:
        return f"{name}:{fhir.slice_of(extension.get('url'))}"
    return name if name in SLICED or _looks_like_a_name(name) else _OTHER


def _looks_like_a_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not _DIGITS.search(name)


def _sizes(found: Any) -> Histogram:
    sizes: Histogram = {}
    for size, times in Counter(found).items():
        held = bucket(size)
        sizes[held] = sizes.get(held, 0) + times
    return sizes


def _count_column(column: Column, place: _Place) -> None:
    whole = len(place.values) + len(place.others) + place.nulls
    in_lists = sum(plain for plain, _ in place.lists)
    singles = whole - in_lists
    column.present += singles + len(place.lists)
    add_up(column.repetitions, _sizes([plain for plain, _ in place.lists]))
    add_up(column.repetitions, {1: singles} if singles else {})
    found = Counter(place.values)
    empty = found.pop("", 0)
    column.nulls += place.nulls + empty
    leaf = column.leaves.setdefault((1, 1), Leaf())
    leaf.present += place.nulls + empty
    leaf.nulls += place.nulls + empty
    count_leaf(leaf, found)
    for kind, times in Counter(map(type, place.others)).items():
        leaf.present += times
        add_up(leaf.kinds, {KINDS[kind]: times})
    _count_lengths(leaf, Counter(map(str, place.others)))
    if place.coded:
        _count_codes(leaf, place, found)


def _count_codes(leaf: Leaf, place: _Place, found: Counter[str]) -> None:
    longest = fhir.URI_LENGTH if place.path.endswith((".system", ".url")) else LONGEST_CODE
    for value, whose in _patients_of(place.values, place.whose).items():
        if is_kept(value.removeprefix(_COMMON_OID), longest=longest):
            count_value(leaf, value, found[value], whose)
        else:
            leaf.withheld += found[value]
    leaf.trim(2)


def _patients_of(values: list[str], patients: list[int]) -> dict[str, list[int]]:
    """The patients of every value, at most as many as are counted exactly: the smallest of their digests."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for value, patient in set(zip(values, patients, strict=True)):
        if value:
            found[value].append(patient)
    return {value: nsmallest(PATIENTS, some) if len(some) > PATIENTS else some for value, some in found.items()}


def _count_lengths(leaf: Leaf, found: Counter[str]) -> None:
    for value, times in found.items():
        leaf.seen(len(value))
        add_up(leaf.lengths, {bucket(len(value)): times})
