"""What is expected of one value, field or segment after so many like it, and what is said where it is otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass

from .profiles.counts import Leaf
from .profiles.kinds import NUMBERS, is_dated, kind_of
from .profiles.wilson import wilson
from .severities import DifferenceKind, Severity

SURE = 0.8
"""The least share (Wilson's lower bound) for which what was always so is expected: 16 messages that were all alike."""
_JSON = frozenset({"boolean", "JSON integer", "JSON decimal"})
Found = tuple[DifferenceKind, Severity, str, str]
"""Kind, severity, location, and what is to be said."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One place of a message that is not as the configuration has it. It never repeats what stands there.

    `location` is "PID", "PID-8" or "PID-8.1.1", in FHIR and NCPDP the path ("Patient.name.family"). `position`, from
    1: of the segment in the message, and in FHIR and NCPDP of the object among those at its path; None for what is
    missing or of the message as a whole.
    """

    kind: DifferenceKind
    severity: Severity
    location: str
    detail: str
    position: int | None = None


def difference(found: Found, position: int | None) -> Difference:
    """One difference at a position."""
    kind, severity, location, detail = found
    return Difference(kind=kind, severity=severity, location=location, detail=detail, position=position)


class ExpectedValue:
    """What is expected of a value without parts."""

    def __init__(self, location: str, leaf: Leaf) -> None:
        self.location = location
        self.longest = leaf.longest
        self.codes = frozenset(leaf.values) if leaf.values and not leaf.withheld else None
        kinds = {kind for kind, count in leaf.kinds.items() if count}
        self.formats = (
            kinds if kinds and sure(sum(leaf.kinds.values())) and all(_strict(kind) for kind in kinds) else None
        )
        self.said = ", ".join(sorted(kinds)) if self.formats else ""

    def judge(self, value: str, kind: str | None = None) -> Iterator[Found]:
        """What differs. `kind`: of a value that is no text, such as "boolean"."""
        if value == '""':
            return
        if self.codes is not None and value not in self.codes:
            yield "unknown code", "warning", self.location, "a code that this sender has not sent"
            return
        if self.formats is not None:
            looks = kind or kind_of(value)
            if looks not in self.formats and not _near(looks, self.formats):
                yield "wrong type", "error", self.location, f"looks like {looks}; so far {self.said}"
                return
        if len(value) > self.longest:
            yield "over-long", "warning", self.location, f"{len(value)} characters; at most {self.longest} so far"


def always(count: int, whole: int) -> bool:
    """Whether it was so every time, of enough times."""
    return count == whole and sure(whole)


def sure(seen: int) -> bool:
    """Whether what was so every one of these times is expected to be so."""
    return wilson(seen, seen)[0] >= SURE


def _strict(kind: str) -> bool:
    """Whether what looks like this is a date, a time, a number or true or false, which others are not by chance."""
    return is_dated(kind) or kind in NUMBERS or kind in _JSON


def _near(kind: str, known: set[str]) -> bool:
    """A whole number among decimals, and a date that also looks like a number, are no other type; text is, in JSON."""
    return kind in NUMBERS and any(one in NUMBERS and (one in _JSON) == (kind in _JSON) for one in known)
