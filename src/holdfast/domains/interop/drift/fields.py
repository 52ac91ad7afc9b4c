"""What is asked of the fields of a segment: whether they are sent, how often, in which formats, lengths and codes."""

from collections.abc import Iterator, Mapping
from math import ceil

from holdfast.domains.interop.places import place_of
from holdfast.domains.interop.profiles.counts import Column, Field, Leaf, SegmentCounts, Value
from holdfast.domains.interop.profiles.kinds import NUMBERS, is_dated
from holdfast.domains.interop.profiles.type_counts import TypeCounts
from holdfast.domains.interop.standard.rules import rules

from .asking import categories, percent, presence, steps, worth
from .findings import Question, Share, most_different, sampled

_UPPER = frozenset({"upper-case word", "upper-case code"})


def field_questions(name: str, before: TypeCounts, after: TypeCounts, version: str, k: int) -> Iterator[Question]:
    """Of every field of a segment that both have."""
    numbered = _numbered(name, version)
    one, other = before.segments[name], after.segments[name]
    worths = worth(one.in_message), worth(other.in_message)
    none = Column()
    for number in sorted(one.columns.keys() | other.columns.keys()):
        location = place_of(name, number)
        mine, theirs = one.columns.get(number, none), other.columns.get(number, none)
        asked = presence(location, "field", _share(location, (mine.present, theirs.present), one, other, worths))
        if asked is not None:
            yield asked
        if mine.present and theirs.present:
            sides = _Side(mine, before, worths[0]), _Side(theirs, after, worths[1])
            yield from _of_column(name, number, *sides, k, measured=number not in numbered)


def _numbered(name: str, version: str) -> frozenset[int]:
    """Fields whose values count up, so that they grow longer by themselves: MSH-10, MSH-13 and set ids."""
    known = rules(version, name) or {}
    counted = {number for number, rule in known.items() if rule.types.get((1, 1)) == "SI"}
    return frozenset(counted | ({10, 13} if name == "MSH" else set()))


def _share(
    what: str, present: tuple[int, int], one: SegmentCounts, other: SegmentCounts, worths: tuple[float, float]
) -> Share:
    return Share(
        what,
        *sampled(present[0], one.occurrences, one.occurrences * worths[0]),
        *sampled(present[1], other.occurrences, other.occurrences * worths[1]),
    )


class _Side:
    """A field before or after, and what its counts are worth as a sample."""

    def __init__(self, column: Column, counts: TypeCounts, of_segment: float) -> None:
        self.column = column
        self.repeated = sum(size * count for size, count in column.repetitions.items())
        self.of_field = of_segment
        self.worth = of_segment * worth(column.repetitions)
        # Codes and lengths are also alike where the patient is the same.
        self.of_patients = self.worth * min(1.0, counts.patients.count / max(counts.messages, 1))
        self.messages_a_patient = counts.messages / max(counts.patients.count, 1)

    def leaf(self, place: tuple[int, int]) -> Leaf:
        return self.column.leaves.get(place, Leaf())


def _of_column(segment: str, field: Field, one: _Side, other: _Side, k: int, *, measured: bool) -> Iterator[Question]:
    repeated = steps(
        place_of(segment, field),
        "cardinality",
        one.column.repetitions,
        other.column.repetitions,
        (one.column.present * one.of_field, other.column.present * other.of_field),
    )
    if repeated is not None:
        yield repeated
    places = sorted(one.column.leaves.keys() | other.column.leaves.keys())
    for place in places:
        where = place_of(segment, field, place)
        mine, theirs = one.leaf(place), other.leaf(place)
        if len(places) > 1:
            share = Share(
                where,
                *sampled(mine.present, one.repeated, one.repeated * one.worth),
                *sampled(theirs.present, other.repeated, other.repeated * other.worth),
            )
            asked = presence(where, "component", share)
            if asked is not None:
                yield asked
        if mine.present and theirs.present:
            yield from _of_leaf(where, mine, theirs, one, other, k)
            if measured and not _dated(mine):
                sizes = (
                    (mine.present - mine.nulls) * one.of_patients,
                    (theirs.present - theirs.nulls) * other.of_patients,
                )
                lengths = _lengths(where, mine, theirs, sizes)
                yield from [lengths] if lengths is not None else []


def _of_leaf(location: str, mine: Leaf, theirs: Leaf, one: _Side, other: _Side, k: int) -> Iterator[Question]:
    sent = mine.present - mine.nulls, theirs.present - theirs.nulls
    sizes = sent[0] * one.worth, sent[1] * other.worth
    by_patient = sent[0] * one.of_patients, sent[1] * other.of_patients
    nulls = Share(
        location,
        *sampled(mine.nulls, mine.present, mine.present * one.worth),
        *sampled(theirs.nulls, theirs.present, theirs.present * other.worth),
    )
    asked = [
        categories(location, "format", _families(mine.kinds), _families(theirs.kinds), sizes),
        _nulls(location, nulls),
    ]
    if mine.values or theirs.values:
        bound = min(mine.withheld, ceil((k - 1) * one.messages_a_patient))
        asked += [
            _new_values(location, mine, theirs, by_patient, bound, k),
            _known_values(location, mine, theirs, by_patient),
        ]
    yield from (question for question in asked if question is not None)


def _dated(leaf: Leaf) -> bool:
    """Whether most values are dates or times, whose length is that of their format."""
    return 2 * sum(count for kind, count in leaf.kinds.items() if is_dated(kind)) > leaf.present


def _lengths(location: str, mine: Leaf, theirs: Leaf, sizes: tuple[float, float]) -> Question | None:
    kind = "over-long" if theirs.longest > mine.longest else "length"
    return steps(location, kind, mine.lengths, theirs.lengths, sizes)  # type: ignore[arg-type]  # both are in Kind


def _nulls(location: str, share: Share) -> Question | None:
    answer = most_different([share]) if share.before or share.after else None
    if answer is None:
        return None
    told = percent(share.before, share.of_before), percent(share.after, share.of_after)
    return Question(location, "delete requests", *told, answer[1], share.effect, (share.of_before, share.of_after))


def _known_values(location: str, mine: Leaf, theirs: Leaf, sizes: tuple[float, float]) -> Question | None:
    """Codes that the configuration shows. Those it withholds are one category more."""
    if not mine.values:
        return None
    told = theirs.present - theirs.nulls
    after = {value: theirs.values[value].count for value in mine.values if value in theirs.values}
    before = {value: found.count for value, found in mine.values.items()}
    shares = [
        Share(
            value,
            *sampled(count, mine.present - mine.nulls, sizes[0]),
            *sampled(after.get(value, 0), told, sizes[1]),
        )
        for value, count in sorted(before.items())
    ]
    answer = most_different(shares)
    if answer is None:
        return None
    share, p = answer
    told_before = f"{share.what} {percent(share.before, share.of_before)}"
    told_after = f"{share.what} {percent(share.after, share.of_after)}"
    sizes_of = (share.of_before, share.of_after)
    return Question(location, "values", told_before, told_after, p, share.effect, sizes_of)


def _new_values(
    location: str, mine: Leaf, theirs: Leaf, sizes: tuple[float, float], bound: int, k: int
) -> Question | None:
    """Codes that the configuration does not show.

    Where it withholds none they are new, all together. Otherwise any of them may be among those withheld, and is
    taken for as frequent there as one can be that fewer than `k` patients have.
    """
    sent, told = mine.present - mine.nulls, theirs.present - theirs.nulls
    new = {value: found for value, found in theirs.values.items() if value not in mine.values}
    if mine.withheld == 0:
        count = theirs.withheld + sum(found.count for found in new.values())
        shares = [Share(_named(new, k), *sampled(0, sent, sizes[0]), *sampled(count, told, sizes[1]))]
    else:
        shares = [
            Share(_named({value: found}, k), *sampled(bound, sent, sizes[0]), *sampled(found.count, told, sizes[1]))
            for value, found in sorted(new.items())
        ]
    answer = most_different(shares)
    if answer is None or answer[0].after * answer[0].of_before <= answer[0].before * answer[0].of_after:
        return None
    share, p = answer
    before = "none" if not mine.withheld else f"at most {percent(share.before, share.of_before)}"
    after = f"{share.what} {percent(share.after, share.of_after)}"
    return Question(location, "new value", before, after, p, share.effect, (share.of_before, share.of_after))


def _named(new: Mapping[str, Value], k: int) -> str:
    """New codes that enough patients have, by name; the others stay unnamed."""
    named = [value for value, found in sorted(new.items()) if found.patients.count >= k]
    return ", ".join(named[:5]) or "new codes"


def _families(kinds: Mapping[str, int]) -> dict[str, int]:
    """Each format of dates by itself; numbers, capitals and other text as one each."""
    families: dict[str, int] = {}
    for kind, count in kinds.items():
        name = kind if is_dated(kind) else "number" if kind in NUMBERS else _text(kind)
        families[name] = families.get(name, 0) + count
    return families


def _text(kind: str) -> str:
    return "capitals" if kind in _UPPER else "text"
