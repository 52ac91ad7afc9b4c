"""The structure a message of some event has, and which group each of its segments is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .definitions import definitions

_SHARED = {  # events that have the structure of another, as the standard's chapters say
    "ADT_A01": "A04 A08 A13",
    "ADT_A05": "A14 A28 A31",
    "ADT_A06": "A07",
    "ADT_A09": "A10 A11 A12",
    "ADT_A21": "A22 A23 A25 A26 A27 A29 A32 A33",
    "ADT_A30": "A34 A35 A36 A46 A47 A48 A49",
    "ADT_A39": "A40 A41 A42",
    "ADT_A43": "A44",
    "ADT_A50": "A51",
    "ADT_A52": "A53",
    "ADT_A54": "A55",
    "ADT_A61": "A62",
    "MDM_T01": "T03 T05 T07 T09 T11",
    "MDM_T02": "T04 T06 T08 T10",
    "SIU_S12": "S13 S14 S15 S16 S17 S18 S19 S20 S21 S22 S23 S24 S26 S27",
    "SRM_S01": "S02 S03 S04 S05 S06 S07 S08 S09 S10 S11",
    "SRR_S01": "S02 S03 S04 S05 S06 S07 S08 S09 S10 S11",
    "REF_I12": "I13 I14 I15",
    "RRI_I12": "I13 I14 I15",
    "RQA_I08": "I09 I10 I11",
    "RPA_I08": "I09 I10 I11",
    "PPR_PC1": "PC2 PC3",
    "PGL_PC6": "PC7 PC8",
    "PPP_PCB": "PCC PCD",
    "CRM_C01": "C02 C03 C04 C05 C06 C07 C08",
    "CSU_C09": "C10 C11 C12",
    "PEX_P07": "P08",
    "RDE_O11": "O25",
    "RRE_O12": "O26",
    "PMU_B01": "B02",
    "PMU_B04": "B05 B06",
    "QBP_Q21": "Q22 Q23 Q24 Q25",
    "RSP_K23": "K24",
}
_OF_EVENT = {f"{structure[:3]}_{event}": structure for structure, events in _SHARED.items() for event in events.split()}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a segment may stand: within which groups, outermost first, and how often."""

    segment: str
    groups: tuple[str, ...]
    least: int
    most: int
    """-1 where there is no limit."""


@dataclass(frozen=True)
class Span:
    """A group as the positions `first` to `last`."""

    path: tuple[str, ...]
    first: int
    last: int
    repeats: bool
    least: int


@dataclass(frozen=True)
class Structure:
    """A structure as a row of positions. `name` is that of the structure: `ADT_A01` for an `ADT^A04`."""

    name: str
    version: str
    positions: tuple[Position, ...]
    spans: tuple[Span, ...]

    def place(self, names: Sequence[str]) -> tuple[list[int | None], dict[tuple[str, ...], int]]:
        """The position of every segment of a message, None for one that has none there; and how often each group came.

        Tolerant: a segment that is missing or too many does not keep those after it from being placed.
        """
        at, placed = -1, list[int | None]()
        groups: dict[tuple[str, ...], int] = {}
        for name in names:
            found = self._next(name, at)
            placed.append(None if found is None else found[0])
            if found is None:
                continue
            for path in self._entered(at, *found):
                groups[path] = groups.get(path, 0) + 1
            at = found[0]
        return placed, groups

    def _next(self, name: str, at: int) -> tuple[int, tuple[str, ...] | None] | None:
        """Where the next segment of that name goes, and the group that begins anew for it."""
        if at >= 0 and self.positions[at].segment == name and self.positions[at].most != 1:
            return at, None
        for span in self._around(at):
            ahead = self._find(name, at + 1, span.last)
            if ahead is not None:
                return ahead, None
            behind = self._find(name, span.first, at) if span.repeats else None
            if behind is not None:
                return behind, span.path
        ahead = self._find(name, at + 1, len(self.positions) - 1)
        return None if ahead is None else (ahead, None)

    def _around(self, at: int) -> list[Span]:
        """The groups around a position, innermost first."""
        around = [span for span in self.spans if span.first <= at <= span.last]
        return sorted(around, key=lambda span: -len(span.path))

    def _find(self, name: str, first: int, last: int) -> int | None:
        return next((at for at in range(max(first, 0), last + 1) if self.positions[at].segment == name), None)

    def _entered(self, before: int, after: int, anew: tuple[str, ...] | None) -> list[tuple[str, ...]]:
        """The groups that begin when the segment after comes."""
        groups = self.positions[after].groups
        shared = 0
        if anew is not None:
            shared = len(anew) - 1
        elif before >= 0:
            old = self.positions[before].groups
            while shared < min(len(old), len(groups)) and old[shared] == groups[shared]:
                shared += 1
        return [groups[: depth + 1] for depth in range(shared, len(groups))]


@lru_cache(maxsize=1024)
def structure_of(version: str, message_type: str, declared: str = "") -> Structure | None:
    """The structure of a type such as `ADT^A04`; `declared` is MSH-9.3. None where the version has none for it."""
    known = definitions(version)
    name = message_type.replace("^", "_")
    names = (declared, name, _OF_EVENT.get(name, ""), message_type.split("^")[0])
    found = next((one for one in names if one in known.messages), None)
    if found is None:
        return None
    positions: list[Position] = []
    spans: list[Span] = []
    _flatten(known.messages[found], (), positions, spans, found)
    return Structure(found, known.version, tuple(positions), tuple(spans))


def _flatten(
    reference: Any, path: tuple[str, ...], positions: list[Position], spans: list[Span], structure: str
) -> None:
    for name, child, (least, most), kind in reference[1]:
        if kind == "SEG":
            positions.append(Position(name, path, least, most))
            continue
        inner, first = (*path, name.removeprefix(f"{structure}_")), len(positions)
        _flatten(child, inner, positions, spans, structure)
        spans.append(Span(inner, first, len(positions) - 1, most != 1, least))
