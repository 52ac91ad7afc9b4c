"""What a deviation from a standard is."""

from dataclasses import dataclass

from .severities import DifferenceKind as Kind
from .severities import Severity

__all__ = ["Deviation", "Deviations", "Kind", "Severity", "deviation"]


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """`location` is "PID", "PID-8" or "PID-8.1.1", in FHIR "Patient.gender".

    `count` of `whole` messages, segments or values differ.
    """

    kind: Kind
    severity: Severity
    location: str
    count: int
    whole: int
    detail: str


@dataclass(frozen=True, kw_only=True)
class Deviations:
    """Of one type and version. `not_checked` says what the definitions of the version have no data for."""

    found: tuple[Deviation, ...]
    not_checked: tuple[str, ...]


def deviation(kind: Kind, severity: Severity, location: str, count: int, whole: int, detail: str) -> Deviation:
    """One deviation."""
    return Deviation(kind=kind, severity=severity, location=location, count=count, whole=whole, detail=detail)
