"""One column: the distinct values of a field, cut into repetitions, components and subcomponents."""

import re
from collections.abc import Mapping

from holdfast.domains.interop.hl7 import Delimiters, escapes_in

from .counts import Column, Leaf, Value, add_up, bucket
from .kinds import kind_of

Place = tuple[int, int]
_PARTS = 64
"""The components of a field, and the subcomponents of one, that are looked into."""
LONGEST_CODE = 20
_LIKE_AN_IDENTIFIER = re.compile(r"\d{6}")


def count_column(column: Column, found: Mapping[str, int], delimiters: Delimiters) -> None:
    """Adds what a column holds: `found` says how often each value came, none of them empty."""
    parts = (delimiters.component, delimiters.repetition, delimiters.subcomponent)
    component, repetition, subcomponent = parts
    simple: dict[str, int] = {}
    composite: dict[str, int] = {}
    for raw, times in found.items():
        if component in raw or repetition in raw or subcomponent in raw:
            composite[raw] = times
        else:
            simple[raw] = times
    plain = sum(simple.values())
    column.present += plain + sum(composite.values())
    column.nulls += simple.get('""', 0)
    add_up(column.repetitions, {1: plain} if plain else {})
    add_up(column.components, {1: plain} if plain else {})
    leaves = _cut(column, composite, parts) if composite else {}
    if simple:
        add_up(leaves.setdefault((1, 1), {}), simple)
    for place, values in leaves.items():
        count_leaf(column.leaves.setdefault(place, Leaf()), values, delimiters)


def count_values(
    column: Column,
    found: Mapping[str, int],
    patients: Mapping[str, list[int]],
    coded: Mapping[Place, str],
    delimiters: Delimiters,
) -> None:
    """Adds the values of the coded places, with whose they are."""
    tallies: dict[Place, dict[str, tuple[list[int], list[int]]]] = {place: {} for place in coded}
    targets = [(number - 1, part, tallies[number, part]) for number, part in coded]
    component, repetition, subcomponent = delimiters.component, delimiters.repetition, delimiters.subcomponent
    for raw, whose in patients.items():
        for one in raw.split(repetition):
            components = one.split(component)
            there = len(components)
            for index, part, tally in targets:
                value = components[index] if index < there else ""
                if subcomponent in value:
                    value = "".join(value.split(subcomponent)[part - 1 : part])
                elif part > 1:
                    continue
                if value:
                    entry = tally.get(value)
                    if entry is None:
                        entry = tally[value] = ([], [])
                    entry[0].append(found[raw])
                    entry[1].extend(whose)
    for place, tally in tallies.items():
        for value, (times, whose) in tally.items():
            if value == '""':
                continue
            if is_kept(value):
                count_value(column.leaves[place], value, sum(times), whose)
            else:
                column.leaves[place].withheld += sum(times)
        if tally:
            column.leaves[place].trim(2)


def is_kept(value: str, *, longest: int = LONGEST_CODE) -> bool:
    """Whether a value of a coded place looks like a code, and not like an identifier or a text."""
    return len(value) <= longest and value.isprintable() and not _LIKE_AN_IDENTIFIER.search(value)


def count_value(leaf: Leaf, value: str, times: int, whose: list[int]) -> None:
    """Adds one value of a coded place, which is kept."""
    kept = leaf.values.get(value)
    if kept is None:
        kept = leaf.values[value] = Value()
    kept.count += times
    kept.patients.add(whose)


def _cut(column: Column, found: Mapping[str, int], parts: tuple[str, str, str]) -> dict[Place, dict[str, int]]:
    """How often each value came at each place of these composite ones."""
    component, repetition, subcomponent = parts
    whole: list[dict[str, int]] = [{} for _ in range(_PARTS)]
    inner: dict[Place, dict[str, int]] = {}
    repetitions, sizes = column.repetitions, column.components
    for raw, times in found.items():
        if raw[-1] in parts:
            column.trailing += times
        repeated = raw.split(repetition)
        size = bucket(len(repeated))
        repetitions[size] = repetitions.get(size, 0) + times
        for one in repeated:
            components = one.split(component)
            size = bucket(len(components))
            sizes[size] = sizes.get(size, 0) + times
            for number, (value, values) in enumerate(zip(components, whole, strict=False), 1):
                if not value:
                    continue
                if subcomponent in value:
                    _cut_component(inner, number, value.split(subcomponent)[:_PARTS], times)
                else:
                    values[value] = values.get(value, 0) + times
    for number, values in enumerate(whole, 1):
        if values:
            add_up(inner.setdefault((number, 1), {}), values)
    return inner


def _cut_component(leaves: dict[Place, dict[str, int]], number: int, parts: list[str], times: int) -> None:
    for part, value in enumerate(parts, 1):
        if value:
            values = leaves.setdefault((number, part), {})
            values[value] = values.get(value, 0) + times


def count_leaf(leaf: Leaf, values: Mapping[str, int], delimiters: Delimiters | None = None) -> None:
    """Adds distinct values: lengths in characters, kinds, and escapes where there are delimiters."""
    escape, lengths, kinds = None if delimiters is None else delimiters.escape, leaf.lengths, leaf.kinds
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
        if escape is not None and delimiters is not None and escape in value:
            for name in escapes_in(value, delimiters):
                leaf.escapes[name] = leaf.escapes.get(name, 0) + times
    if sizes:
        leaf.seen(min(sizes))
        leaf.seen(max(sizes))
