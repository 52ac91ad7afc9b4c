"""Resources of the synthetic patients, as a server exports them."""

import json
from typing import Any

from .hl7 import Patient

_CODES = (("8867-4", "Heart rate"), ("8310-5", "Body temperature"), ("718-7", "Hemoglobin"))


def person(patient: Patient, number: int) -> dict[str, Any]:
    """A Patient."""
    return {
        "resourceType": "Patient",
        "id": patient.number,
        "extension": [
            {"url": "http://example.org/StructureDefinition/ward-note", "valueString": f"Call {patient.phone}"},
            {"url": f"http://example.org/{patient.number}", "valueCode": "x"},
        ],
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.19.5", "value": patient.number}],
        "name": [{"use": "official", "family": patient.family, "given": [patient.given, "A"][: 1 + number % 2]}],
        "telecom": [{"system": "phone", "value": patient.phone}],
        "gender": {"M": "male", "F": "female"}[patient.sex],
        "birthDate": f"{patient.born[:4]}-{patient.born[4:6]}-{patient.born[6:]}",
        "address": [{"line": [patient.street], "city": "Town"}],
        "multipleBirthInteger": number % 3,
    }


def observation(patient: Patient, number: int) -> dict[str, Any]:
    """An Observation about the patient."""
    code, display = _CODES[number % 3]
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": display}]},
        "subject": {"reference": f"Patient/{patient.number}"},
        "effectiveDateTime": f"2026-01-{1 + number % 28:02}T10:00:00Z",
        "valueQuantity": {"value": number / 4, "unit": "x", "code": "/min"},
        "note": [{"text": f"Seen with {patient.given} {patient.family}"}],
    }


def lines(*resources: dict[str, Any]) -> bytes:
    """As NDJSON."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in resources)


def bundle(*resources: dict[str, Any], indent: int | None = 2) -> bytes:
    """As a transaction."""
    entries = [
        {"fullUrl": f"urn:uuid:{n}", "resource": one, "request": {"method": "POST"}} for n, one in enumerate(resources)
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}, indent=indent).encode()
