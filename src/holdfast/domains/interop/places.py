"""How a place is written, wherever one is told: "PID-3.4.1" in HL7 v2, the path in FHIR and NCPDP.

In HL7 v2 a segment, its field, component and subcomponent, by number. In FHIR and NCPDP the names of the objects and
of the value in them, with dots: "Patient.name.family", "Message.Body.NewRx.Patient", "Transmission.AM07.D2".
"""

from .profiles.counts import Field


def place_of(segment: str, field: Field, part: tuple[int, int] | None = None) -> str:
    """A field of a segment, or a part of it. Values of FHIR and NCPDP have no parts."""
    if isinstance(field, str):
        return f"{segment}.{field}"
    return f"{segment}-{field}" if part is None else f"{segment}-{field}.{part[0]}.{part[1]}"


TYPE_AND_VERSION = {
    "HL7v2": ("MSH-9", "MSH-12"),
    "FHIR": ("resourceType", "resourceType"),
    "NCPDP-SCRIPT": ("Message.Body", "Message.@version"),
    "NCPDP-Telecom": ("Transmission.Header.transaction", "Transmission.Header.version"),
}
"""Where messages of a standard say of which type and version they are. FHIR's resources do not say their version."""


def whole_of(standard: str, message_type: str) -> str:
    """The message as a whole: where it is told how it is encoded."""
    return {"HL7v2": "MSH", "FHIR": message_type, "NCPDP-SCRIPT": "Message"}.get(standard, "Transmission")
