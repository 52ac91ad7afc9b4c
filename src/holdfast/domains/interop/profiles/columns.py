"""One column: the distinct values of a field, cut into repetitions, components and subcomponents."""

import re
from collections.abc import Iterator, Mapping

from holdfast.domains.interop.hl7 import Delimiters, escapes_in

from .counts import Column, Histogram, Leaf, Value, bucket
from .kinds import kind_of

Place = tuple[int, int]
_PARTS = 64
"""The components of a field, and the subcomponents of one, that are looked into."""
_LONGEST_CODE = 20
_LIKE_AN_IDENTIFIER = re.compile(r"\d{6}")


def count_column(column: Column, found: Mapping[str, int], delimiters: Delimiters) -> None:
    """Adds what a column holds: `found` says how often each value came, none of them empty."""
    parts = (delimiters.component, delimiters.repetition, delimiters.subcomponent)
    component, repetition, subcomponent = parts
    leaves: dict[Place, dict[str, int]] = {(1, 1): {}}
    simple, plain = leaves[1, 1], 0
    for raw, times in found.items():
        if component in raw or repetition in raw or subcomponent in raw:
            _cut(column, leaves, raw, times, parts)
        else:
            simple[raw] = simple.get(raw, 0) + times
            plain += times
    column.present += sum(found.values())
    column.nulls += found.get('""', 0)
    _more(column.repetitions, 1, plain)
    _more(column.components, 1, plain)
    for place, values in leaves.items():
        if values:
            _count_leaf(column.leaves.setdefault(place, Leaf()), values, delimiters)


def count_values(
    column: Column,
    found: Mapping[str, int],
    patients: Mapping[str, list[int]],
    coded: Mapping[Place, str],
    delimiters: Delimiters,
) -> None:
    """Adds the values of the coded places, with whose they are."""
    for raw, times in found.items():
        for place, value in _at(raw, coded, delimiters):
            leaf = column.leaves[place]
            if len(value) > _LONGEST_CODE or not value.isprintable() or _LIKE_AN_IDENTIFIER.search(value):
                leaf.withheld += times
                continue
            kept = leaf.values.get(value)
            if kept is None:
                kept = leaf.values[value] = Value()
            kept.count += times
            kept.patients.add(patients[raw])
    for leaf in column.leaves.values():
        leaf.trim(2)


def _cut(
    column: Column, leaves: dict[Place, dict[str, int]], raw: str, times: int, parts: tuple[str, str, str]
) -> None:
    """Adds the parts of one value to `leaves`."""
    component, repetition, subcomponent = parts
    repeated = raw.split(repetition)
    _more(column.repetitions, bucket(len(repeated)), times)
    if raw[-1] in parts:
        column.trailing += times
    for one in repeated:
        components = one.split(component)
        _more(column.components, bucket(len(components)), times)
        for number, value in enumerate(components[:_PARTS], 1):
            if not value:
                continue
            if subcomponent in value:
                for part, inner in enumerate(value.split(subcomponent)[:_PARTS], 1):
                    if inner:
                        values = leaves.setdefault((number, part), {})
                        values[inner] = values.get(inner, 0) + times
            else:
                values = leaves.get((number, 1)) or leaves.setdefault((number, 1), {})
                values[value] = values.get(value, 0) + times


def _count_leaf(leaf: Leaf, values: Mapping[str, int], delimiters: Delimiters) -> None:
    """Adds distinct values: lengths in characters, kinds, escapes."""
    escape, lengths, kinds = delimiters.escape, leaf.lengths, leaf.kinds
    sizes: set[int] = set()
    for value, times in values.items():
        leaf.present += times
        if value == '""':
            leaf.nulls += times
            continue
        size = len(value)
        sizes.add(size)
        held = size if size < 64 else bucket(size)
        lengths[held] = lengths.get(held, 0) + times
        kind = kind_of(value)
        kinds[kind] = kinds.get(kind, 0) + times
        if value[0] == " " or value[-1] == " ":
            leaf.padded += times
        if escape in value:
            for name in escapes_in(value, delimiters):
                leaf.escapes[name] = leaf.escapes.get(name, 0) + times
    if sizes:
        leaf.seen(min(sizes))
        leaf.seen(max(sizes))


def _at(raw: str, coded: Mapping[Place, str], delimiters: Delimiters) -> Iterator[tuple[Place, str]]:
    """The values at the coded places of one field, but for empty and null ones."""
    for one in raw.split(delimiters.repetition):
        components = one.split(delimiters.component)
        for place in coded:
            number, part = place
            if number > len(components):
                continue
            inner = components[number - 1].split(delimiters.subcomponent)
            if part <= len(inner) and inner[part - 1] not in ("", '""'):
                yield place, inner[part - 1]


def _more(into: Histogram, size: int, times: int) -> None:
    if times:
        into[size] = into.get(size, 0) + times
