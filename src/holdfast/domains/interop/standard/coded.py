"""Where coded values stand: the only places whose values a profile keeps.

A place is coded when its definition binds it to a table and its data type is one of codes. Names, addresses, telephone
numbers, identifiers, dates and free text are none, and what a table lists of persons and places is left out.
"""

from functools import cache
from typing import Any

from .definitions import definitions

Place = tuple[int, int]
"""Component and subcomponent, counted from 1."""

_CODES = frozenset({"ID", "IS"})
_COMPOSITES = frozenset({"CE", "CWE", "CNE", "CF"})
_PERSONAL = {  # of these only what kind of name, address or number it is
    "XPN": frozenset({7, 8}),
    "PN": frozenset[int](),
    "FN": frozenset[int](),
    "XAD": frozenset({6, 7}),
    "AD": frozenset({6, 7}),
    "SAD": frozenset[int](),
    "XTN": frozenset({2, 3}),
    "TN": frozenset[int](),
}
_TABLES_OF_PEOPLE_AND_PLACES = frozenset(
    {"HL70010", "HL70084", "HL70139", "HL70188", "HL70288", "HL70289", "HL70302", "HL70303", "HL70304", "HL70305"}
)
_ALSO = {  # bound in the standard's text, not in the definitions of every version
    ("MSH", 3): {(1, 1): "HL70361"},
    ("MSH", 4): {(1, 1): "HL70362"},
    ("MSH", 5): {(1, 1): "HL70361"},
    ("MSH", 6): {(1, 1): "HL70362"},
    ("MSH", 9): {(1, 1): "HL70076", (2, 1): "HL70003"},
    ("MSH", 11): {(1, 1): "HL70103"},
    ("MSH", 12): {(1, 1): "HL70104"},
    ("MSH", 18): {(1, 1): "HL70211"},
    ("EVN", 1): {(1, 1): "HL70003"},
    ("PID", 8): {(1, 1): "HL70001"},
    ("PV1", 2): {(1, 1): "HL70004"},
    ("OBX", 2): {(1, 1): "HL70125"},
    ("OBX", 8): {(1, 1): "HL70078"},
    ("OBX", 11): {(1, 1): "HL70085"},
}


@cache
def coded(version: str, segment: str) -> dict[int, dict[Place, str]]:
    """The table of every coded place of a segment, by field. Empty for segments that the standard does not have."""
    places: dict[int, dict[Place, str]] = {}
    for name, reference, *_ in definitions(version).segments.get(segment, ()):
        number = _number(name)
        bound = _places_of(reference) | _ALSO.get((segment, number), {})
        if bound:
            places[number] = bound
    return places


def _places_of(reference: Any) -> dict[Place, str]:
    """Of one field."""
    kind, children, data_type, _, table, *_ = reference
    if kind == "leaf" or not children:
        return _leaf(data_type, table, (1, 1))
    places = _leaf("ID", table, (1, 1)) if data_type in _COMPOSITES else {}
    allowed = _PERSONAL.get(data_type)
    for name, component, *_ in children:
        number = _number(name)
        if allowed is None or number in allowed:
            places |= {place: found for place, found in _in_component(component, number).items() if place not in places}
    return places


def _in_component(reference: Any, number: int) -> dict[Place, str]:
    kind, children, data_type, _, table, *_ = reference
    if kind == "leaf" or not children:
        return _leaf(data_type, table, (number, 1))
    places = _leaf("ID", table, (number, 1)) if data_type in _COMPOSITES else {}
    if data_type in _PERSONAL:
        return places
    for name, part, *_ in children:
        place = (number, _number(name))
        if place not in places:
            places |= _leaf(part[2], part[4], place)
    return places


def _leaf(data_type: str, table: str | None, place: Place) -> dict[Place, str]:
    known = table is not None and table not in _TABLES_OF_PEOPLE_AND_PLACES
    return {place: str(table)} if known and data_type in _CODES else {}


def _number(name: str) -> int:
    """8 of `PID_8`."""
    number = name.rpartition("_")[2]
    return int(number) if number.isdigit() else 0
