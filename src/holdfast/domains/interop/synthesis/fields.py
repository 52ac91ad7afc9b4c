"""One field of many segments at once: present as often, cut in as many parts, of the same kinds, lengths and codes."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.domains.interop.hl7 import Delimiters
from holdfast.domains.interop.hl7.escapes import escape
from holdfast.domains.interop.profiles.counts import Column, Leaf
from holdfast.domains.interop.profiles.kinds import is_dated

from .quotas import chosen, quota, share
from .values import longest_first, make

Place = tuple[int, int]
Weights = Mapping[str, int]
Rows = Sequence[Mapping[Place, str]]
"""Values that belong together, by place within a field: a street with its town. One more often is drawn more often."""
_POOL = 256
"""Different values made for each kind and length; identifiers are numbered instead."""


@dataclass
class Asked:
    """What rules ask of the rows of a field: a code, or that it is absent; and codes a row may not have."""

    codes: dict[int, str] = field(default_factory=dict)
    absent: set[int] = field(default_factory=set)
    forbidden: dict[int, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Sort:
    """What is special in a field: the place of a patient's birth, numbers that are each their own, values given; and
    records, whose values come together.
    """

    birth: bool = False
    numbered: bool = False
    given: Mapping[Place, Weights] = field(default_factory=dict)
    records: Sequence[Rows] = ()


def fill(
    column: Column, occurrences: int, rows: int, asked: Asked, sort: Sort, delimiters: Delimiters, pick: random.Random
) -> tuple[list[str], list[str]]:
    """The text of the field in every row, and its first code."""
    must = asked.codes.keys() - asked.absent
    free = [row for row in range(rows) if row not in asked.absent and row not in must]
    there = sorted(must | chosen(free, share(column.present, occurrences, rows) - len(must), pick))
    repeated = quota(column.repetitions, len(there), pick) or [1] * len(there)
    owners = [row for row, often in zip(there, repeated, strict=True) for _ in range(often)]
    firsts = [at == 0 or owners[at - 1] != row for at, row in enumerate(owners)]
    sizes = quota(column.components, len(owners), pick) or [1] * len(owners)
    parts: list[dict[Place, str]] = [{} for _ in owners]
    whole = sum(column.components.values()) or column.present
    for place, leaf in sorted(column.leaves.items()):
        holders = _holders(column, leaf, place, sizes, share(leaf.present, whole, len(owners)), pick)
        if place == (1, 1):
            holders = sorted({*holders, *(at for at, row in enumerate(owners) if firsts[at] and row in asked.codes)})
        values = _values(leaf, len(holders), sort, place, pick)
        if place == (1, 1) and (asked.codes or asked.forbidden):
            values = _as_asked(values, [owners[at] if firsts[at] else -1 for at in holders], asked)
        for at, value in zip(holders, values, strict=True):
            parts[at][place] = value
    for rows_of in sort.records:
        _draw(column, rows_of, parts, delimiters, pick)
    return _joined(column, rows, owners, firsts, sizes, parts, delimiters, pick)


def _holders(column: Column, leaf: Leaf, place: Place, sizes: list[int], target: int, pick: random.Random) -> list[int]:
    """Which repetitions have a value at a place: where it is the last component, unless some end in delimiters."""
    number, part = place
    could = [at for at, size in enumerate(sizes) if size >= number]
    if leaf.present and len(column.leaves) == 1:
        return could
    last = [at for at in could if sizes[at] == number] if part == 1 and not column.trailing else []
    rest = [at for at in could if sizes[at] != number] if last else could
    return sorted({*last, *chosen(rest, target - len(last), pick)})


def _draw(
    column: Column, rows: Rows, parts: list[dict[Place, str]], delimiters: Delimiters, pick: random.Random
) -> None:
    """Puts the values of a record into the places that are there, in every repetition; none longer than was seen."""
    written = [{place: escape(value, delimiters) for place, value in row.items()} for row in rows]
    longest = {place: leaf.longest for place, leaf in column.leaves.items()}
    fit = [row for row in written if all(len(value) <= longest.get(place, len(value)) for place, value in row.items())]
    for found in parts if fit else ():
        row = fit[int(pick.random() * len(fit))]
        found.update((place, row[place]) for place in found.keys() & row.keys())


def _values(leaf: Leaf, count: int, sort: Sort, place: Place, pick: random.Random) -> list[str]:
    """So many values: codes by their shares, the others made."""
    given = sort.given.get(place)
    if given:
        return pick.choices(list(given), list(given.values()), k=count)
    codes: dict[str | None, int] = {value: one.count for value, one in sorted(leaf.values.items())}
    if leaf.nulls:
        codes['""'] = leaf.nulls
    others = leaf.present - sum(codes.values())
    picked = quota(codes | ({None: others} if others > 0 else {}), count, pick)
    made = iter(_made(leaf, picked.count(None), sort if place == (1, 1) else Sort(), pick))
    return [next(made) if one is None else one for one in picked]


def _made(leaf: Leaf, count: int, sort: Sort, pick: random.Random) -> list[str]:
    if count == 0:
        return []
    kinds = quota(leaf.kinds, count, pick) or ["upper-case word"] * count
    lengths = _lengths(leaf, kinds, count, pick)
    if len(leaf.kinds) > 1:  # kinds take lengths in an order, which then is none that a sender has
        kinds.sort(key=longest_first)
        lengths.sort(reverse=True)
    pool: dict[tuple[str, int], list[str]] = {}
    found: list[str] = []
    unused = iter(lengths)
    for number, kind in enumerate(kinds):
        length = 0 if is_dated(kind) else next(unused, leaf.longest)
        if sort.numbered:
            found.append(_numbered(kind, length, number, pick))
            continue
        known = pool.setdefault((kind, length), [])
        if len(known) < _POOL:
            known.append(make(kind, length, pick, birth=sort.birth))
            found.append(known[-1])
        else:
            found.append(known[int(pick.random() * _POOL)])
    if len(leaf.kinds) > 1:
        pick.shuffle(found)
    return found


def _lengths(leaf: Leaf, kinds: list[str], count: int, pick: random.Random) -> list[int]:
    """The lengths of what is no date: a format of dates has its own."""
    dated = Counter(kind for kind in kinds if is_dated(kind))
    if dated.total() == count:
        return []
    lengths = quota(leaf.lengths, count, pick) or [4] * count
    for kind, times in dated.items():
        size = len(make(kind, 0, pick))
        for _ in range(min(times, lengths.count(size))):
            lengths.remove(size)
    return [min(length, leaf.longest) for length in lengths] if leaf.longest else lengths


def _numbered(kind: str, size: int, number: int, pick: random.Random) -> str:
    """A value that no other row has, where there is room for that."""
    digits = str(number + 1)
    if kind == "integer":
        return digits.rjust(size, "9")[-size:] if len(digits) < size else digits[-size:]
    if kind in ("upper-case code", "code") and size > len(digits):
        return make(kind, size - len(digits), pick)[: size - len(digits)] + digits
    return make(kind, size, pick)


def _as_asked(values: list[str], rows: list[int], asked: Asked) -> list[str]:
    """The same values, exchanged so that every row has what is asked of it."""
    found: list[str | None] = [asked.codes.get(row) for row in rows]
    taken = Counter(value for value in found if value is not None)
    left: list[str] = []
    for value in values:
        if taken[value] > 0:
            taken[value] -= 1
        else:
            left.append(value)
    unsettled = [at for at, value in enumerate(found) if value is None]
    for at in sorted(unsettled, key=lambda at: -len(asked.forbidden.get(rows[at], ()))):
        forbidden = asked.forbidden.get(rows[at], set())
        place = next((index for index in range(len(left) - 1, -1, -1) if left[index] not in forbidden), None)
        if place is not None:
            found[at] = left.pop(place)
        else:
            found[at] = next((value for value in values if value not in forbidden), "")
    return [value or "" for value in found]


def _joined(
    column: Column,
    rows: int,
    owners: list[int],
    firsts: list[bool],
    sizes: list[int],
    parts: list[dict[Place, str]],
    delimiters: Delimiters,
    pick: random.Random,
) -> tuple[list[str], list[str]]:
    texts, codes = [""] * rows, [""] * rows
    for at, row in enumerate(owners):
        found = parts[at]
        if not any(found.values()):
            found = _usual(column, pick)
        text = _text(found, sizes[at], delimiters)
        texts[row] = text if firsts[at] else f"{texts[row]}{delimiters.repetition}{text}"
        if firsts[at]:
            codes[row] = found.get((1, 1), "")
    return texts, codes


def _usual(column: Column, pick: random.Random) -> dict[Place, str]:
    """The place that most often has a value, with one: a field that is there is not empty."""
    place, leaf = max(column.leaves.items(), key=lambda one: one[1].present)
    if leaf.values:
        return {place: max(leaf.values, key=lambda value: leaf.values[value].count)}
    kind = max(sorted(leaf.kinds), key=lambda one: leaf.kinds[one], default="integer")
    return {place: make(kind, leaf.longest, pick)}


def _text(found: dict[Place, str], size: int, delimiters: Delimiters) -> str:
    """Components and their parts, put together."""
    if len(found) == 1 and size == 1 and (1, 1) in found:
        return found[1, 1]
    components = [""] * max(size, max((number for number, _ in found), default=1))
    for (number, part), value in sorted(found.items()):
        if part == 1:
            components[number - 1] = value
        else:
            there = components[number - 1].split(delimiters.subcomponent)
            there += [""] * (part - len(there))
            there[part - 1] = value
            components[number - 1] = delimiters.subcomponent.join(there)
    return delimiters.component.join(components)
