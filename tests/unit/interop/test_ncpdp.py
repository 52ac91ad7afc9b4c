"""NCPDP as it is sent: SCRIPT in XML and Telecom D.0; every byte kept, what is malformed reported with its place."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hl7 import Patient, patients

from holdfast.domains.interop.ncpdp import (
    NcpdpMessage,
    Problem,
    read_script,
    read_telecom,
    script_pieces,
    telecom_pieces,
)
from holdfast.domains.interop.profiles import Profile, ProfileKey, profile_messages, shown

KEY = ProfileKey(b"profiles of tests of NCPDP")
PEOPLE = patients(30, seed=31)


def new_rx(one: Patient, number: int, *, prefix: str = "") -> bytes:
    p = prefix
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{p}Message version="2017071"><{p}Header><{p}To>P</{p}To>'
        f"<{p}From>D</{p}From><{p}MessageID>M{number}</{p}MessageID><{p}SentTime>2026-02-01T14:05:00Z</{p}SentTime>"
        f"</{p}Header><{p}Body><{p}NewRx><{p}Patient><{p}HumanPatient><{p}Name><{p}LastName>{one.family}</{p}LastName>"
        f"<{p}FirstName>{one.given}</{p}FirstName></{p}Name><{p}Gender>{one.sex}</{p}Gender><{p}DateOfBirth><{p}Date>"
        f"{one.born}</{p}Date></{p}DateOfBirth></{p}HumanPatient></{p}Patient><{p}MedicationPrescribed>"
        f'<{p}ProductCode Qualifier="ND">{number:011}</{p}ProductCode>'
        f"<{p}Note/></{p}MedicationPrescribed></{p}NewRx></{p}Body></{p}Message>\n"
    ).encode()


def claim(one: Patient, number: int) -> bytes:
    head = f"{610_000 + number:06}D0B1PCN       1011234567890     20260201SOFT      "
    insurance = f"\x1e\x1cAM04\x1cC2{one.number}\x1cC1GROUP"
    person = f"\x1e\x1cAM01\x1cC4{one.born}\x1cC5{1 + (one.sex == 'F')}\x1cCA{one.given}\x1cCB{one.family}"
    return f"{head}{insurance}{person}\x1d\x1e\x1cAM07\x1cEM1\x1cD2{number}\x1cE103\x1cD6{number % 9}\r\n".encode()


SCRIPTS = [new_rx(one, number) for number, one in enumerate(PEOPLE)]
CLAIMS = [claim(one, number) for number, one in enumerate(PEOPLE)]


def places(found: object) -> list[tuple[object, ...]]:
    return [(one.kind, one.message, one.segment, one.offset) for one in found if isinstance(one, Problem)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("prefix", ["", "s:"])
def test_a_prescription_is_read(prefix: str) -> None:
    raw = new_rx(PEOPLE[0], 7, prefix=prefix)
    if prefix:
        raw = raw.replace(b"<s:Message ", b'<s:Message xmlns:s="urn:x" ')
    [message] = [one for one in read_script(raw) if isinstance(one, NcpdpMessage)]
    assert (message.type, message.version, message.order) == ("NewRx", "2017071", ("Patient", "MedicationPrescribed"))
    assert message.tree["Body"]["NewRx"]["MedicationPrescribed"] == {
        "ProductCode": "00000000007",
        "ProductCode@Qualifier": "ND",
        "Note": "",
    }
    assert message.write() == raw.rstrip(b"\n")
    assert places(read_script(raw)) == []


def test_prescriptions_one_after_another() -> None:
    raw = b"".join(SCRIPTS)
    chunks = [raw[at : at + 333] for at in range(0, len(raw), 333)]
    assert [one.number for one in read_script(chunks) if isinstance(one, NcpdpMessage)] == list(range(1, 31))
    assert b"".join(piece.raw for piece in script_pieces(chunks)) == raw


BOMB = b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Message>&b;</Message>'


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (BOMB, [("dtd_refused", 1, None, 21)]),
        (b'<!DOCTYPE m SYSTEM "file:///etc/passwd"><Message/>', [("dtd_refused", 1, None, 0)]),
        (b"<Message><Body></Message>" + SCRIPTS[0], [("xml_malformed", 1, None, 17)]),
        (b"<Message>&nope;</Message>", [("xml_malformed", 1, None, 9)]),
        (b'<?xml version="1.0" encoding="klingon"?><Message></Message>', [("xml_malformed", 1, None, 0)]),
        (b"<Message>" + b"<a>" * 40 + b"</a>" * 40 + b"</Message>", [("too_deep", 1, None, 9 + 31 * 3)]),
        (b"<Order/>", [("type_missing", 1, "Message", 0), ("version_unknown", 1, "Message", 0)]),
        (b'<Message version="10.6"><Body/></Message>', [("type_missing", 1, "Message.Body", 0)]),
    ],
)
def test_what_is_malformed_in_script_is_reported(raw: bytes, expected: list[tuple[object, ...]]) -> None:
    assert places(read_script(raw)) == expected
    assert b"".join(piece.raw for piece in script_pieces(raw)) == raw


def test_a_claim_is_read() -> None:
    [message] = [one for one in read_telecom(CLAIMS[3]) if isinstance(one, NcpdpMessage)]
    assert (message.type, message.version, message.order) == ("B1", "D0", ("AM04", "AM01", "AM07"))
    assert message.tree["Header"]["BIN"] == "610003"
    assert message.tree["AM04"] == {"C2": PEOPLE[3].number, "C1": "GROUP"}
    assert message.write() + b"\r\n" == CLAIMS[3]
    assert places(read_telecom(CLAIMS[3])) == []


def test_frames_of_a_batch_and_claims_on_lines() -> None:
    framed = b"\x0200T" + b"x" * 20 + b"\x03" + b"".join(b"\x02G10123456789" + one.strip() + b"\x03" for one in CLAIMS)
    for raw in (framed + b"\x0299x\x03", b"".join(CLAIMS)):
        chunks = [raw[at : at + 50] for at in range(0, len(raw), 50)]
        found = list(read_telecom(chunks))
        assert [one.number for one in found if isinstance(one, NcpdpMessage)] == list(range(1, 31))
        assert places(found) == []
        assert b"".join(piece.raw for piece in telecom_pieces(chunks)) == raw


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"hello", [("header_short", 1, "Header", 0)]),
        (b"D0B11A01123\x1d\x1e\x1cAM21\x1cANP", [("header_short", 1, "Header", 11)]),
        (CLAIMS[0].replace(b"AM04", b"XX04"), [("field_malformed", 1, None, 57)]),
        (CLAIMS[0].replace(b"\x1cC1", b"\x1c--"), [("field_malformed", 1, "AM04", 57)]),
    ],
)
def test_what_is_malformed_in_telecom_is_reported(raw: bytes, expected: list[tuple[object, ...]]) -> None:
    assert places(read_telecom(raw)) == expected


def test_counts_are_exact() -> None:
    document = shown(profile_messages(b"".join(SCRIPTS), KEY, standard="NCPDP-SCRIPT"))["NewRx 2017071"]
    assert (document["messages"], document["patients"]) == (30, 30)
    body = document["segments"]["Message.Body.NewRx.MedicationPrescribed"]["fields"]
    assert body["ProductCode@Qualifier"]["parts"]["1.1"]["values"]["shown"]["ND"]["count"] == 30
    assert body["Note"]["null"] == 30
    assert document["order"]["Patient>MedicationPrescribed"] == 30
    claims = shown(profile_messages(b"".join(CLAIMS), KEY, standard="NCPDP-Telecom"))["B1 D0"]
    assert (claims["messages"], claims["patients"]) == (30, 30)
    sexes = claims["segments"]["Transmission.AM01"]["fields"]["C5"]["parts"]["1.1"]["values"]
    assert sum(one["count"] for one in sexes["shown"].values()) == 30
    assert claims["segments"]["Transmission.AM07"]["fields"]["D6"]["parts"]["1.1"]["formats"] == {"integer": 30}


@pytest.mark.parametrize(("standard", "pool"), [("NCPDP-SCRIPT", SCRIPTS), ("NCPDP-Telecom", CLAIMS)])
def test_nothing_of_a_patient_is_in_a_profile(standard: str, pool: list[bytes]) -> None:
    profile = profile_messages(b"".join(pool), KEY, standard=standard)  # type: ignore[arg-type]
    written = profile.to_bytes().decode() + json.dumps(shown(profile))
    assert [secret for one in PEOPLE for secret in one.secrets if secret in written] == []


@pytest.mark.parametrize(("standard", "pool"), [("NCPDP-SCRIPT", SCRIPTS), ("NCPDP-Telecom", CLAIMS)])
def test_profiles_add_up_and_sending_again_changes_nothing(standard: str, pool: list[bytes]) -> None:
    def profiled(found: list[bytes]) -> Profile:
        return profile_messages(b"".join(found), KEY, standard=standard)  # type: ignore[arg-type]

    @settings(deadline=None, max_examples=15)
    @given(st.lists(st.sampled_from([*pool, b"<Message></Message>\n"]), max_size=10, unique=True), st.randoms())
    def add_up(chosen: list[bytes], shuffle: random.Random) -> None:
        whole = profiled(chosen).to_bytes()
        cut = shuffle.randrange(len(chosen) + 1)
        a, b, c = profiled(chosen[:cut]), profiled(chosen[cut:]), profiled([])
        assert a.merge(b).merge(c).to_bytes() == c.merge(b.merge(a)).to_bytes() == whole
        assert profiled(chosen + chosen[::-1]).to_bytes() == whole
        assert Profile.from_bytes(whole, KEY).to_bytes() == whole

    add_up()


PIECES = st.sampled_from(
    [
        SCRIPTS[0],
        CLAIMS[0],
        b"<Message>",
        b"</Message>",
        b"<",
        b">",
        b"<!--",
        b"]]>",
        b"\x02",
        b"\x03",
        b"\x1d",
        b"\x1e",
        b"\x1c",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES | st.binary(max_size=20), max_size=8), st.integers(1, 60))
def test_any_bytes_are_cut_and_counted(parts: list[bytes], size: int) -> None:
    raw = b"".join(parts)
    chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
    for pieces in (script_pieces, telecom_pieces):
        assert b"".join(piece.raw for piece in pieces(chunks)) == raw
        assert list(map(repr, pieces(chunks))) == list(map(repr, pieces(raw)))
    for standard in ("NCPDP-SCRIPT", "NCPDP-Telecom"):
        profile = profile_messages(raw, KEY, standard=standard)  # type: ignore[arg-type]
        assert Profile.from_bytes(profile.to_bytes(), KEY).to_bytes() == profile.to_bytes()
