"""One message against a configuration: what its sender has always sent passes, a planted change is found in place."""

from dataclasses import dataclass

import pytest
from support.hl7 import messages

from holdfast.domains.interop.deviations import deviations_of
from holdfast.domains.interop.documents import documents, inferred
from holdfast.domains.interop.hl7 import Message, parse
from holdfast.domains.interop.profiles import ProfileKey, profile_messages
from holdfast.domains.interop.validation import Difference, Validator

KEY = ProfileKey(b"validation of tests, no others")
POOL = messages(800, seed=12)[1::2]
KNOWN = inferred(documents(profile_messages(b"".join(POOL), KEY), vendor="North")["ADT^A01"])
CHECK = Validator(KNOWN)


@dataclass(frozen=True)
class Planted:
    old: bytes
    new: bytes
    kind: str
    severity: str
    location: str
    position: int | None


def judged(raw: bytes) -> list[Difference]:
    message = parse(raw)
    assert isinstance(message, Message)
    return CHECK(message)


def test_what_the_sender_has_sent_has_no_difference() -> None:
    assert [one for raw in POOL for one in judged(raw)] == []


@pytest.mark.parametrize(
    "planted",
    [
        Planted(b"\rPV1", b"\rZZZ|1\rPV1", "custom segment", "warning", "ZZZ", 5),
        Planted(b"\rPV1", b"\rGT1|1\rPV1", "extra", "warning", "GT1", 5),
        Planted(b"\rEVN|A01|", b"\rEVN||", "missing required", "error", "EVN-1", 2),
        Planted(b"|||MED", b"|||MED|||x", "extra", "warning", "PV1-13", 5),
        Planted(b"|||MED", b"|||MED^x", "extra", "warning", "PV1-10.2.1", 5),
        Planted(b"|||MED", b"|||NEW", "unknown code", "warning", "PV1-10.1.1", 5),
        Planted(b"^PRN^PH", b"^PRN^PH~555", "extra", "warning", "PID-13", 3),
        Planted(b"\rNK1|1|", b"\rNK1|one|", "wrong type", "error", "NK1-1.1.1", 4),
        Planted(b"Street|", b"Street" + b"x" * 60 + b"|", "over-long", "warning", "NK1-4.1.1", 4),
    ],
    ids=lambda one: f"{one.kind} {one.location}",
)
def test_what_is_planted_is_found_in_its_place(planted: Planted) -> None:
    raw = POOL[0]
    assert planted.old in raw
    found = judged(raw.replace(planted.old, planted.new, 1))
    told = [(one.kind, one.severity, one.location, one.position) for one in found]
    assert told == [(planted.kind, planted.severity, planted.location, planted.position)]


def test_a_segment_that_is_missing_or_in_another_place() -> None:
    lines = POOL[0].rstrip(b"\r").split(b"\r")
    without = judged(b"\r".join([*lines[:3], *lines[4:]]) + b"\r")
    assert [(one.kind, one.location, one.position) for one in without] == [("missing required", "NK1", None)]
    moved = judged(b"\r".join([lines[0], lines[2], lines[1], *lines[3:]]) + b"\r")
    assert {(one.kind, one.location) for one in moved} == {("reordered", "EVN")} or {
        (one.kind, one.location) for one in moved
    } == {("reordered", "PID")}


def test_another_type_version_or_encoding_is_said_at_once() -> None:
    assert [(one.kind, one.location) for one in judged(messages(2)[0])] == [("wrong type", "MSH-9")]
    other = judged(POOL[0].replace(b"|P|2.5\r", b"|P|2.3\r"))
    assert ("unknown code", "MSH-12") in {(one.kind, one.location) for one in other}
    cut = judged(POOL[0].replace(b"|", b"$"))
    assert [(one.kind, one.location, one.detail) for one in cut] == [
        ("extra", "MSH", "delimiters: $^~\\& was not used so far")
    ]


def test_no_difference_repeats_what_stood_there() -> None:
    found = judged(POOL[0].replace(b"|MED", b"|Smith^John").replace(b"\rNK1|1|", b"\rNK1|Smith|"))
    assert len(found) >= 2
    assert "Smith" not in str(found)


def test_the_deviations_of_a_configuration_are_those_of_its_profile() -> None:
    told = deviations_of(KNOWN)["2.5"]
    assert {(one.kind, one.location) for one in told.found} == {("custom segment", "ZAB")}


def _with_rules() -> list[bytes]:
    """Inpatients have a ZAB and medicine, the others neither a ZAB nor medicine."""
    return [
        one.replace(b"|MED", b"|MED" if number % 2 else b"|SUR")
        .replace(b"\rPV1|1|I", b"\rPV1|1|X")
        .replace(b"\rPV1|1|O", b"\rPV1|1|X")
        .replace(b"\rPV1|1|E", b"\rPV1|1|X")
        .replace(b"PV1|1|X", b"PV1|1|I" if number % 2 else b"PV1|1|O")
        .replace(b"ZAB|1|custom|\r", b"")
        + (b"ZAB|1|custom|\r" if number % 2 else b"")
        for number, one in enumerate(POOL[:200])
    ]


def test_rules_that_the_profile_learned_are_judged_each_place_once() -> None:
    sent = _with_rules()
    check = Validator(inferred(documents(profile_messages(b"".join(sent), KEY), vendor="North")["ADT^A01"]))

    def told(raw: bytes) -> list[tuple[str, str, int | None]]:
        message = parse(raw)
        assert isinstance(message, Message)
        return [(one.kind, one.location, one.position) for one in check(message)]

    assert [one for raw in sent for one in told(raw)] == []
    lines = len(sent[1].rstrip(b"\r").split(b"\r"))
    at = [line[:3] for line in sent[1].split(b"\r")].index(b"PV1") + 1
    assert ("rule broken", "ZAB", None) in told(sent[1].replace(b"ZAB|1|custom|\r", b""))
    assert ("rule broken", "PV1-10.1.1", at) in told(sent[1].replace(b"|MED", b"|SUR"))
    other = told(sent[1].replace(b"PV1|1|I", b"PV1|1|O"))
    assert ("rule broken", "ZAB", lines) in other and ("rule broken", "PV1-10.1.1", at) in other
    assert len({one[1:] for one in other}) == len(other), "each place once"
    unknown = told(sent[1].replace(b"|MED", b"|NEW"))
    assert ("unknown code", "PV1-10.1.1", at) in unknown
    assert ("rule broken", "PV1-10.1.1", at) not in unknown, "one word of a place is enough"
