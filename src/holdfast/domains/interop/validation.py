"""One message against a configuration: where it differs from how its sender writes, with the place of each difference.

check = Validator(inferred(document))
for one in check(message):
    one.kind, one.severity, one.location, one.segment, one.position

Made once for a configuration, which takes some milliseconds; then 2,000 messages a second and more.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from .documents import Inferred
from .hl7 import Delimiters, Message
from .hl7.messages import name_of
from .profiles.counts import Column, Leaf, SegmentCounts
from .profiles.kinds import NUMBERS, is_dated, kind_of
from .profiles.profiling import type_of
from .profiles.type_counts import TypeCounts
from .profiles.wilson import wilson
from .severities import DifferenceKind, Severity

SURE = 0.8
"""The least share (Wilson's lower bound) for which what was always so is expected: 16 messages that were all alike."""
_KNOWN = 4_096
"""How many different values of a field are remembered with what is to be said of them."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One place of a message that is not as the configuration has it. It never repeats what stands there.

    `location` is "PID", "PID-8" or "PID-8.1.1", `position` that of the segment in the message, from 1; None for what is
    missing or of the message as a whole.
    """

    kind: DifferenceKind
    severity: Severity
    location: str
    detail: str
    position: int | None = None


_Found = tuple[DifferenceKind, Severity, str, str]


class Validator:
    """Judges messages by one configuration. Remembers values it has judged, up to a limit; not for several threads."""

    def __init__(self, configuration: Inferred) -> None:
        self._configuration = configuration
        self._versions = {version: _Version(counts) for version, counts in configuration.versions.items()}
        self._usual = max(configuration.versions, key=lambda one: configuration.versions[one].messages, default="")

    def __call__(self, message: Message) -> list[Difference]:
        """What differs, in the order of the message. Empty where all is as it has been."""
        message_type, version = type_of(message)
        if message_type != self._configuration.type:
            detail = f"the configuration is of {self._configuration.type}"
            return [Difference(kind="wrong type", severity="error", location="MSH-9", detail=detail, position=1)]
        found = list[Difference]()
        if version not in self._versions:
            detail = f"versions sent so far: {', '.join(sorted(self._versions))}"
            found.append(_difference(("unknown code", "warning", "MSH-12", detail), 1))
        against = self._versions.get(version) or self._versions.get(self._usual)
        return found if against is None else found + list(against.judge(message))


class _Version:
    """What messages of one version are expected to be."""

    def __init__(self, counts: TypeCounts) -> None:
        self.counts = counts
        self.segments = {name: _Segment(name, one) for name, one in counts.segments.items()}
        self.always = [name for name, one in counts.segments.items() if _always(one.messages, counts.messages)]
        self.first = {
            pair: True
            for pair, count in counts.precedes.items()
            if not counts.precedes.get(_turned(pair)) and wilson(count, count)[0] >= SURE
        }

    def judge(self, message: Message) -> Iterator[Difference]:
        yield from self._encoding(message)
        separator, delimiters = message.delimiters.field, message.delimiters
        seen: Counter[str] = Counter()
        for position, line in enumerate(message.lines, 1):
            name = name_of(line[:4], separator)
            if not name:
                yield _difference(("extra", "warning", "", "a line that begins with no segment's name"), position)
                continue
            seen[name] += 1
            expected = self.segments.get(name)
            if expected is None:
                kind: DifferenceKind = "custom segment" if name.startswith("Z") else "extra"
                yield _difference((kind, "warning", name, "this sender has not sent the segment"), position)
                continue
            if seen[name] == expected.most + 1:
                yield _difference(("extra", "warning", name, f"more than {expected.most} in a message"), position)
            for found in expected.judge(line.split(separator), delimiters):
                yield _difference(found, position)
        for name in self.always:
            if not seen[name]:
                yield _difference(("missing required", "error", name, "was in every message"), None)
        yield from self._order(list(seen))

    def _order(self, names: list[str]) -> Iterator[Difference]:
        for one, other in combinations(names[:64], 2):
            if f"{other}>{one}" in self.first:
                yield _difference(("reordered", "warning", other, f"has always come before {one}"), None)

    def _encoding(self, message: Message) -> Iterator[Difference]:
        habits = self.counts.habits
        used = {
            "delimiters": message.delimiters.declared,
            "line ends": message.line_ends,
            "character set declared": message.charset or "none",
        }
        for habit, value in used.items():
            if habit in habits and value not in habits[habit]:
                yield _difference(("extra", "warning", "MSH", f"{habit}: {value} was not used so far"), 1)


class _Segment:
    """What is expected of one segment."""

    def __init__(self, name: str, counts: SegmentCounts) -> None:
        self.name = name
        self.most = max(counts.in_message, default=0)
        self.offset = 1 if name == "MSH" else 0
        self.fields = {
            int(number): _Field(f"{name}-{number}", column)
            for number, column in counts.columns.items()
            if isinstance(number, int)
        }
        self.always = [
            number for number, column in counts.columns.items() if _always(column.present, counts.occurrences)
        ]

    def judge(self, parts: list[str], delimiters: Delimiters) -> Iterator[_Found]:
        offset = self.offset
        for number, value in enumerate(parts[1:], 1 + offset):
            if not value or (offset and number == 2):
                continue
            field = self.fields.get(number)
            if field is None:
                yield "extra", "warning", f"{self.name}-{number}", "this sender has not sent the field"
            else:
                yield from field.judge(value, delimiters)
        for always in self.always:
            number = int(always)
            at = number - offset
            if at >= len(parts) or not parts[at]:
                yield "missing required", "error", f"{self.name}-{number}", "was in every such segment"


class _Field:
    """What is expected of one field. What is to be said of a value is remembered."""

    def __init__(self, location: str, column: Column) -> None:
        self.location = location
        self.most = max(column.repetitions, default=0)
        self.parts = {place: _Part(f"{location}.{place[0]}.{place[1]}", leaf) for place, leaf in column.leaves.items()}
        self._known: dict[tuple[str, Delimiters], tuple[_Found, ...]] = {}

    def judge(self, value: str, delimiters: Delimiters) -> tuple[_Found, ...]:
        found = self._known.get((value, delimiters))
        if found is None:
            found = tuple(self._judged(value, delimiters))
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[value, delimiters] = found
        return found

    def _judged(self, value: str, delimiters: Delimiters) -> Iterator[_Found]:
        repeated = value.split(delimiters.repetition)
        if len(repeated) > self.most:
            yield "extra", "warning", self.location, f"more than {self.most} repetitions"
        for one in repeated:
            for number, component in enumerate(one.split(delimiters.component), 1):
                if not component:
                    continue
                for part, text in enumerate(component.split(delimiters.subcomponent), 1):
                    expected = self.parts.get((number, part))
                    if text and expected is None:
                        place = f"{self.location}.{number}.{part}"
                        yield "extra", "warning", place, "this sender has not sent the component"
                    elif text and expected is not None:
                        yield from expected.judge(text)


class _Part:
    """What is expected of a value without parts."""

    def __init__(self, location: str, leaf: Leaf) -> None:
        self.location = location
        self.longest = leaf.longest
        self.codes = frozenset(leaf.values) if leaf.values and not leaf.withheld else None
        kinds = {kind for kind, count in leaf.kinds.items() if count}
        self.formats = (
            kinds if kinds and _sure(sum(leaf.kinds.values())) and all(_strict(kind) for kind in kinds) else None
        )
        self.said = ", ".join(sorted(kinds)) if self.formats else ""

    def judge(self, value: str) -> Iterator[_Found]:
        if value == '""':
            return
        if self.codes is not None and value not in self.codes:
            yield "unknown code", "warning", self.location, "a code that this sender has not sent"
            return
        if self.formats is not None and (kind := kind_of(value)) not in self.formats and not _near(kind, self.formats):
            yield "wrong type", "error", self.location, f"looks like {kind}; so far {self.said}"
            return
        if len(value) > self.longest:
            yield "over-long", "warning", self.location, f"{len(value)} characters; at most {self.longest} so far"


def _strict(kind: str) -> bool:
    """Whether what looks like this is a date, a time or a number, which other values are not by chance."""
    return is_dated(kind) or kind in NUMBERS


def _near(kind: str, known: set[str]) -> bool:
    """A whole number among decimals, and a date that also looks like a number, are no other type."""
    return kind in NUMBERS and bool(known & NUMBERS)


def _always(count: int, whole: int) -> bool:
    return count == whole and _sure(whole)


def _sure(seen: int) -> bool:
    return wilson(seen, seen)[0] >= SURE


def _turned(pair: str) -> str:
    one, other = pair.split(">")
    return f"{other}>{one}"


def _difference(found: _Found, position: int | None) -> Difference:
    kind, severity, location, detail = found
    return Difference(kind=kind, severity=severity, location=location, detail=detail, position=position)
