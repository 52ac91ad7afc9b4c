"""One resource of FHIR or message of NCPDP against a configuration, and drift of them: each difference at its path."""

import json
from dataclasses import dataclass

import pytest
from support.fhir import lines, observation, person
from support.hl7 import patients

from holdfast.domains.interop.documents import Inferred, documents, inferred
from holdfast.domains.interop.drift import drift
from holdfast.domains.interop.profiles import ProfileKey, profile_messages
from holdfast.domains.interop.profiles.standards import Standard
from holdfast.domains.interop.validation import Validator

from .test_ncpdp import claim, new_rx

KEY = ProfileKey(b"validation of tests, FHIR and NCPDP")
PEOPLE = patients(60, seed=41)
SENT: dict[str, tuple[Standard, list[bytes]]] = {
    "Patient": ("FHIR", [lines(person(one, number)) for number, one in enumerate(PEOPLE)]),
    "Observation": ("FHIR", [lines(observation(one, number)) for number, one in enumerate(PEOPLE)]),
    "NewRx": ("NCPDP-SCRIPT", [new_rx(one, number) for number, one in enumerate(PEOPLE)]),
    "B1": ("NCPDP-Telecom", [claim(one, number) for number, one in enumerate(PEOPLE)]),
}


def known(name: str, *, within: slice = slice(None)) -> Inferred:
    standard, sent = SENT[name]
    profile = profile_messages(b"".join(sent[within]), KEY, standard=standard)
    return inferred(documents(profile, vendor="North")[name])


CHECKS = {name: Validator(known(name)) for name in SENT}

ALSO = {"Observation.valueQuantity.x", "Patient.extension:ward-note"}
"""What two of the plants change besides."""


@dataclass(frozen=True)
class Planted:
    of: str
    old: bytes
    new: bytes
    kind: str
    location: str
    position: int | None = 1


@pytest.mark.parametrize("name", SENT)
def test_what_the_sender_has_sent_has_no_difference(name: str) -> None:
    check = CHECKS[name]
    found = list(check.messages(b"".join(SENT[name][1])))
    assert len(found) == len(PEOPLE)
    assert [check(one) for one in found] == [[]] * len(PEOPLE)


@pytest.mark.parametrize(
    "planted",
    [
        Planted("Patient", b'"gender":', b'"maritalStatus": {}, "gender":', "extra", "Patient.maritalStatus"),
        Planted("Patient", b'"gender": "', b'"gender": "un', "unknown code", "Patient.gender"),
        Planted("Patient", b'"birthDate": "', b'"birthDate": "x', "wrong type", "Patient.birthDate"),
        Planted("Patient", b'"city": "Town"', b'"city": "Town", "state": "x"', "extra", "Patient.address.state"),
        Planted("Patient", b'"name": [{', b'"name": [{"use": "official", "family": "A", "given": ["B"]}, {', "extra",
                "Patient.name", 2),
        Planted("Patient", b'"city": "Town"', b'"city": "Town' + b"n" * 40 + b'"', "over-long", "Patient.address.city"),
        Planted("Patient", b"ward-note", b"bed-note", "custom segment", "Patient.extension:bed-note"),
        Planted("Patient", b'"city": "Town"', b'"city": "Town", "no name": 1', "extra", "Patient.address.other"),
        Planted("Observation", b'"status": "final", ', b"", "missing required", "Observation.status"),
        Planted("Observation", b'"code": "/min"', b'"code": "/h"', "unknown code", "Observation.valueQuantity.code"),
        Planted("Observation", b'"valueQuantity": {"value": ', b'"valueQuantity": {"value": "1", "x": ', "wrong type",
                "Observation.valueQuantity.value"),
        Planted("NewRx", b"<Note/>", b"<Note/><Refills>2</Refills>", "extra",
                "Message.Body.NewRx.MedicationPrescribed.Refills"),
        Planted("NewRx", b'Qualifier="ND"', b'Qualifier="UP"', "unknown code",
                "Message.Body.NewRx.MedicationPrescribed.ProductCode@Qualifier"),
        Planted("NewRx", b"<From>D</From>", b"", "missing required", "Message.Header.From"),
        Planted("B1", b"\x1cEM1", b"\x1cEM9", "unknown code", "Transmission.AM07.EM"),
        Planted("B1", b"\x1cC1GROUP", b"", "missing required", "Transmission.AM04.C1"),
        Planted("B1", b"\x1d\x1e\x1cAM07", b"\x1d\x1e\x1cAM03\x1cDB5\x1e\x1cAM07", "extra", "Transmission.AM03"),
    ],
    ids=lambda one: f"{one.kind} {one.location}",
)  # fmt: skip
def test_what_is_planted_is_found_at_its_path(planted: Planted) -> None:
    check, raw = CHECKS[planted.of], SENT[planted.of][1][0]
    assert planted.old in raw
    [message] = check.messages(raw.replace(planted.old, planted.new, 1))
    told = {(one.kind, one.location, one.position) for one in check(message)}
    assert (planted.kind, planted.location, planted.position) in told
    assert {location for _, location, _ in told} <= {planted.location, *ALSO}


def test_a_message_of_another_type_is_told_where_it_says_so() -> None:
    [other] = CHECKS["Patient"].messages(SENT["Observation"][1][0])
    assert [(one.kind, one.location) for one in CHECKS["Patient"](other)] == [("wrong type", "resourceType")]


def test_no_value_and_no_strange_name_is_repeated() -> None:
    secret = {"resourceType": "Patient", "Jane Doe 1980": "Jane Doe", "gender": "Jane", "birthDate": "Jane"}
    [message] = CHECKS["Patient"].messages(json.dumps(secret).encode())
    found = CHECKS["Patient"](message)
    assert found
    assert "Jane" not in repr(found)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("Patient", b'"city": "Town"', b'"city": "Town", "state": "x"', ("Patient.address.state", "new field")),
        ("Observation", b"final", b"amended", ("Observation.status", "new value")),
        ("NewRx", b"<Note/>", b"<Note/><Refills>2</Refills>",
         ("Message.Body.NewRx.MedicationPrescribed.Refills", "new field")),
        ("B1", b"\x1cE103", b"", ("Transmission.AM07.E1", "field no longer sent")),
    ],
)  # fmt: skip
def test_drift_is_told_at_the_same_paths(name: str, old: bytes, new: bytes, expected: tuple[str, str]) -> None:
    standard, sent = SENT[name]
    after = profile_messages(b"".join(sent[35:]).replace(old, new), KEY, standard=standard)
    found = drift(known(name, within=slice(10, 35)), after)
    assert {(one.location, one.kind) for one in found.findings} == {expected}
