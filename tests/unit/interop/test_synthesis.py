"""Messages made from a configuration: valid against it, its rules hold, profiled again they give it back."""

import re
from collections import Counter
from typing import Any

import pytest
from support.hl7 import messages as made_messages
from support.hl7 import patients

from holdfast.core.errors import InvalidInput
from holdfast.domains.interop.documents import documents, inferred
from holdfast.domains.interop.hl7 import Message, parse
from holdfast.domains.interop.profiles import ProfileKey, profile_messages
from holdfast.domains.interop.profiles.counts import Column, SegmentCounts
from holdfast.domains.interop.synthesis import synthesise
from holdfast.domains.interop.validation import Validator
from holdfast.samples.hl7 import SENDERS, messages

KEY = ProfileKey(b"profiles of synthesis")
COUNT = 1_000
FIELD_TOLERANCE = 0.02
"""How far the share of segments that have a field may be off; of a segment in messages, 0.005."""
CODE_TOLERANCE = 0.02
"""How far the share of a coded value among the values of its place may be off."""


def documents_of(raw: bytes, vendor: str = "V") -> dict[str, dict[str, Any]]:
    return documents(profile_messages(raw, KEY), vendor=vendor)


@pytest.fixture(scope="module", params=[*SENDERS, "tests"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    raw = b"".join(made_messages(600)) if request.param == "tests" else "".join(messages(request.param, 500)).encode()
    return next(iter(documents_of(raw).values()))


@pytest.fixture(scope="module")
def made(document: dict[str, Any]) -> list[bytes]:
    return list(synthesise(document, COUNT, seed=7))


def test_messages_parse_and_are_valid_against_the_configuration(document: dict[str, Any], made: list[bytes]) -> None:
    check = Validator(inferred(document))
    found: Counter[tuple[str, str, str]] = Counter()
    for raw in made:
        message = parse(raw)
        assert isinstance(message, Message)
        assert list(message.problems) == []
        found.update((one.kind, one.location, one.detail) for one in check(message))
    assert found == {}
    assert len(set(made)) == COUNT


def test_the_same_seed_makes_the_same_bytes(document: dict[str, Any], made: list[bytes]) -> None:
    assert list(synthesise(document, COUNT, seed=7)) == made
    assert list(synthesise(document, 20, seed=8)) != list(synthesise(document, 20, seed=9))


def test_profiled_again_they_give_the_configuration_back(document: dict[str, Any], made: list[bytes]) -> None:
    before = inferred(document)
    after = inferred(documents_of(b"".join(made))[before.type])
    assert after.messages == COUNT
    assert after.versions.keys() == before.versions.keys()
    for version, one in before.versions.items():
        other = after.versions[version]
        assert abs(other.messages / COUNT - one.messages / before.messages) <= 0.002
        assert other.segments.keys() == one.segments.keys()
        for name, segment in one.segments.items():
            again = other.segments[name]
            assert abs(again.messages / other.messages - segment.messages / one.messages) <= 0.005, name
            assert again.columns.keys() == segment.columns.keys(), name
            _compare(name, segment, again)
        assert other.unplaced.keys() == one.unplaced.keys()


def _compare(name: str, before: SegmentCounts, after: SegmentCounts) -> None:
    for number, column in before.columns.items():
        again = after.columns[number]
        place = f"{name}-{number}"
        assert abs(again.present / after.occurrences - column.present / before.occurrences) <= FIELD_TOLERANCE, place
        assert _repeated(again) == pytest.approx(_repeated(column), abs=FIELD_TOLERANCE), place
        for part, leaf in column.leaves.items():
            other = again.leaves[part]
            assert other.longest <= leaf.longest, (place, part)
            if name != "MSH" or number not in (9, 12):
                for kind, count in leaf.kinds.items():
                    share = other.kinds.get(kind, 0) / other.present
                    assert abs(share - count / leaf.present) <= 0.05, (place, part, kind)
            for value, found in leaf.values.items():
                share = other.values[value].count / other.present
                assert abs(share - found.count / leaf.present) <= CODE_TOLERANCE, (place, part, value)


def _repeated(column: Column) -> float:
    return sum(size * times for size, times in column.repetitions.items()) / sum(column.repetitions.values())


def test_rules_that_were_learned_hold() -> None:
    [document] = documents_of("".join(messages("Epic", 500)).encode()).values()
    learned = inferred(document).rules["2.3"]
    assert learned
    again = inferred(documents_of(b"".join(synthesise(document, COUNT, seed=3)))["ADT^A01"]).rules["2.3"]
    assert {(str(one.when), str(one.then)) for one in learned} <= {(str(one.when), str(one.then)) for one in again}
    with_zpv = [b"ZPV|" in raw for raw in synthesise(document, 200, seed=4)]
    inpatient = [b"PV1|1|I|" in raw for raw in synthesise(document, 200, seed=4)]
    assert with_zpv == inpatient
    assert 0 < sum(inpatient) < 200


def test_rules_between_codes_of_a_segment_hold() -> None:
    services = {"I": "MED", "O": "SUR", "E": ""}
    sent = [
        raw.replace("|||MED", f"|||{services[raw.split('PV1|1|')[1][0]]}").encode()
        for raw in (one.decode() for one in made_messages(800))
        if "PV1|1|" in raw
    ]
    document = documents_of(b"".join(sent))["ADT^A01"]
    rules = {(one.when.value, one.then.value, one.then.there) for one in inferred(document).rules["2.5"]}
    assert {("I", "MED", True), ("O", "SUR", True), ("E", None, False), ("MED", "I", True)} <= rules
    pairs = Counter(
        (fields[2], fields[10] if len(fields) > 10 else "")
        for raw in synthesise(document, 600, seed=6)
        for fields in [raw.decode().split("\rPV1")[1].split("\r")[0].split("|")]
    )
    assert set(pairs) == set(services.items())
    assert min(pairs.values()) > 150


def test_nothing_of_a_patient_is_in_a_message() -> None:
    document = documents_of(b"".join(made_messages(2_000, seed=42)))["ADT^A01"]
    written = b"".join(synthesise(document, COUNT, seed=1)).decode()
    assert [secret for one in patients(2_000, seed=42) for secret in one.secrets if secret in written] == []
    births = re.findall(r"\rPID\|(?:[^|]*\|){6}(\d{4})", written)
    assert len(births) == COUNT
    assert all("1850" <= year < "1900" for year in births)


def test_values_come_from_reference_data_where_it_is_given() -> None:
    [document] = documents_of("".join(messages("Epic", 200)).encode()).values()
    names = {"Testname": 3, "Sample": 1}
    found = Counter(
        raw.split(b"\rPID")[1].split(b"|")[5].split(b"^")[0].decode()
        for raw in synthesise(document, 400, seed=2, reference={"PID-5.1.1": names})
    )
    assert found.keys() == names.keys()
    assert abs(found["Testname"] - 300) < 40


@pytest.mark.parametrize(("count", "said"), [(0, "0 messages were asked for"), (100_001, "ask for 1 to 100,000")])
def test_a_number_of_messages_that_is_none_is_refused(count: int, said: str) -> None:
    [document] = documents_of("".join(messages("Epic", 30)).encode()).values()
    with pytest.raises(InvalidInput, match=said):
        synthesise(document, count)


def test_documents_of_other_standards_are_refused() -> None:
    profile = profile_messages(b'{"resourceType":"Patient"}', KEY, standard="FHIR")
    [document] = documents(profile, vendor="V").values()
    with pytest.raises(InvalidInput, match="this document is of FHIR"):
        synthesise(document, 1)
