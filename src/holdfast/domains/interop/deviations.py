"""Where the messages of a profile differ from the base standard.

Judged by the definitions that hl7apy carries, and by the lengths of data types that 2.5 to 2.6 state. What these do not
have is not judged, and said so: `not_checked`.
"""

from collections.abc import Iterator, Mapping

from .deviation_kinds import Deviation, Deviations, Severity, deviation
from .documents import Inferred
from .profiles import Profile
from .profiles.counts import Column, Leaf, SegmentCounts
from .profiles.showing import K, check_k
from .profiles.standards import HL7V2, Standard
from .profiles.type_counts import TypeCounts
from .standard import Structure, coded, definitions, structure_of
from .standard.lengths import longest
from .standard.rules import FieldRule, rules
from .tree_deviations import tree_deviations

__all__ = ["Deviation", "Deviations", "deviations", "deviations_of"]

_TIMES = frozenset({"DTM", "TS"})
_NUMBERS = {"NM": ("integer", "decimal", "signed number"), "SI": ("integer",)}
_DIGITS = frozenset({"integer", "decimal", "signed number"})


def deviations(profile: Profile, *, k: int = K) -> dict[str, Deviations]:
    """By type and version. Codes are named only where at least `k` different patients have them.

    Raises `InvalidInput` for a `k` under 2 or over 64.
    """
    check_k(k)
    return _by_name(profile.standard, profile.types, k)


def deviations_of(configuration: Inferred) -> dict[str, Deviations]:
    """Those of a configuration, by version."""
    named = {f"{configuration.type} {version}": counts for version, counts in configuration.versions.items()}
    found = _by_name(configuration.standard, named, configuration.k)
    return {name.rsplit(" ", 1)[1]: one for name, one in found.items()}


def _by_name(standard: Standard, types: Mapping[str, TypeCounts], k: int) -> dict[str, Deviations]:
    if standard != HL7V2:
        return tree_deviations(standard, types, k)
    return {name: _of_type(name, counts, k) for name, counts in sorted(types.items())}


def _of_type(name: str, counts: TypeCounts, k: int) -> Deviations:
    message_type, version = name.rsplit(" ", 1)
    structure = structure_of(version, message_type)
    found = list(_segments(counts, structure, version))
    for segment, one in sorted(counts.segments.items()):
        asked = rules(version, segment)
        if asked is not None:
            found += _fields(segment, one, asked, version, k)
    return Deviations(found=tuple(found), not_checked=tuple(_not_checked(version, structure)))


def _not_checked(version: str, structure: Structure | None) -> Iterator[str]:
    known = definitions(version)
    if longest(version, "NM") is None:
        yield f"over-long: version {version} has no lengths of data types"
    if known.version != version:
        yield f"version {version}: judged by {known.version}"
    if structure is None:
        yield "missing, extra and reordered segments: there is no structure for this event"
    if not known.tables:
        yield f"unknown code: there are no tables for {known.version}"


def _segments(counts: TypeCounts, structure: Structure | None, version: str) -> Iterator[Deviation]:
    there = {position.segment for position in structure.positions} if structure is not None else set()
    for name, segment in sorted(counts.segments.items()):
        if rules(version, name) is None:
            detail = "a Z-segment" if name.startswith("Z") else f"version {version} has no such segment"
            severity: Severity = "note" if name.startswith("Z") else "warning"
            yield deviation("custom segment", severity, name, segment.messages, counts.messages, detail)
        elif (unplaced := counts.unplaced.get(name, 0)) and name in there:
            detail = "not where the structure has it, or too often"
            yield deviation("reordered", "warning", name, unplaced, segment.occurrences, detail)
        elif unplaced:
            yield deviation("extra", "warning", name, unplaced, segment.occurrences, "not in the type's structure")
    for position in structure.positions if structure is not None else ():
        seen = counts.segments[position.segment].messages if position.segment in counts.segments else 0
        if position.least > 0 and not position.groups and seen < counts.messages:
            missing = counts.messages - seen
            yield deviation("missing required", "error", position.segment, missing, counts.messages, "is required")


def _fields(
    name: str, segment: SegmentCounts, asked: dict[int, FieldRule], version: str, k: int
) -> Iterator[Deviation]:
    for number, rule in asked.items():
        seen = segment.columns[number].present if number in segment.columns else 0
        if rule.required and seen < segment.occurrences and not (name == "MSH" and number <= 2):
            missing = segment.occurrences - seen
            yield deviation(
                "missing required", "error", f"{name}-{number}", missing, segment.occurrences, "is required"
            )
    places = coded(version, name)
    for field, column in sorted(segment.columns.items()):
        if isinstance(field, int) and (rule_of := asked.get(field)) is not None:
            yield from _field(f"{name}-{field}", column, rule_of, version)
            yield from _codes(f"{name}-{field}", column, rule_of, places.get(field, {}), version, k)
        else:
            detail = "the segment has no such field"
            yield deviation("extra", "warning", f"{name}-{field}", column.present, segment.occurrences, detail)


def _field(location: str, column: Column, rule: FieldRule, version: str) -> Iterator[Deviation]:
    repeated = sum(count for size, count in column.repetitions.items() if size > rule.most)
    if rule.most >= 0 and repeated:
        detail = f"more than {rule.most} times" if rule.most else "withdrawn"
        yield deviation("extra", "warning", location, repeated, column.present, detail)
    for (one, part), leaf in sorted(column.leaves.items()):
        place = f"{location}.{one}.{part}"
        if one > rule.components and rule.types:
            yield deviation("extra", "warning", place, leaf.present, leaf.present, "no such component")
            continue
        data_type = rule.types.get((one, part), "")
        wrong = sum(count for kind, count in leaf.kinds.items() if not _is_of(kind, data_type))
        most = longest(version, data_type)
        if most is not None and leaf.longest > most:
            long = max(1, sum(count for size, count in leaf.lengths.items() if size > most))
            detail = f"up to {leaf.longest} characters; {data_type} has {most}"
            yield deviation("over-long", "warning", place, long, leaf.present, detail)
        if wrong:
            yield deviation("wrong type", "error", place, wrong, leaf.present, f"no {data_type}")


def _is_of(kind: str, data_type: str) -> bool:
    """Whether a value that looks like this may be of the type.

    A number of eight digits may look like a date, and a year or a month alone looks like a number.
    """
    if data_type in _NUMBERS:
        return kind in _NUMBERS[data_type] or (kind.startswith("YYYYMMDD") and kind.isalpha())
    if data_type == "DT":
        return kind in ("YYYYMMDD", "integer")
    if data_type in _TIMES:
        digits = kind.replace(".", "").replace("+", "")
        return kind in _DIGITS or (kind.startswith("YYYYMMDD") and digits.isalpha() and "T" not in digits)
    return True


def _codes(
    location: str, column: Column, rule: FieldRule, places: dict[tuple[int, int], str], version: str, k: int
) -> Iterator[Deviation]:
    tables = definitions(version).tables
    for (one, part), table in sorted(places.items()):
        known, leaf = tables.get(table, frozenset()), column.leaves.get((one, part), Leaf())
        severity: Severity = "note" if rule.types.get((one, part)) == "IS" else "warning"
        for value, found in sorted(leaf.values.items() if known else ()):
            if value not in known and found.patients.count >= k:
                detail = f"{value!r} is not in table {table}"
                yield deviation("unknown code", severity, f"{location}.{one}.{part}", found.count, leaf.present, detail)
