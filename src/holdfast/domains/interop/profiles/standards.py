"""The standards that profiles are made of: which of their places are coded, and what is a sender's own."""

from collections.abc import Callable, Iterator
from typing import Literal, get_args

from holdfast.domains.interop import fhir, ncpdp
from holdfast.domains.interop.errors import ProfileUnreadable
from holdfast.domains.interop.standard import coded
from holdfast.domains.interop.trees import TreePiece

from .counts import Field

Standard = Literal["HL7v2", "FHIR", "NCPDP-SCRIPT", "NCPDP-Telecom"]
HL7V2: Standard = "HL7v2"
Place = tuple[int, int]
Bound = Callable[[Field], dict[Place, str]]
"""The table, or what stands for one, of every coded place of a field."""


def standard_of(name: str) -> Standard:
    """The standard of that name. Raises `ProfileUnreadable`."""
    for standard in get_args(Standard):
        if name == standard:
            return standard  # type: ignore[no-any-return]  # get_args forgets what it gives
    raise ProfileUnreadable("the profile is of a standard that is not known")


def field_of(standard: Standard) -> Callable[[str], Field]:
    """What makes a field's number or name of what JSON has."""
    return int if standard == HL7V2 else str


def bound(standard: Standard, version: str, segment: str) -> Bound:
    """What is coded in a segment of a standard."""
    if standard == HL7V2:
        fields = coded(version, segment)
        return lambda field: fields.get(field, {}) if isinstance(field, int) else {}
    table_of = fhir.table_of if standard == "FHIR" else ncpdp.table_of
    return lambda field: {(1, 1): table} if (table := table_of(segment, str(field))) else {}


def is_custom(standard: Standard, segment: str) -> bool:
    """Whether the standard leaves a segment to whoever sends it: Z-segments, and extensions in FHIR."""
    if standard == "FHIR":
        return fhir.is_extension(segment)
    return standard == HL7V2 and segment.startswith("Z")


def tree_pieces(standard: Standard) -> Callable[..., Iterator[TreePiece]]:
    """What cuts a source of a standard other than HL7 v2 into pieces."""
    return {"FHIR": fhir.pieces_of, "NCPDP-SCRIPT": ncpdp.script_pieces, "NCPDP-Telecom": ncpdp.telecom_pieces}[
        standard
    ]
