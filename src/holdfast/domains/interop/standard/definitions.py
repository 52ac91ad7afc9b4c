"""The definitions that hl7apy carries, one version at a time. A third of a second for the first in a process."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from holdfast.domains.interop.errors import DefinitionsMissing

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
_UNKNOWN = "2.5.1"


@dataclass(frozen=True)
class Definitions:
    """One version. A reference is what hl7apy has: (kind, children, data type, name, table, longest)."""

    version: str
    messages: dict[str, Any]
    segments: dict[str, tuple[Any, ...]]
    """The fields of a segment: (name, reference, (least, most), "FIE")."""
    tables: dict[str, frozenset[str]]
    """Values by table, such as "HL70001"; empty before 2.3.1, and for tables whose values a site defines."""


@cache
def definitions(version: str) -> Definitions:
    """The definitions of a version, or of the nearest there are. Raises `DefinitionsMissing`."""
    known = nearest(version)
    try:
        module = import_module(f"hl7apy.v{known.replace('.', '_')}")
    except ImportError as error:
        raise DefinitionsMissing(str(error.name)) from error
    tables = getattr(module, "TABLES", {})
    values = {name: frozenset(str(value) for value in found[1] or ()) for name, found in tables.items()}
    segments = {name: _fields(reference) for name, reference in module.SEGMENTS.items() if name != "ANYHL7SEGMENT"}
    messages = {name: found for name, found in module.MESSAGES.items() if len(found) > 1 and found[0] == "sequence"}
    return Definitions(known, messages, segments, values)


def _fields(reference: Any) -> tuple[Any, ...]:
    """Some segments have no fields, and one has no kind."""
    if reference and isinstance(reference[0], str):
        return tuple(reference[1]) if len(reference) > 1 else ()
    return tuple(reference)


def nearest(version: str) -> str:
    """The version itself where it is known, 2.7.1 as 2.7, and 2.5.1 for what names none."""
    if version in VERSIONS:
        return version
    shorter = version.rsplit(".", 1)[0]
    return shorter if shorter in VERSIONS else _UNKNOWN
