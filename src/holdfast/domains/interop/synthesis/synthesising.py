"""From a configuration document to messages."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from holdfast.core.errors import InvalidInput
from holdfast.domains.interop.documents import Inferred, inferred
from holdfast.domains.interop.hl7 import Delimiters
from holdfast.domains.interop.hl7.delimiters import declared_by
from holdfast.domains.interop.profiles.counts import SegmentCounts
from holdfast.domains.interop.profiles.standards import HL7V2
from holdfast.domains.interop.profiles.type_counts import TypeCounts
from holdfast.domains.interop.rules import Rule
from holdfast.domains.interop.standard import structure_of
from holdfast.domains.interop.standard.rules import rules as standard_rules

from .asking import of_message, of_segment, within
from .fields import Rows, Sort, Weights, fill
from .ordering import Ordering
from .quotas import chosen, quota, share

MOST = 100_000
_LEADING = ("MSH", "EVN", "PID", "PV1", "ORC", "OBR", "TXA")
"""Segments whose codes others are seen to come with: they are settled first."""
_BIRTHS = {("PID", 7), ("NK1", 16), ("IN1", 18), ("IN2", 26), ("GT1", 8)}
_NUMBERED = {("MSH", 10), ("PID", 2), ("PID", 3), ("PID", 4)}

Reference = Mapping[str, Weights]
"""Values with weights, by place: {"PID-5.1.1": {"Smith": 828, …}}."""
Records = Mapping[str, Sequence[Rows]]
"""Values that belong together, by field: {"PID-11": [[{(1, 1): "1 Elm Street", (3, 1): "Austin"}, …]]}."""


def synthesise(
    document: Mapping[str, Any],
    count: int,
    *,
    seed: int = 0,
    reference: Reference | None = None,
    records: Records | None = None,
) -> Iterator[bytes]:
    """So many messages as the document's sender would send them; the same for the same arguments.

    Shares are exact counts as near as whole messages allow, the rules that were learned hold, coded values come from
    the document, and all others are made up, or picked from `reference` where it has the place; values of a field that
    belong together from `records`, those that are not longer than the sender's. Of HL7 v2 only. More than 2,000
    messages a second. Raises `InvalidInput`, `DocumentUnreadable`.
    """
    if not 1 <= count <= MOST:
        raise InvalidInput(f"{count} messages were asked for; ask for 1 to {MOST:,}", field="count")
    configuration = inferred(document)
    if configuration.standard != HL7V2:
        raise InvalidInput(
            f"messages are made of {HL7V2}, and this document is of {configuration.standard}", field="document"
        )
    if not configuration.messages:
        raise InvalidInput("the document was inferred from no message", field="document")
    return _synthesised(configuration, count, seed, reference or {}, records or {})


def _synthesised(
    configuration: Inferred, count: int, seed: int, reference: Reference, records: Records
) -> Iterator[bytes]:
    pick = random.Random(seed)
    shares = {version: counts.messages for version, counts in sorted(configuration.versions.items())}
    picked = quota(shares, count, pick)
    made: dict[str, Iterator[bytes]] = {}
    for version in shares:
        times = picked.count(version)
        counts, rules = configuration.versions[version], configuration.rules[version]
        chance = random.Random(f"{seed} {version}")
        plan = _Plan(configuration.type, version, counts, rules, times, chance, reference, records)
        made[version] = plan.messages()
    for version in picked:
        yield next(made[version])


class _Plan:
    """The messages of one version, segment by segment: each field of all of them at once."""

    def __init__(
        self,
        message_type: str,
        version: str,
        counts: TypeCounts,
        rules: tuple[Rule, ...],
        messages: int,
        pick: random.Random,
        reference: Reference,
        records: Records,
    ) -> None:
        self.type, self.version, self.counts, self.rules = message_type, version, counts, rules
        self.count, self.pick, self.reference, self.records = messages, pick, reference, records
        self.delimiters = self._delimiters()
        self.owners: dict[str, list[int]] = {}
        self.there: dict[str, set[int]] = {}
        self.firsts: dict[str, dict[int, str]] = {}
        self.lines: dict[str, list[str]] = {}
        names = sorted(counts.segments, key=lambda name: (name not in _LEADING, name))
        for name in names if messages else ():
            self._settle(name, counts.segments[name])

    def messages(self) -> Iterator[bytes]:
        """In the order of their numbers."""
        ordering = Ordering(self.counts.follows, self.counts.precedes)
        ends = self._habit("line ends", {"CR": "\r", "LF": "\n", "CRLF": "\r\n", "none": "\r", "mixed": "\r"})
        closed = self._habit("last segment", {"ended": True, "not ended": False})
        rows: list[dict[str, list[str]]] = [{} for _ in range(self.count)]
        for name, owners in self.owners.items():
            for owner, line in zip(owners, self.lines[name], strict=True):
                rows[owner].setdefault(name, []).append(line)
        for number, found in enumerate(rows):
            found.setdefault("MSH", [self._header()])
            left = {name: iter(lines) for name, lines in found.items()}
            order = ordering.order({name: len(lines) for name, lines in found.items() if name != "MSH"}, self.pick)
            text = ends[number].join(next(left[name]) for name in chain(("MSH",), order))
            yield (text + ends[number] if closed[number] else text).encode("ascii", "replace")

    def _settle(self, name: str, segment: SegmentCounts) -> None:
        """Which messages have the segment, how often, and what is in it."""
        must, never = of_segment(name, self.rules, self.firsts, self.count)
        free = [one for one in range(self.count) if one not in must and one not in never]
        target = share(segment.messages, self.counts.messages, self.count)
        there = sorted(range(self.count) if name == "MSH" else must | chosen(free, target - len(must), self.pick))
        often = quota(segment.in_message, len(there), self.pick) if name != "MSH" else [1] * len(there)
        owners = [one for one, times in zip(there, often, strict=True) for _ in range(times)]
        self.owners[name], self.there[name] = owners, set(there)
        self.lines[name] = self._lines(name, segment, owners)

    def _lines(self, name: str, segment: SegmentCounts, owners: list[int]) -> list[str]:
        rows = len(owners)
        own = [rule for rule in self.rules if self._of(rule.when.location) == self._of(rule.then.location) == name]
        codes: dict[str, list[str]] = {}
        texts: dict[int, list[str]] = {}
        for number, column in sorted(segment.columns.items(), key=lambda one: str(one[0]).zfill(4)):
            if not isinstance(number, int):
                continue
            field = f"{name}-{number}"
            special = self._special(name, number, owners)
            if special is not None:
                share_of = column.present / segment.occurrences if segment.occurrences else 1
                texts[number] = special if share_of > 0 else [""] * rows
                codes[field] = texts[number]
            else:
                asked = within(field, own, codes, rows)
                of_message(
                    field, self.rules, {one: self.there[one] for one in self.there if one != name}, owners, asked
                )
                sort = self._sort(name, number)
                texts[number], codes[field] = fill(
                    column, segment.occurrences, rows, asked, sort, self.delimiters, self.pick
                )
            self.firsts[field] = {owner: codes[field][row] for row, owner in reversed(list(enumerate(owners)))}
        return self._joined(name, segment, texts, rows)

    def _of(self, location: str) -> str:
        return location.split("-")[0] if "-" in location else ""

    def _special(self, name: str, number: int, owners: list[int]) -> list[str] | None:
        """What is not by chance: the type, the version, and the numbers that segments have in a message."""
        if name == "MSH" and number == 9:
            return self._types(len(owners))
        if name == "MSH" and number == 12 and self.version != "unknown":
            return [self.version] * len(owners)
        rule = (standard_rules(self.version, name) or {}).get(number)
        if rule is None or rule.types.get((1, 1)) != "SI" or f"{name}-{number}.1.1" in self.reference:
            return None
        column = self.counts.segments[name].columns[number]
        if column.present < self.counts.segments[name].occurrences:
            return None
        seen: dict[int, int] = {}
        found = []
        for owner in owners:
            seen[owner] = seen.get(owner, 0) + 1
            found.append(str(seen[owner]))
        return found

    def _types(self, rows: int) -> list[str]:
        """MSH-9, with the structure as often as it was sent."""
        column = self.counts.segments["MSH"].columns[9]
        plain = self.type.replace("^", self.delimiters.component)
        structure = structure_of(self.version, self.type)
        name = structure.name if structure is not None else self.type.replace("^", "_")
        sent = column.leaves.get((3, 1))
        values = sorted(sent.values, key=lambda value: -sent.values[value].count) if sent is not None else []
        whole = f"{plain}{self.delimiters.component}{values[0] if values else name}"
        times = share(sent.present, column.present, rows) if sent is not None else 0
        found = [whole] * times + [plain] * (rows - times)
        self.pick.shuffle(found)
        return found

    def _sort(self, name: str, number: int) -> Sort:
        places = {
            (int(component), int(part)): weights
            for place, weights in self.reference.items()
            if place.startswith(f"{name}-{number}.")
            for component, part in [place.split(".")[1:3]]
        }
        return Sort(
            birth=(name, number) in _BIRTHS,
            numbered=(name, number) in _NUMBERED,
            given=places,
            records=self.records.get(f"{name}-{number}", ()),
        )

    def _joined(self, name: str, segment: SegmentCounts, texts: dict[int, list[str]], rows: int) -> list[str]:
        """Lines, as long as theirs: some end in separators."""
        separator, first = self.delimiters.field, 3 if name == "MSH" else 1
        trailing = chosen(range(rows), share(segment.trailing, segment.occurrences, rows), self.pick)
        widths = quota(segment.widths, rows, self.pick) or [0] * rows
        start = f"MSH{self.delimiters.declared}" if name == "MSH" else name
        last = max(texts, default=0)
        lines = []
        for row in range(rows):
            values = [texts[number][row] if number in texts else "" for number in range(first, last + 1)]
            while values and not values[-1]:
                values.pop()
            if row in trailing:
                values += [""] * max(1, widths[row] - (first - 1) - len(values))
            lines.append(separator.join([start, *values]))
        return lines

    def _header(self) -> str:
        return f"MSH{self.delimiters.declared}"

    def _delimiters(self) -> Delimiters:
        declared = self.counts.habits.get("delimiters", {})
        most = max(sorted(declared), key=lambda one: declared[one], default="|^~\\&")
        return declared_by(f"MSH{most}{most[0]}") or Delimiters()

    def _habit(self, name: str, meant: Mapping[str, Any]) -> list[Any]:
        known = {used: times for used, times in self.counts.habits.get(name, {}).items() if used in meant}
        picked = quota(known, self.count, self.pick) or [next(iter(meant))] * self.count
        return [meant[one] for one in picked]
