"""A profile as a configuration: one JSON document for each type of message, and the way back to counts.

A document holds what may be read (no digest of a message, no value of fewer than `k` patients), and all that drift,
validation and synthesis need: they work from it alone. Its parts are listed in docs/how-to/interop.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import DocumentUnreadable
from .profiles import Profile, Recognised, signature
from .profiles.counts import Column, Field, Leaf, Patients, SegmentCounts, Value, histogram
from .profiles.showing import K, check_k, shown_type
from .profiles.standards import Standard, field_of, standard_of
from .profiles.type_counts import TypeCounts
from .rules import Rule, rules_of

FORMAT = "holdfast.interop/1"


@dataclass(frozen=True, kw_only=True)
class Inferred:
    """A document read: what was inferred of one type of message. `versions` by MSH-12, "unknown" where it names none.

    Values of fewer than `k` patients are in no `Leaf.values`; how often they came together is `Leaf.withheld`.
    """

    standard: Standard
    vendor: str
    type: str
    k: int
    versions: dict[str, TypeCounts]
    rules: dict[str, tuple[Rule, ...]]
    """What holds between fields and segments, by version."""

    @property
    def messages(self) -> int:
        """How many messages it was inferred from."""
        return sum(counts.messages for counts in self.versions.values())


def documents(
    profile: Profile, *, vendor: str, recognised: Mapping[str, Recognised] | None = None, k: int = K
) -> dict[str, dict[str, Any]]:
    """A document for each type, by its name ("ADT^A01"). Whole numbers, names and codes; the same profile, the same.

    `recognised`: whose messages those of a type are by their structure, where somebody compared them. Raises
    `InvalidInput` for a `k` under 2 or over 64.
    """
    check_k(k)
    told = {} if recognised is None else recognised
    return {name: _document(one, name, vendor, told.get(name), k) for name, one in by_type(profile).items()}


def by_type(profile: Profile) -> dict[str, Profile]:
    """The profile's counts, the versions of each type together; without its digests."""
    types: dict[str, Profile] = {}
    for name, counts in sorted(profile.types.items()):
        types.setdefault(name.rsplit(" ", 1)[0], Profile(profile.key, standard=profile.standard)).types[name] = counts
    return types


def _document(profile: Profile, message_type: str, vendor: str, found: Recognised | None, k: int) -> dict[str, Any]:
    versions = {name.rsplit(" ", 1)[1]: (name, counts) for name, counts in profile.types.items()}
    return {
        "format": FORMAT,
        "standard": profile.standard,
        "vendor": vendor,
        "type": message_type,
        "messages": profile.messages,
        "k": k,
        "signature": _signature(profile, found),
        "versions": {
            version: shown_type(name, counts, k, standard=profile.standard)
            | {"rules": [rule.document() for rule in rules_of(counts, k)]}
            for version, (name, counts) in sorted(versions.items())
        },
    }


def _signature(profile: Profile, found: Recognised | None) -> dict[str, Any]:
    """The traits, to compare others with, and whose they are: "unknown" where nobody knows."""
    return {
        "vendor": "unknown" if found is None else found.vendor,
        "likeness": 0.0 if found is None else found.likeness,
        "nearest": None if found is None else found.nearest,
        "evidence": [] if found is None else list(found.evidence),
        "against": [] if found is None else list(found.against),
        "declared": {} if found is None else {name: list(values) for name, values in found.declared.items()},
        "traits": {trait: round(share, 4) for trait, share in sorted(signature(profile).items())},
    }


def inferred(document: Mapping[str, Any]) -> Inferred:
    """What a document says, as counts. Raises `DocumentUnreadable` for one that `documents` did not make."""
    if document.get("format") != FORMAT:
        raise DocumentUnreadable(f"its format is {document.get('format')!r}, not {FORMAT!r}")
    try:
        standard = standard_of(document["standard"])
        return Inferred(
            standard=standard,
            vendor=document["vendor"],
            type=document["type"],
            k=document["k"],
            versions={version: _counts(one, field_of(standard)) for version, one in document["versions"].items()},
            rules={
                version: tuple(Rule.from_document(rule) for rule in one["rules"])
                for version, one in document["versions"].items()
            },
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise DocumentUnreadable(f"a part is missing or is something else: {error}") from error


def _counts(shown: Mapping[str, Any], field: Callable[[str], Field]) -> TypeCounts:
    return TypeCounts(
        messages=shown["messages"],
        patients=Patients(told=shown["patients"]),
        follows=dict(shown["order"]),
        precedes=dict(shown["precedes"]),
        groups={path: histogram(times) for path, times in shown["groups"].items()},
        unplaced=dict(shown["unplaced"]),
        habits={habit: dict(tally) for habit, tally in shown["encoding"].items()},
        problems=dict(shown["problems"]),
        segments={name: _segment(one, field) for name, one in shown["segments"].items()},
    )


def _segment(shown: Mapping[str, Any], field: Callable[[str], Field]) -> SegmentCounts:
    return SegmentCounts(
        occurrences=shown["occurrences"],
        trailing=shown["trailing delimiters"],
        beyond=shown["fields beyond"],
        in_message=histogram(shown["in message"]),
        widths=histogram(shown["fields sent"]),
        columns={field(number): _column(one) for number, one in shown["fields"].items()},
    )


def _column(shown: Mapping[str, Any]) -> Column:
    return Column(
        present=shown["present"],
        nulls=shown["null"],
        trailing=shown["trailing delimiters"],
        repetitions=histogram(shown["repetitions"]),
        components=histogram(shown["components"]),
        leaves={_place(name): _leaf(one) for name, one in shown["parts"].items()},
    )


def _place(name: str) -> tuple[int, int]:
    component, part = name.split(".")
    return int(component), int(part)


def _leaf(shown: Mapping[str, Any]) -> Leaf:
    lengths, values = shown["length"], shown.get("values", {"shown": {}, "withheld": 0})
    return Leaf(
        present=shown["present"],
        nulls=shown["null"],
        padded=shown["padded"],
        shortest=lengths["min"] if lengths["counts"] else -1,
        longest=lengths["max"],
        lengths=histogram(lengths["counts"]),
        kinds=dict(shown["formats"]),
        escapes=dict(shown["escapes"]),
        values={value: Value(one["count"], Patients(told=one["patients"])) for value, one in values["shown"].items()},
        withheld=values["withheld"],
    )
