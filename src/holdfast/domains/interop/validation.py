"""One message against a configuration: where it differs from how its sender writes, with the place of each difference.

check = Validator(inferred(document))
for one in check(message):
    one.kind, one.severity, one.location, one.segment, one.position

Made once for a configuration, which takes some milliseconds; then 2,000 messages a second and more.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from .documents import Inferred
from .expecting import SURE, Difference, ExpectedValue, Found, always, difference
from .hl7 import Delimiters, Message, read
from .hl7.messages import name_of
from .places import TYPE_AND_VERSION
from .profiles.counts import Column, SegmentCounts
from .profiles.profiling import type_of
from .profiles.standards import HL7V2, tree_pieces
from .profiles.type_counts import TypeCounts
from .profiles.wilson import wilson
from .rule_validation import ExpectedRules, Seen
from .rules import Rule
from .severities import DifferenceKind
from .sources import Source
from .tree_validation import ExpectedTree
from .trees import TreeMessage

__all__ = ["SURE", "Difference", "Validator"]

_KNOWN = 4_096
"""How many different values of a field are remembered with what is to be said of them."""


class Validator:
    """Judges messages by one configuration, of whichever standard that is.

    Remembers values it has judged, up to a limit; not for several threads.
    """

    def __init__(self, configuration: Inferred) -> None:
        self._configuration = configuration
        lines = configuration.standard == HL7V2
        self._versions: dict[str, _Version | ExpectedTree] = {
            version: _Version(counts, configuration.rules[version]) if lines else ExpectedTree(counts)
            for version, counts in configuration.versions.items()
        }
        self._usual = max(configuration.versions, key=lambda one: configuration.versions[one].messages, default="")

    def messages(self, source: Source) -> Iterator[Message | TreeMessage]:
        """The messages of a source, read as the configuration's standard has them. Raises `MessagesNotFound`."""
        standard = self._configuration.standard
        if standard == HL7V2:
            yield from (found for found in read(source) if isinstance(found, Message))
            return
        for piece in tree_pieces(standard)(source):
            if piece.message is not None:
                yield piece.message

    def __call__(self, message: Message | TreeMessage) -> list[Difference]:
        """What differs, in the order of the message. Empty where all is as it has been."""
        message_type, version = _named(message)
        of_type, of_version = TYPE_AND_VERSION[self._configuration.standard]
        if message_type != self._configuration.type:
            detail = f"the configuration is of {self._configuration.type}"
            return [Difference(kind="wrong type", severity="error", location=of_type, detail=detail, position=1)]
        found = list[Difference]()
        if version not in self._versions:
            detail = f"versions sent so far: {', '.join(sorted(self._versions))}"
            found.append(difference(("unknown code", "warning", of_version, detail), 1))
        against = self._versions.get(version) or self._versions.get(self._usual)
        return found if against is None else found + list(against.judge(message))  # type: ignore[arg-type]  # as made


def _named(message: Message | TreeMessage) -> tuple[str, str]:
    return type_of(message) if isinstance(message, Message) else (message.type, message.version)


class _Version:
    """What messages of one version are expected to be."""

    def __init__(self, counts: TypeCounts, rules: tuple[Rule, ...]) -> None:
        self.counts = counts
        self.rules = ExpectedRules(rules)
        self.segments = {name: _Segment(name, one) for name, one in counts.segments.items()}
        self.always = [name for name, one in counts.segments.items() if always(one.messages, counts.messages)]
        self.first = {
            pair: True
            for pair, count in counts.precedes.items()
            if not counts.precedes.get(_turned(pair)) and wilson(count, count)[0] >= SURE
        }

    def judge(self, message: Message) -> Iterator[Difference]:
        seen: dict[str, list[tuple[int, list[str]]]] = {}
        told = [*self._judge(message, seen)]
        yield from told
        yield from self._broken(message, seen, {one.location for one in told})

    def _broken(self, message: Message, seen: Seen, told: set[str]) -> Iterator[Difference]:
        """Rules that do not hold, each place once, where nothing else is said of it."""
        said = set[tuple[str, int | None]]()
        for found, position in self.rules.judge(seen, message.delimiters):
            place = found[2].removesuffix(".1.1")
            if (place, position) in said or not told.isdisjoint((place, f"{place}.1.1", place.split("-")[0])):
                continue
            said.add((place, position))
            yield difference(found, position)

    def _judge(self, message: Message, lines: dict[str, list[tuple[int, list[str]]]]) -> Iterator[Difference]:
        """All else. `lines` gets the segments, by name: the position and the fields of each."""
        yield from self._encoding(message)
        separator, delimiters = message.delimiters.field, message.delimiters
        seen: Counter[str] = Counter()
        for position, line in enumerate(message.lines, 1):
            name = name_of(line[:4], separator)
            if not name:
                yield difference(("extra", "warning", "", "a line that begins with no segment's name"), position)
                continue
            seen[name] += 1
            expected = self.segments.get(name)
            if expected is None:
                kind: DifferenceKind = "custom segment" if name.startswith("Z") else "extra"
                yield difference((kind, "warning", name, "this sender has not sent the segment"), position)
                continue
            if seen[name] == expected.most + 1:
                yield difference(("extra", "warning", name, f"more than {expected.most} in a message"), position)
            fields = line.split(separator)
            lines.setdefault(name, []).append((position, fields))
            for found in expected.judge(fields, delimiters):
                yield difference(found, position)
        for name in self.always:
            if not seen[name]:
                yield difference(("missing required", "error", name, "was in every message"), None)
        yield from self._order(list(seen))

    def _order(self, names: list[str]) -> Iterator[Difference]:
        for one, other in combinations(names[:64], 2):
            if f"{other}>{one}" in self.first:
                yield difference(("reordered", "warning", other, f"has always come before {one}"), None)

    def _encoding(self, message: Message) -> Iterator[Difference]:
        habits = self.counts.habits
        used = {
            "delimiters": message.delimiters.declared,
            "line ends": message.line_ends,
            "character set declared": message.charset or "none",
        }
        for habit, value in used.items():
            if habit in habits and value not in habits[habit]:
                yield difference(("extra", "warning", "MSH", f"{habit}: {value} was not used so far"), 1)


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
            number for number, column in counts.columns.items() if always(column.present, counts.occurrences)
        ]

    def judge(self, parts: list[str], delimiters: Delimiters) -> Iterator[Found]:
        offset = self.offset
        for number, value in enumerate(parts[1:], 1 + offset):
            if not value or (offset and number == 2):
                continue
            field = self.fields.get(number)
            if field is None:
                yield "extra", "warning", f"{self.name}-{number}", "this sender has not sent the field"
            else:
                yield from field.judge(value, delimiters)
        for expected in self.always:
            number = int(expected)
            at = number - offset
            if at >= len(parts) or not parts[at]:
                yield "missing required", "error", f"{self.name}-{number}", "was in every such segment"


class _Field:
    """What is expected of one field. What is to be said of a value is remembered."""

    def __init__(self, location: str, column: Column) -> None:
        self.location = location
        self.most = max(column.repetitions, default=0)
        self.parts = {
            place: ExpectedValue(f"{location}.{place[0]}.{place[1]}", leaf) for place, leaf in column.leaves.items()
        }
        self._known: dict[tuple[str, Delimiters], tuple[Found, ...]] = {}

    def judge(self, value: str, delimiters: Delimiters) -> tuple[Found, ...]:
        found = self._known.get((value, delimiters))
        if found is None:
            found = tuple(self._judged(value, delimiters))
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[value, delimiters] = found
        return found

    def _judged(self, value: str, delimiters: Delimiters) -> Iterator[Found]:
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


def _turned(pair: str) -> str:
    one, other = pair.split(">")
    return f"{other}>{one}"
