"""One column: the distinct values of a field, cut into repetitions, components and subcomponents."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest

from holdfast.domains.interop.hl7 import Delimiters, escapes_in

from .counts import Column, Histogram, Leaf, Value, add_up, bucket
from .kinds import kind_of_shape, shapes_of
from .whose import FIRST, distinct, enough

Place = tuple[int, int]
Leaves = dict[Place, dict[str, int]]
"""How often each value came at each place."""
_PARTS = 64
"""The components of a field, and the subcomponents of one, that are looked into."""
LONGEST_CODE = 20
_LIKE_AN_IDENTIFIER = re.compile(r"\d{6}")


def count_column(column: Column, found: Mapping[str, int], delimiters: Delimiters) -> Leaves:
    """Adds what a column holds, and gives it cut. `found` says how often each value came, none of them empty."""
    parts = (delimiters.component, delimiters.repetition, delimiters.subcomponent)
    together = "\n".join(found)
    if not any(part in together for part in parts):
        simple, composite = found, {}
    else:
        component, repetition, subcomponent = parts
        composite = {
            raw: times for raw, times in found.items() if component in raw or repetition in raw or subcomponent in raw
        }
        simple = {raw: times for raw, times in found.items() if raw not in composite}
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
    return leaves


def count_values(
    column: Column,
    leaves: Leaves,
    rows: Sequence[str],
    patients: Sequence[int],
    coded: Iterable[Place],
    delimiters: Delimiters,
) -> None:
    """Adds the values of the coded places, with whose they are. `patients`: of each row, in ascending order."""
    kept: dict[Place, dict[str, int]] = {}
    for place in coded:
        for value, times in leaves.get(place, {}).items():
            if is_kept(value):
                if value != '""':
                    kept.setdefault(place, {})[value] = times
            else:
                column.leaves[place].withheld += times
    for place, found in _owners(kept, rows, patients, delimiters).items():
        leaf = column.leaves[place]
        for value, whose in found.items():
            count_value(leaf, value, kept[place][value], distinct(whose))
        leaf.trim(2)


def _owners(
    kept: Mapping[Place, dict[str, int]], rows: Sequence[str], patients: Sequence[int], delimiters: Delimiters
) -> dict[Place, dict[str, list[int]]]:
    """The smallest patients of every value of these places. Rows are cut until all of them are found."""
    found = {place: {value: list[int]() for value in values} for place, values in kept.items()}
    until, begun, open_places = FIRST, 0, list(kept)
    while begun < len(rows) and open_places:
        whose: list[int] = []
        pieces: list[str] = []
        for raw, patient in zip(rows[begun:until], patients[begun:until], strict=True):
            if delimiters.repetition in raw:
                repeated = raw.split(delimiters.repetition)
                pieces += repeated
                whose += [patient] * len(repeated)
            elif raw:
                pieces.append(raw)
                whose.append(patient)
        cut = [piece.split(delimiters.component) for piece in pieces]
        for place in open_places:
            _add_owners(found[place], cut, whose, place, delimiters.subcomponent)
        begun, until = until, 2 * until
        open_places = [place for place in open_places if not enough(found[place], kept[place])]
    return found


def _add_owners(
    found: dict[str, list[int]], cut: list[list[str]], whose: list[int], place: Place, subcomponent: str
) -> None:
    number, part = place
    for components, patient in zip(cut, whose, strict=True):
        if len(components) >= number:
            value = components[number - 1]
            if subcomponent in value:
                value = "".join(value.split(subcomponent)[part - 1 : part])
            elif part > 1:
                continue
            if value in found:
                found[value].append(patient)


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


def _cut(column: Column, found: Mapping[str, int], parts: tuple[str, str, str]) -> Leaves:
    """How often each value came at each place of these composite ones."""
    leaves: Leaves = {}
    as_often: defaultdict[int, list[str]] = defaultdict(list)
    for raw, times in found.items():
        as_often[times].append(raw)
    for times, values in as_often.items():
        _cut_together(column, leaves, values, times, parts)
    return leaves


def _cut_together(column: Column, leaves: Leaves, found: list[str], times: int, parts: tuple[str, str, str]) -> None:
    """Values that came as often as each other, their components side by side."""
    component, repetition, subcomponent = parts
    together = "\n".join([*found, ""])
    column.trailing += times * sum(together.count(f"{part}\n") for part in set(parts))
    if repetition in together:
        repeated = [raw.split(repetition) for raw in found]
        _add_sizes(column.repetitions, map(len, repeated), times)
        rows = [one.split(component) for values in repeated for one in values]
    else:
        _add_sizes(column.repetitions, [1] * len(found), times)
        rows = [raw.split(component) for raw in found]
    _add_sizes(column.components, map(len, rows), times)
    if max(map(len, rows)) > _PARTS:
        rows = [row[:_PARTS] for row in rows]
    has_parts = subcomponent in together
    for number, values in enumerate(zip_longest(*rows, fillvalue=""), 1):
        tally = Counter(values)
        del tally[""]
        for value in [value for value in tally if subcomponent in value] if has_parts else ():
            _cut_component(leaves, number, value.split(subcomponent)[:_PARTS], tally.pop(value) * times)
        if tally:
            place = leaves.setdefault((number, 1), {})
            for value, often in tally.items():
                place[value] = place.get(value, 0) + often * times


def _add_sizes(sizes: Histogram, found: Iterable[int], times: int) -> None:
    for size, often in Counter(found).items():
        held = bucket(size)
        sizes[held] = sizes.get(held, 0) + often * times


def _cut_component(leaves: Leaves, number: int, parts: list[str], times: int) -> None:
    for part, value in enumerate(parts, 1):
        if value:
            values = leaves.setdefault((number, part), {})
            values[value] = values.get(value, 0) + times


def count_leaf(leaf: Leaf, values: Mapping[str, int], delimiters: Delimiters | None = None) -> None:
    """Adds distinct values: lengths in characters, kinds, and escapes where there are delimiters."""
    if not values:
        return
    shapes = shapes_of(list(values))
    tally: dict[str, int] = {}
    for shape, times in zip(shapes, values.values(), strict=True):
        tally[shape] = tally.get(shape, 0) + times
    undecided = _count_shapes(leaf, tally)
    if undecided:
        kinds = leaf.kinds
        for (value, times), shape in zip(values.items(), shapes, strict=True):
            if shape in undecided:
                kind = undecided[shape](value)
                kinds[kind] = kinds.get(kind, 0) + times
    if delimiters is not None and delimiters.escape in "\n".join(values):
        for value, times in values.items():
            if value != '""' and delimiters.escape in value:
                for name in escapes_in(value, delimiters):
                    leaf.escapes[name] = leaf.escapes.get(name, 0) + times


def _count_shapes(leaf: Leaf, tally: Mapping[str, int]) -> dict[str, Callable[[str], str]]:
    """Adds what a shape tells. Gives those whose values have to be looked at for their kind."""
    undecided: dict[str, Callable[[str], str]] = {}
    lengths, kinds = leaf.lengths, leaf.kinds
    for shape, times in tally.items():
        leaf.present += times
        if shape == '""':
            leaf.nulls += times
            continue
        size = len(shape)
        leaf.seen(size)
        held = size if size < 64 else bucket(size)
        lengths[held] = lengths.get(held, 0) + times
        if shape[0] == " " or shape[-1] == " ":
            leaf.padded += times
        kind = kind_of_shape(shape)
        if isinstance(kind, str):
            kinds[kind] = kinds.get(kind, 0) + times
        else:
            undecided[shape] = kind
    return undecided
