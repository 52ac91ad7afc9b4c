"""Where coded values stand in FHIR R4: the only elements whose values a profile keeps.

Without the StructureDefinitions an element is judged by its name and where it stands. These names have the data type
`code` (or `uri`, for a system of codes) wherever R4 has them as a value without parts; names, addresses, identifiers,
dates, references and free text have others.
"""

import re

_CODES = {
    "gender": "administrative-gender",
    "status": "status",
    "intent": "request-intent",
    "priority": "request-priority",
    "mode": "mode",
    "criticality": "allergy-intolerance-criticality",
    "severity": "severity",
    "comparator": "quantity-comparator",
    "contentType": "mime types",
    "docStatus": "composition-status",
    "fhirVersion": "FHIR versions",
    "kind": "kind",
    "language": "languages",
    "lifecycleStatus": "goal-status",
    "method": "http-verb",
    "resourceType": "resource-types",
    "use": "use",
    "valueCode": "code",
    "category": "category",
    "type": "type",
}
_CODING = re.compile(r"(?:\.|^)(?:coding|valueCoding|class|tag|security|ombCategory)$")
_CONTACT = re.compile(r"(?:\.|^)(?:telecom|valueContactPoint)$")
_QUANTITY = re.compile(
    r"(?:\.|^)(?:[a-z]\w*Quantity|quantity|dose|low|high|value|net|unitPrice|valueAge|onsetAge|amount|duration)$"
)
_EXTENSION = re.compile(r"(?:\.|^)(?:modifierE|e)xtension(?::[^.]+)?$")
_URIS = "uri"
URI_LENGTH = 128


def table_of(segment: str, field: str) -> str:
    """What the values of an element are chosen from, "" where it is not coded. `segment`: the path of its object."""
    if field == "system":
        return "contact-point-system" if _CONTACT.search(segment) else _URIS
    if field == "code":
        return "code" if _CODING.search(segment) or _QUANTITY.search(segment) else ""
    if field == "url":
        return _URIS if _EXTENSION.search(segment) else ""
    return _CODES.get(field, "")


def is_extension(segment: str) -> bool:
    """Whether the objects at a path are extensions, or in one."""
    return any(part.split(":")[0] in ("extension", "modifierExtension") for part in segment.split("."))
