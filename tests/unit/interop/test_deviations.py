"""Deviations from the base standard: planted ones are found, with their place and count, and a clean batch has none."""

import pytest
from support.fhir import lines, observation, person
from support.hl7 import admission, patients

from holdfast.core.errors import InvalidInput
from holdfast.domains.interop.deviations import Deviation, deviations
from holdfast.domains.interop.profiles import ProfileKey, profile_messages

PEOPLE = patients(20, seed=5)
KEY = ProfileKey(b"deviations of tests")
CLEAN = [admission(one, 2 * number) for number, one in enumerate(PEOPLE)]


def found_in(*sent: bytes, name: str = "ADT^A01 2.5") -> tuple[Deviation, ...]:
    return deviations(profile_messages(b"".join(sent), KEY))[name].found


def planted(old: bytes, new: bytes) -> set[tuple[str, str, str, int]]:
    clean = {(one.kind, one.severity, one.location) for one in found_in(*CLEAN)}
    return {
        (one.kind, one.severity, one.location, one.count)
        for one in found_in(*(message.replace(old, new) for message in CLEAN))
        if (one.kind, one.severity, one.location) not in clean
    }


def test_a_clean_batch_has_none() -> None:
    assert found_in(*CLEAN) == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"\rPV1", b"\rZAB|1\rPV1", ("custom segment", "note", "ZAB", 20)),
        (b"\rPV1", b"\rQQQ|1\rPV1", ("custom segment", "warning", "QQQ", 20)),
        (b"\rEVN|A01|", b"\rEVN|A01||||", ("missing required", "error", "EVN-2", 20)),
        (b"|MED", b"|MED" + b"|" * 49 + b"x", ("extra", "warning", "PV1-59", 20)),
        (b"\rPID", b"\rOBR|1|||A^B\rPID", ("extra", "warning", "OBR", 20)),
        (b"\rNK1|1|", b"\rNK1|x|", ("wrong type", "error", "NK1-1.1.1", 20)),
        (b"|MED", b"|MED^^^^^^^^^x", ("extra", "warning", "PV1-10.10.1", 20)),
        (b"\rNK1|1|", b"\rNK1|12345|", ("over-long", "warning", "NK1-1.1.1", 20)),
        (b"|P|2.5", b"~20|P|2.5", ("extra", "warning", "MSH-10", 20)),
        (b"|P|2.5", b"|Q|2.5", ("unknown code", "warning", "MSH-11.1.1", 20)),
        (
            b"MSH|^~\\&|ADMIT|NORTH|LAB|NORTH|2026",
            b"MSH|^~\\&|ADMIT|NORTH|LAB|NORTH|2026-",
            ("wrong type", "error", "MSH-7.1.1", 20),
        ),
    ],
)
def test_what_is_planted_is_found(old: bytes, new: bytes, expected: tuple[str, str, str, int]) -> None:
    assert planted(old, new) == {expected}


def test_a_segment_in_the_wrong_place() -> None:
    moved = [b"\r".join([lines[0], lines[2], lines[1], *lines[3:]]) for lines in (one.split(b"\r") for one in CLEAN)]
    assert ("reordered", "EVN", 20) in {(one.kind, one.location, one.count) for one in found_in(*moved)}


def test_what_is_not_checked_is_said() -> None:
    old = [admission(one, 0, version="2.3") for one in PEOPLE]
    told = deviations(profile_messages(b"".join(old), KEY))["ADT^A01 2.3"].not_checked
    assert told == ("over-long: version 2.3 has no lengths of data types", "unknown code: there are no tables for 2.3")
    with pytest.raises(InvalidInput, match="k is 99"):
        deviations(profile_messages(CLEAN[0], KEY), k=99)


def test_deviations_of_fhir_are_told_without_its_definitions() -> None:
    sent = [person(one, number) for number, one in enumerate(PEOPLE)]
    clean = deviations(profile_messages(lines(*sent), KEY, standard="FHIR"))["Patient 4.0"]
    assert {(one.kind, one.severity, one.location) for one in clean.found} == {
        ("custom segment", "note", "Patient.extension:ward-note"),
        ("custom segment", "note", "Patient.extension:other"),
    }
    assert clean.not_checked[0].startswith("extra: the StructureDefinitions are not there")
    seen = [observation(one, number) for number, one in enumerate(PEOPLE)]
    for one in sent:
        one |= {"gender": "F", "birthDate": "01/02/1980"}
    for one in seen:
        one |= {"effectiveDateTime": "2026-01-01T10:00:00"}
        del one["status"]
    judged = deviations(profile_messages(lines(*sent, *seen), KEY, standard="FHIR"))
    found = {(one.kind, one.severity, one.location, one.count) for name in judged for one in judged[name].found}
    assert {one for one in found if one[0] != "custom segment"} == {
        ("unknown code", "error", "Patient.gender", 20),
        ("wrong type", "error", "Patient.birthDate", 20),
        ("wrong type", "error", "Observation.effectiveDateTime", 20),
        ("missing required", "error", "Observation.status", 20),
    }


def test_deviations_of_ncpdp() -> None:
    claims = "".join(
        f"610000D0B1PCN       1011234567890     20260201SOFT      \x1e\x1cAM04\x1cC2{'9' * 21}\x1e\x1cAM99\x1cZZ1"
        f"\x1d\x1e\x1cAM07\x1cEM7\x1cD6{number}\n"
        for number in range(15)
    )
    found = deviations(profile_messages(claims.encode(), KEY, standard="NCPDP-Telecom"), k=2)["B1 D0"].found
    assert {(one.kind, one.location, one.count) for one in found} == {
        ("custom segment", "Transmission.AM99", 15),
        ("over-long", "Transmission.AM04.C2", 15),
        ("missing required", "Transmission.AM07.D2", 15),
    }
    script = b'<Message version="10.6"><Header><To>a</To></Header><Body><Zebra>1</Zebra></Body></Message>'
    told = deviations(profile_messages(script, KEY, standard="NCPDP-SCRIPT"))["Zebra 10.6"].found
    assert {(one.kind, one.location) for one in told} == {
        ("custom segment", "Message.Body"),
        ("missing required", "Message.Header.From"),
        ("missing required", "Message.Header.MessageID"),
        ("missing required", "Message.Header.SentTime"),
    }
