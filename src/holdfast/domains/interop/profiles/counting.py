"""Counting messages of one type, column by column.

Messages wait until there are enough of them; then each field is a column, and only its distinct values are looked
into. So a value that a thousand messages share is cut and measured once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations, islice, pairwise, zip_longest
from operator import itemgetter

from holdfast.domains.interop.hl7 import Delimiters, Message
from holdfast.domains.interop.hl7.messages import name_of
from holdfast.domains.interop.standard import Structure, coded, structure_of

from .columns import count_column, count_values
from .counts import Column, Field, SegmentCounts, add_up, bucket
from .keys import ProfileKey
from .together import LEADING, PRESENT, codes_of, first_codes
from .type_counts import TypeCounts
from .whose import counted

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
        separator, known = self.delimiters.field, self._names
        names: list[str] = []
        lines, identity = message.lines, ""
        for line in lines:
            begun = line[:4]
            name = known.get(begun)
            if name is None:
                name = known[begun] = name_of(begun, separator)
            names.append(name)
            if name == "PID":
                identity = line
        if "" in names:
            lines = [line for line, name in zip(lines, names, strict=True) if name]
            names = [name for name in names if name]
        patient = self._patient(identity.split(separator, 8), digest)
        order = tuple(names)
        self._waiting.append((patient, self._orders.setdefault(order, len(self._orders)), lines))
        self._sequences[order, message.structure] += 1
        self._habits[_encoding(message)] += 1
        for problem in message.problems:
            self._problems[problem.kind] += 1

    def flush(self) -> None:
        """Everything that waits is counted."""
        counts = self.counts
        counts.messages += len(self._waiting)
        counts.patients.add({patient for patient, _, _ in self._waiting})
        add_up(counts.problems, self._problems)
        for encoding, times in self._habits.items():
            for habit, name in zip(_HABITS, (self.delimiters.declared, *encoding), strict=True):
                add_up(counts.habits.setdefault(habit, {}), {name: times})
        for (names, declared), times in self._sequences.items():
            self._count_order(names, times)
            self._count_groups(names, structure_of(self.version, self.type, declared), times)
        self._count_lines()
        self._forget()

    def _forget(self) -> None:
        self._names: dict[str, str] = {}
        self._waiting: list[tuple[int, int, list[str]]] = []
        self._orders: dict[tuple[str, ...], int] = {}
        self._sequences: Counter[tuple[tuple[str, ...], str]] = Counter()
        self._habits: Counter[tuple[str, ...]] = Counter()
        self._problems: Counter[str] = Counter()

    def _count_lines(self) -> None:
        """The lines of each segment, in the order of their patients, whose smallest are then the first."""
        self._waiting.sort(key=itemgetter(0))
        orders = list(self._orders)
        lines: defaultdict[str, list[str]] = defaultdict(list)
        owners: defaultdict[str, list[int]] = defaultdict(list)
        for number, (_, order, found) in enumerate(self._waiting):
            for name, line in zip(orders[order], found, strict=True):
                lines[name].append(line)
                owners[name].append(number)
        for name, some in lines.items():
            self._count_segment(name, some, owners[name])

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

    def _count_segment(self, name: str, lines: list[str], owners: list[int]) -> None:
        patients = [self._waiting[owner][0] for owner in owners]
        segment = self.counts.segments.setdefault(name, SegmentCounts())
        segment.occurrences += len(lines)
        rows = [line.split(self.delimiters.field) for line in lines]
        first = 2 if name in ("MSH", "BHS", "FHS") else 1  # MSH-1 is the separator itself
        for width, times in Counter(map(len, rows)).items():
            size = bucket(width - 2 + first)
            segment.widths[size] = segment.widths.get(size, 0) + times
            segment.beyond += times if width - 2 + first > FIELDS else 0
        segment.trailing += "\n".join([*lines, ""]).count(self.delimiters.field + "\n")
        places = coded(self.version, name)
        codes: dict[Field, list[str]] = {}
        for index, column in enumerate(_columns(rows), first):
            if index > FIELDS:
                break
            if name == "MSH" and index == 2:
                continue
            found = Counter(column)
            del found[""]
            if found:
                counts = segment.columns.setdefault(index, Column())
                leaves = count_column(counts, found, self.delimiters)
                if index in places:
                    count_values(counts, leaves, column, patients, places[index], self.delimiters)
                    if (1, 1) in places[index] and self.counts.together.takes_part(f"{name}-{index}"):
                        codes[index] = first_codes(column, self.delimiters)
        self._count_together(name, codes, owners, patients)

    def _count_together(self, name: str, codes: dict[Field, list[str]], owners: list[int], patients: list[int]) -> None:
        """Codes within the segment, and the segments that come with a leading code."""
        together = self.counts.together
        found = codes_of(codes, patients)
        for number, alone in found.alone.items():
            together.add(f"{name} {name}-{number}", {(PRESENT, code): value for code, value in alone.items() if code})
        together.settle()
        taking_part = {number for number in codes if together.takes_part(f"{name}-{number}")}
        for one, other, pairs in found.pairs(patients, taking_part):
            together.add(f"{name}-{one} {name}-{other}", pairs)
        for number in LEADING.get(name, ()):
            if number in taking_part:
                self._count_leading(f"{name}-{number}", codes[number], owners)

    def _count_leading(self, field: str, codes: list[str], owners: list[int]) -> None:
        """The segments that come in a message with the first code of a field."""
        first = dict(zip(reversed(owners), reversed(codes), strict=True))
        there = sorted(first)
        seen = [(first[owner], self._waiting[owner][1]) for owner in there]
        orders = list(self._orders)
        for (code, order), value in counted(seen, [self._waiting[owner][0] for owner in there]).items():
            for segment in {"*", *orders[order]} if code else ():
                self.counts.together.add(f"{segment} {field} in message", {(PRESENT, code): value})


def _columns(rows: list[list[str]]) -> Iterator[tuple[str, ...]]:
    columns = zip_longest(*rows, fillvalue="")
    next(columns, None)  # the segment's name
    return columns


def _pairs(names: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    return pairwise(("^", *names, "$"))


def _encoding(message: Message) -> tuple[str, ...]:
    """How a message is encoded, in the order of `_HABITS` after the delimiters."""
    ended = "ended" if message.raw.endswith((b"\r", b"\n")) else "not ended"
    framing = "MLLP" if message.framed else "none"
    return message.line_ends, ended, framing, message.charset or "none", message.codec
