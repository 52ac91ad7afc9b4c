"""Counting messages of one type, column by column.

Messages wait until there are enough of them; then each field is a column, and only its distinct values are looked
into. So a value that a thousand messages share is cut and measured once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import combinations, islice, pairwise, zip_longest

from holdfast.domains.interop.hl7 import Delimiters, Message
from holdfast.domains.interop.hl7.messages import name_of
from holdfast.domains.interop.standard import Structure, coded, structure_of

from .columns import count_column, count_values
from .counts import PATIENTS, Column, SegmentCounts, add_up, bucket
from .keys import ProfileKey
from .together import LEADING, PRESENT, codes_alone, counted, first_codes, pairs_within
from .type_counts import TypeCounts

_HABITS = ("delimiters", "line ends", "last segment", "framing", "character set declared", "character set used")
FIELDS = 512
"""The fields of a segment that are looked into; those beyond are counted as such."""
_ORDERED = 64
"""The different segments of a message whose order is looked at: there are pairs of them."""


class Counting:
    """Messages of one type, one version and one set of delimiters, added to `counts` when there are enough."""

    def __init__(
        self, counts: TypeCounts, key: ProfileKey, message_type: str, version: str, delimiters: Delimiters
    ) -> None:
        self.counts, self.key = counts, key
        self.type, self.version, self.delimiters = message_type, version, delimiters
        self._forget()

    def add(self, message: Message, digest: int) -> None:
        """One message, whose digest stands for its patient where it names none."""
        separator, lines = self.delimiters.field, self._lines
        names: list[str] = []
        for line in message.lines:
            name = name_of(line[:4], separator)
            if name:
                names.append(name)
                lines[name].append(line)
        patient = self._patient(lines["PID"][-1].split(separator, 8) if "PID" in names else [], digest)
        number = len(self._patients)
        for name in names:
            self._owners[name].append(number)
        self._patients.append(patient)
        self._orders.append(tuple(names))
        self._sequences[tuple(names), message.structure] += 1
        self._habits[_encoding(message)] += 1
        for problem in message.problems:
            self._problems[problem.kind] += 1

    def flush(self) -> None:
        """Everything that waits is counted."""
        counts = self.counts
        counts.messages += self._sequences.total()
        counts.patients.add(set(self._patients))
        add_up(counts.problems, self._problems)
        for encoding, times in self._habits.items():
            for habit, name in zip(_HABITS, (self.delimiters.declared, *encoding), strict=True):
                add_up(counts.habits.setdefault(habit, {}), {name: times})
        for (names, declared), times in self._sequences.items():
            self._count_order(names, times)
            self._count_groups(names, structure_of(self.version, self.type, declared), times)
        for name, lines in self._lines.items():
            self._count_segment(name, [line.split(self.delimiters.field) for line in lines], self._owners[name])
        self._forget()

    def _forget(self) -> None:
        self._lines: defaultdict[str, list[str]] = defaultdict(list)
        self._owners: defaultdict[str, list[int]] = defaultdict(list)
        self._patients: list[int] = []
        self._orders: list[tuple[str, ...]] = []
        self._sequences: Counter[tuple[tuple[str, ...], str]] = Counter()
        self._habits: Counter[tuple[str, ...]] = Counter()
        self._problems: Counter[str] = Counter()

    def _patient(self, identity: list[str], digest: int) -> int:
        """By PID-3, 2 or 4, by name and birth date, or the message itself where all are empty."""
        for number in (3, 2, 4):
            if number < len(identity) and identity[number]:
                first = identity[number].split(self.delimiters.repetition, 1)[0].split(self.delimiters.component)
                if first[0] and first[0] != '""':
                    return self.key.patient(f"{first[0]}^{first[3] if len(first) > 3 else ''}")
        if len(identity) > 7 and identity[5]:
            return self.key.patient(f"{identity[5]}|{identity[7]}")
        return digest

    def _count_order(self, names: tuple[str, ...], times: int) -> None:
        add_up(self.counts.follows, {f"{a}>{b}": n * times for (a, b), n in Counter(_pairs(names)).items()})
        firsts = islice(dict.fromkeys(names), _ORDERED)
        add_up(self.counts.precedes, {f"{a}>{b}": times for a, b in combinations(firsts, 2)})
        for name, often in Counter(names).items():
            segment = self.counts.segments.setdefault(name, SegmentCounts())
            size = bucket(often)
            segment.in_message[size] = segment.in_message.get(size, 0) + times

    def _count_groups(self, names: tuple[str, ...], structure: Structure | None, times: int) -> None:
        if structure is None:
            return
        placed, groups = structure.place(names)
        for path, often in groups.items():
            add_up(self.counts.groups.setdefault("/".join(path), {}), {bucket(often): times})
        without = Counter(name for name, place in zip(names, placed, strict=True) if place is None)
        add_up(self.counts.unplaced, {name: often * times for name, often in without.items()})

    def _count_segment(self, name: str, rows: list[list[str]], owners: list[int]) -> None:
        patients = [self._patients[owner] for owner in owners]
        segment = self.counts.segments.setdefault(name, SegmentCounts())
        segment.occurrences += len(rows)
        first = 2 if name in ("MSH", "BHS", "FHS") else 1  # MSH-1 is the separator itself
        for width, times in Counter(map(len, rows)).items():
            size = bucket(width - 2 + first)
            segment.widths[size] = segment.widths.get(size, 0) + times
            segment.beyond += times if width - 2 + first > FIELDS else 0
        segment.trailing += sum(len(row) > 1 and not row[-1] for row in rows)
        places = coded(self.version, name)
        codes: dict[int, list[str]] = {}
        for index, column in enumerate(_columns(rows), first):
            if index > FIELDS:
                break
            if name == "MSH" and index == 2:
                continue
            found = Counter(column)
            del found[""]
            if found:
                counts = segment.columns.setdefault(index, Column())
                count_column(counts, found, self.delimiters)
                if index in places:
                    whose = patients_of(column, patients)
                    count_values(counts, found, whose, places[index], self.delimiters)
                    if (1, 1) in places[index] and self.counts.together.takes_part(f"{name}-{index}"):
                        codes[index] = first_codes(column, self.delimiters)
        self._count_together(name, codes, owners, patients)

    def _count_together(self, name: str, codes: dict[int, list[str]], owners: list[int], patients: list[int]) -> None:
        """Codes within the segment, and the segments that come with a leading code."""
        together = self.counts.together
        alone = codes_alone(codes, patients)
        for number, found in alone.items():
            together.add(f"{name} {name}-{number}", {(PRESENT, code): value for code, value in found.items() if code})
        together.settle()
        codes = {number: column for number, column in codes.items() if together.takes_part(f"{name}-{number}")}
        for one, other, pairs in pairs_within(codes, alone, patients):
            together.add(f"{name}-{one} {name}-{other}", pairs)
        for number in LEADING.get(name, ()):
            if number in codes:
                self._count_leading(f"{name}-{number}", codes[number], owners)

    def _count_leading(self, field: str, codes: list[str], owners: list[int]) -> None:
        """The segments that come in a message with the first code of a field."""
        first = dict(zip(reversed(owners), reversed(codes), strict=True))
        seen = [(code, self._orders[owner]) for owner, code in first.items()]
        for (code, order), value in counted(seen, [self._patients[owner] for owner in first]).items():
            for segment in {"*", *order} if code else ():
                self.counts.together.add(f"{segment} {field} in message", {(PRESENT, code): value})


def _columns(rows: list[list[str]]) -> Iterator[tuple[str, ...]]:
    columns = zip_longest(*rows, fillvalue="")
    next(columns, None)  # the segment's name
    return columns


def _pairs(names: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    return pairwise(("^", *names, "$"))


def patients_of(column: tuple[str, ...], patients: list[int]) -> dict[str, list[int]]:
    """The patients of every value, at most as many as are counted exactly: the smallest of their digests."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for value, patient in set(zip(column, patients, strict=True)):
        if value:
            found[value].append(patient)
    return {value: nsmallest(PATIENTS, some) if len(some) > PATIENTS else some for value, some in found.items()}


def _encoding(message: Message) -> tuple[str, ...]:
    """How a message is encoded, in the order of `_HABITS` after the delimiters."""
    ended = "ended" if message.raw.endswith((b"\r", b"\n")) else "not ended"
    framing = "MLLP" if message.framed else "none"
    return message.line_ends, ended, framing, message.charset or "none", message.codec
