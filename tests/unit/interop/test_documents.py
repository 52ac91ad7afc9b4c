"""A profile as a document: everything that later work needs, and nothing of a patient."""

import json

import pytest
from support.hl7 import admission, messages, patients

from holdfast.domains.interop.documents import documents, inferred
from holdfast.domains.interop.errors import DocumentUnreadable
from holdfast.domains.interop.profiles import Profile, ProfileKey, profile_messages, recognise, shown, signature
from holdfast.domains.interop.profiles.showing import shown_type
from holdfast.domains.interop.rules import Condition

KEY = ProfileKey(b"documents of tests, no others")
PEOPLE = patients(120, seed=21)
ADMISSION = "ADT^A01"


def profiled(*found: bytes) -> Profile:
    return profile_messages(b"".join(found), KEY)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profiled(*messages(400, seed=3))


def test_a_document_for_each_type_says_what_the_profile_shows(profile: Profile) -> None:
    made = documents(profile, vendor="North")
    assert sorted(made) == ["ADT^A01", "ORU^R01"]
    document = made[ADMISSION]
    assert (document["vendor"], document["standard"], document["messages"], document["k"]) == (
        "North",
        "HL7v2",
        200,
        11,
    )
    assert {**document["versions"]["2.5"], "rules": None} == {**shown(profile)["ADT^A01 2.5"], "rules": None}
    assert document["signature"]["vendor"] == "unknown"
    assert json.loads(json.dumps(document)) == document


def test_a_document_read_says_the_same_again(profile: Profile) -> None:
    document = json.loads(json.dumps(documents(profile, vendor="North")[ADMISSION]))
    read = inferred(document)
    assert (read.vendor, read.type, read.messages, read.k) == ("North", ADMISSION, 200, 11)
    again = shown_type("ADT^A01 2.5", read.versions["2.5"], read.k)
    assert again == {name: part for name, part in document["versions"]["2.5"].items() if name != "rules"}


def test_versions_of_one_type_are_in_one_document() -> None:
    made = [admission(one, 1, version="2.3" if at % 2 else "2.5") for at, one in enumerate(PEOPLE)]
    versions = documents(profiled(*made), vendor="North")[ADMISSION]["versions"]
    assert {version: one["messages"] for version, one in versions.items()} == {"2.3": 60, "2.5": 60}


def test_shares_carry_wilsons_bounds_and_the_rest_a_confidence(profile: Profile) -> None:
    segment = documents(profile, vendor="North")[ADMISSION]["versions"]["2.5"]["segments"]["PV1"]
    assert segment["share"] == {"of": 1.0, "low": 0.9812, "high": 1.0}
    assert segment["confidence"] == segment["fields"]["2"]["parts"]["1.1"]["length"]["confidence"] == 0.9812


def test_whose_messages_they_are_is_told_with_evidence(profile: Profile) -> None:
    whose = recognise(profile, {"north": signature(profile)})
    told = documents(profile, vendor="North", recognised={ADMISSION: whose})[ADMISSION]["signature"]
    assert told["vendor"] == "north"
    assert told["evidence"]
    assert told["traits"]["ADT has ZAB"] > 0


@pytest.mark.parametrize(
    "given", [{}, {"format": "holdfast.interop/1"}, {"format": "holdfast.interop/1", "versions": 3}]
)
def test_what_is_no_such_document_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(DocumentUnreadable, match="no configuration inferred from messages"):
        inferred(given)


def planted() -> list[bytes]:
    """ZAB comes with inpatients alone and always; service MED goes with class I, SUR with the others; the field
    after it only with SUR."""
    made = []
    for number, one in enumerate(PEOPLE):
        inside = number % 3 == 0
        text = admission(one, 0).decode().replace("|I|", "|I|" if inside else "|O|")
        text = text.replace("|MED", "|MED" if inside else "|SUR||||7")
        made.append((text + ("ZAB|1|custom\r" if inside else "")).encode())
    return made


def rules(*made: bytes) -> dict[tuple[Condition, Condition], int]:
    read = inferred(json.loads(json.dumps(documents(profiled(*made), vendor="North")[ADMISSION])))
    return {(rule.when, rule.then): rule.count for rule in read.rules["2.5"]}


def test_rules_between_fields_and_segments_are_learned() -> None:
    found = rules(*planted())
    inpatient, outpatient = (Condition(location="PV1-2.1.1", value=value) for value in "IO")
    medicine, surgery = (Condition(location="PV1-10.1.1", value=value) for value in ("MED", "SUR"))
    assert found[inpatient, Condition(location="ZAB")] == 40
    assert found[Condition(location="ZAB"), inpatient] == 40
    assert found[outpatient, Condition(location="ZAB", there=False)] == 80
    assert found[inpatient, medicine] == found[medicine, inpatient] == 40
    assert found[outpatient, surgery] == found[surgery, outpatient] == 80
    assert found[inpatient, Condition(location="PV1-14", there=False)] == 40


def test_what_happens_by_chance_is_no_rule() -> None:
    made = [admission(one, 0).replace(b"|MED", b"|MED" if number % 2 else b"|SUR") for number, one in enumerate(PEOPLE)]
    assert rules(*made) == {}


def test_rules_add_up() -> None:
    made = planted()
    whole, parts = profiled(*made), [profiled(*made[at::3]) for at in range(3)]
    assert parts[2].merge(parts[0]).merge(parts[1]).to_bytes() == whole.to_bytes()


def test_a_rule_of_few_patients_is_not_told() -> None:
    few = [admission(PEOPLE[number % 10], number * 6).replace(b"|MED", b"|RAR") for number in range(60)]
    found = rules(*planted(), *few)
    assert not any("RAR" in (when.value, then.value) for when, then in found)


def test_a_field_with_too_many_codes_is_out_of_the_rules_however_it_was_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("holdfast.domains.interop.profiles.together.CODES", 5)
    made = [one.replace(b"|MED", b"|S%d" % (number % 8)) for number, one in enumerate(planted())]
    whole, parts = profiled(*made), [profiled(*made[at::40]) for at in range(40)]
    added = parts[0]
    for part in parts[1:]:
        added = added.merge(part)
    assert added.to_bytes() == whole.to_bytes()
    together = whole.types["ADT^A01 2.5"].together
    assert together["PV1 PV1-10"].full
    assert "PV1-2 PV1-10" not in together
    assert together["ZAB PV1-2 in message"].pairs
