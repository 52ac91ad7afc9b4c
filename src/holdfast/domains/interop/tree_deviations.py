"""Where profiles of FHIR and NCPDP differ from their standards, as far as these are known without their schemas."""

from collections.abc import Iterator, Mapping

from .deviation_kinds import Deviation, Deviations, Severity, deviation
from .fhir import rules as fhir
from .ncpdp import rules as ncpdp
from .profiles.counts import Column
from .profiles.standards import Standard, is_custom
from .profiles.type_counts import TypeCounts

_NOT_FHIR = (
    "extra: the StructureDefinitions are not there, so that an element that R4 does not have is not told",
    "missing required: known of the resources that are exchanged most, and of their own elements only",
    "unknown code: known of required value sets that are short; terminologies are not there",
    "over-long: FHIR has no lengths",
)
_NOT_NCPDP = ("extra, wrong type and reordered: the schemas of NCPDP are not free, and are not there",)


def tree_deviations(standard: Standard, types: Mapping[str, TypeCounts], k: int) -> dict[str, Deviations]:
    """By type and version."""
    of_type = {"FHIR": _fhir, "NCPDP-SCRIPT": _script, "NCPDP-Telecom": _telecom}[standard]
    not_checked = _NOT_FHIR if standard == "FHIR" else _NOT_NCPDP
    return {
        name: Deviations(found=tuple(of_type(name.rsplit(" ", 1)[0], counts, k)), not_checked=not_checked)
        for name, counts in sorted(types.items())
    }


def _fhir(message_type: str, counts: TypeCounts, k: int) -> Iterator[Deviation]:
    for name, segment in sorted(counts.segments.items()):
        if is_custom("FHIR", name):
            modifies = "modifierExtension" in name
            detail = "an extension that changes what its element means" if modifies else "an extension"
            severity: Severity = "warning" if modifies else "note"
            yield deviation("custom segment", severity, name, segment.messages, counts.messages, detail)
            continue
        for field, column in sorted(segment.columns.items()):
            yield from _kinds(f"{name}.{field}", str(field), column)
            yield from _codes(f"{name}.{field}", column, fhir.values_of(name, str(field)), k)
    yield from _required(counts, {message_type: fhir.REQUIRED.get(message_type, ())})


def _script(message_type: str, counts: TypeCounts, _k: int) -> Iterator[Deviation]:
    if message_type not in ncpdp.SCRIPT_TYPES:
        detail = "SCRIPT has no message of that name"
        yield deviation("custom segment", "warning", "Message.Body", counts.messages, counts.messages, detail)
    yield from _required(counts, ncpdp.SCRIPT_REQUIRED)


def _telecom(_message_type: str, counts: TypeCounts, k: int) -> Iterator[Deviation]:
    for name, segment in sorted(counts.segments.items()):
        end = name.rpartition(".")[2]
        if end.startswith("AM") and end not in ncpdp.TELECOM_SEGMENTS:
            detail = "D.0 has no such segment"
            yield deviation("custom segment", "warning", name, segment.messages, counts.messages, detail)
        for field, column in sorted(segment.columns.items()):
            yield from _codes(f"{name}.{field}", column, ncpdp.TELECOM_VALUES.get(f"{name} {field}", frozenset()), k)
            longest = ncpdp.TELECOM_LONGEST.get(str(field), 0) if end != "Header" else 0
            leaf = column.leaves[1, 1]
            over = sum(times for size, times in leaf.lengths.items() if size > longest) if longest else 0
            if over:
                detail = f"more than {longest} characters"
                yield deviation("over-long", "error", f"{name}.{field}", over, leaf.present, detail)
    yield from _required(counts, ncpdp.TELECOM_REQUIRED)


def _required(counts: TypeCounts, required: dict[str, tuple[str, ...]]) -> Iterator[Deviation]:
    """Elements that every object at a path has; as a value, or as an object of its own."""
    for path, names in required.items():
        segment = counts.segments.get(path)
        for name in names if segment is not None else ():
            whole = 0 if segment is None else segment.occurrences
            column = None if segment is None else segment.columns.get(name)
            inner = counts.segments.get(f"{path}.{name}")
            seen = (0 if column is None else column.present - column.nulls) + (0 if inner is None else inner.messages)
            if seen < whole:
                yield deviation("missing required", "error", f"{path}.{name}", whole - seen, whole, "is required")


def _kinds(location: str, field: str, column: Column) -> Iterator[Deviation]:
    leaf = column.leaves[1, 1]
    found = [(times, expected) for kind, times in leaf.kinds.items() if (expected := fhir.wrong(field, kind))]
    if found:
        times = sum(one for one, _ in found)
        yield deviation("wrong type", "error", location, times, leaf.present, f"no {found[0][1]}")


def _codes(location: str, column: Column, known: frozenset[str], k: int) -> Iterator[Deviation]:
    leaf = column.leaves[1, 1]
    for value, found in sorted(leaf.values.items() if known else ()):
        if value not in known and found.patients.count >= k:
            detail = f"{value!r} is not in the value set"
            yield deviation("unknown code", "error", location, found.count, leaf.present, detail)
