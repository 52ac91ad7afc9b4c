"""A profile as it may be read: counts, shares with their intervals, and coded values that many patients have."""

from typing import Any

from holdfast.core.errors import InvalidInput

from .counts import PATIENTS, VALUES, Column, Leaf, SegmentCounts
from .kinds import NUMBERS, is_dated
from .profile import Profile
from .standards import HL7V2, Bound, Standard, bound, is_custom
from .type_counts import TypeCounts
from .wilson import wilson

K = 11
_CODES = frozenset({"upper-case word", "upper-case code"})


def shown(profile: Profile, *, k: int = K) -> dict[str, dict[str, Any]]:
    """One document for each type and version, as JSON.

    A value is there only when at least `k` different patients have it, 2 to 64; the others are counted as
    "withheld". Raises `InvalidInput`.
    """
    check_k(k)
    return {
        name: shown_type(name, counts, k, standard=profile.standard) for name, counts in sorted(profile.types.items())
    }


def check_k(k: int) -> None:
    """Refuses a number of patients that protects nobody, or that nobody counts. Raises `InvalidInput`."""
    if not 2 <= k <= PATIENTS:
        raise InvalidInput(f"k is {k}; values are shown from 2 to {PATIENTS} patients up", field="k")


def shown_type(name: str, counts: TypeCounts, k: int, *, standard: Standard = HL7V2) -> dict[str, Any]:
    """The document of one type and version, whose name is as in "ADT^A01 2.5"."""
    message_type, version = name.rsplit(" ", 1)
    segments = sorted(counts.segments.items())
    return {
        "standard": standard,
        "type": message_type,
        "version": version,
        "messages": counts.messages,
        "patients": counts.patients.count,
        "encoding": {habit: _by_size(tally) for habit, tally in sorted(counts.habits.items())},
        "order": _by_size(counts.follows),
        "precedes": _by_size(counts.precedes),
        "groups": {path: _times(times) for path, times in sorted(counts.groups.items())},
        "unplaced": _by_size(counts.unplaced),
        "problems": _by_size(counts.problems),
        "segments": {
            one: _segment(one, standard, bound(standard, version, one), found, counts.messages, k)
            for one, found in segments
        },
    }


def _segment(
    name: str, standard: Standard, places: Bound, counts: SegmentCounts, messages: int, k: int
) -> dict[str, Any]:
    fields = {
        str(number): _column(column, counts.occurrences, places(number), k)
        for number, column in sorted(counts.columns.items())
    }
    return {
        "messages": counts.messages,
        "share": _share(counts.messages, messages),
        "occurrences": counts.occurrences,
        "in message": _times(counts.in_message),
        "confidence": _sure(counts.messages),
        "custom": is_custom(standard, name),
        "trailing delimiters": counts.trailing,
        "fields sent": _times(counts.widths),
        "fields beyond": counts.beyond,
        "fields": fields,
    }


def _column(column: Column, occurrences: int, places: dict[tuple[int, int], str], k: int) -> dict[str, Any]:
    parts = {
        f"{one}.{part}": _leaf(leaf, column.present, places.get((one, part)), k)
        for (one, part), leaf in sorted(column.leaves.items())
    }
    return {
        "present": column.present,
        "share": _share(column.present, occurrences),
        "null": column.nulls,
        "trailing delimiters": column.trailing,
        "repetitions": _times(column.repetitions),
        "confidence": _sure(column.present),
        "components": _times(column.components),
        "parts": parts,
    }


def _leaf(leaf: Leaf, present: int, table: str | None, k: int) -> dict[str, Any]:
    document = {
        "present": leaf.present,
        "of": present,
        "null": leaf.nulls,
        "padded": leaf.padded,
        "data type": guess(leaf),
        "formats": _by_size(leaf.kinds),
        "length": {
            "min": max(leaf.shortest, 0),
            "max": leaf.longest,
            "counts": _times(leaf.lengths),
            "confidence": _sure(sum(leaf.lengths.values())),
        },
        "escapes": _by_size(leaf.escapes),
    }
    return document if table is None else document | {"table": table, "values": _values(leaf, k)}


def _values(leaf: Leaf, k: int) -> dict[str, Any]:
    """Values of at least `k` patients, the most frequent first; how often the others came, together."""
    known = [(value, found.count, found.patients.count) for value, found in leaf.values.items()]
    kept = sorted((one for one in known if one[2] >= k), key=lambda one: (-one[1], one[0]))
    told = leaf.present - leaf.nulls
    return {
        "shown": {
            value: {"count": count, "patients": patients, "share": _share(count, told)}
            for value, count, patients in kept
        },
        "withheld": told - sum(count for _, count, _ in kept),
        "complete": len(leaf.values) < VALUES,
    }


def guess(leaf: Leaf) -> dict[str, Any]:
    """What the values are, by what most of them look like; with the share of those, so that a guess shows its doubt."""
    families: dict[str, int] = {}
    for kind, count in leaf.kinds.items():
        families[_family(kind)] = families.get(_family(kind), 0) + count
    if not families:
        return {"guess": "unknown", "share": _share(0, 0)}
    best = max(sorted(families), key=lambda name: families[name])
    return {"guess": best, "share": _share(families[best], sum(families.values()))}


def _family(kind: str) -> str:
    if is_dated(kind):
        return "date or time"
    if kind in NUMBERS:
        return "number"
    if kind == "boolean":
        return kind
    return "code" if kind in _CODES else "text"


def _share(part: int, whole: int) -> dict[str, float]:
    low, high = wilson(min(part, whole), whole)
    return {"of": round(part / whole, 4) if whole else 0.0, "low": low, "high": high}


def _sure(seen: int) -> float:
    """The least share of what is yet to come that is like all that was seen, by Wilson's interval."""
    return wilson(seen, seen)[0]


def _times(histogram: dict[int, int]) -> dict[str, int]:
    return {str(size): histogram[size] for size in sorted(histogram)}


def _by_size(tally: dict[str, int]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(tally.items(), key=lambda one: (-one[1], one[0])))
