"""What is said of FHIR R4 without its StructureDefinitions: what base resources require, and required value sets."""

import re

REQUIRED = {  # elements with a least cardinality of one, of resources that are exchanged most
    "AllergyIntolerance": ("patient",),
    "Appointment": ("status", "participant"),
    "CarePlan": ("status", "intent", "subject"),
    "CareTeam": (),
    "Claim": ("status", "type", "use", "patient", "created", "provider", "priority", "insurance"),
    "Composition": ("status", "type", "date", "author", "title"),
    "Condition": ("subject",),
    "Coverage": ("status", "beneficiary", "payor"),
    "Device": (),
    "DiagnosticReport": ("status", "code"),
    "DocumentReference": ("status", "content"),
    "Encounter": ("status", "class"),
    "ExplanationOfBenefit": (
        "status", "type", "use", "patient", "created", "insurer", "provider", "outcome", "insurance",
    ),
    "Goal": ("lifecycleStatus", "description", "subject"),
    "ImagingStudy": ("status", "subject"),
    "Immunization": ("status", "vaccineCode", "patient"),
    "MedicationAdministration": ("status", "subject"),
    "MedicationDispense": ("status",),
    "MedicationRequest": ("status", "intent", "subject"),
    "MedicationStatement": ("status", "subject"),
    "MessageHeader": ("source",),
    "Observation": ("status", "code"),
    "Procedure": ("status", "subject"),
    "QuestionnaireResponse": ("status",),
    "ServiceRequest": ("status", "intent", "subject"),
    "Task": ("status", "intent"),
}  # fmt: skip
_REQUESTS = "draft active on-hold revoked completed entered-in-error unknown"
_EVENTS = "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
_SETS = {  # by type and element; "*" for every type
    "* gender": "male female other unknown",
    "*.name use": "usual official temp nickname anonymous old maiden",
    "*.address use": "home work temp old billing",
    "*.address type": "postal physical both",
    "*.identifier use": "usual official temp secondary old",
    "*.telecom system": "phone fax email pager url sms other",
    "*.telecom use": "home work temp old mobile",
    "*.text status": "generated extensions additional empty",
    "Appointment status": "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in "
    "waitlist",
    "AllergyIntolerance type": "allergy intolerance",
    "AllergyIntolerance category": "food medication environment biologic",
    "AllergyIntolerance criticality": "low high unable-to-assess",
    "CarePlan status": _REQUESTS,
    "Claim status": "active cancelled draft entered-in-error",
    "Claim use": "claim preauthorization predetermination",
    "Composition status": "preliminary final amended entered-in-error",
    "Coverage status": "active cancelled draft entered-in-error",
    "DiagnosticReport status": "registered partial preliminary final amended corrected appended cancelled "
    "entered-in-error unknown",
    "DocumentReference status": "current superseded entered-in-error",
    "Encounter status": "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
    "ExplanationOfBenefit status": "active cancelled draft entered-in-error",
    "ExplanationOfBenefit use": "claim preauthorization predetermination",
    "Immunization status": "completed entered-in-error not-done",
    "Location status": "active suspended inactive",
    "Location mode": "instance kind",
    "MedicationRequest status": "active on-hold cancelled completed entered-in-error stopped draft unknown",
    "MedicationRequest intent": "proposal plan order original-order reflex-order filler-order instance-order option",
    "MedicationRequest priority": "routine urgent asap stat",
    "Observation status": "registered preliminary final amended corrected cancelled entered-in-error unknown",
    "Procedure status": _EVENTS,
    "ServiceRequest status": _REQUESTS,
    "ServiceRequest intent": "proposal plan directive order original-order reflex-order filler-order instance-order "
    "option",
    "ServiceRequest priority": "routine urgent asap stat",
}
VALUES = {name: frozenset(values.split()) for name, values in _SETS.items()}
_DATES = re.compile(
    r"(?:birthDate|(?:.*[dD]ate|.*DateTime|authoredOn|recorded|created|issued|start|end|lastUpdated|sent|received))$"
)
_ZONED = re.compile(r"YYYY-MM-DDTHH:MM:SS(?:\.S+)?(?:Z|\+ZZ:ZZ)$")
_PARTIAL = frozenset({"YYYY-MM-DD", "integer", "upper-case code"})
"""A day, or a year or a month alone, which look like a number and a code."""


def values_of(segment: str, field: str) -> frozenset[str]:
    """The codes that R4 requires for an element, empty where it requires none that is known here."""
    kind, _, rest = segment.partition(".")
    own = VALUES.get(f"{segment} {field}", frozenset())
    return own or VALUES.get(f"*.{rest} {field}" if rest else f"* {field}", frozenset()) if kind else own


def wrong(field: str, kind: str) -> str:
    """What a value of that kind should have been, "" where it may be."""
    name = field.removeprefix("_")
    if name.endswith("Boolean"):
        return "" if kind == "boolean" else "boolean"
    if name.endswith("Integer"):
        return "" if kind == "JSON integer" else "integer"
    if _DATES.fullmatch(name):
        known = kind in _PARTIAL or _ZONED.fullmatch(kind)
        return "" if known else "date, or time with its zone"
    return ""
