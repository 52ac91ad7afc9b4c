"""Where reference data goes in a message of HL7 v2: for each kind of set its members, and their places."""

from collections.abc import Mapping

Places = Mapping[str, tuple[str, ...]]
"""Places by member of a record."""


def _of(component: Mapping[str, int], *fields: str) -> dict[str, tuple[str, ...]]:
    return {member: tuple(f"{one}.{number}.1" for one in fields) for member, number in component.items()}


_PEOPLE = ("PID-5", "PID-6", "PID-9", "NK1-2", "GT1-3", "IN1-16")
_HOMES = ("PID-11", "NK1-4", "GT1-5", "IN1-19")
_DOCTORS = ("PD1-4", "PV1-7", "PV1-8", "PV1-9", "PV1-17", "ORC-12", "OBR-16", "OBX-16", "DG1-16", "PR1-11", "AIP-3")
_DRUGS = ("RXO-1", "RXE-2", "RXD-2", "RXG-4", "RXA-5")

PLACES: Mapping[str, Places] = {
    "surnames": _of({"name": 1}, *_PEOPLE),
    "first-names": _of({"name": 2}, *_PEOPLE),
    "addresses": _of({"street": 1, "city": 3, "region": 4, "postcode": 5}, *_HOMES),
    "providers": _of({"npi": 1, "family": 2, "first": 3}, *_DOCTORS),
    "medications": _of({"ndc": 1, "name": 2}, *_DRUGS),
}
"""The kinds that synthesis knows the places of, named as the sets that they are loaded into."""
