"""Profiles: exact to the count, adding up to the same bytes, and holding nothing of a patient."""

import json
import random
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hl7 import admission, messages, patients, result

from holdfast.core.errors import InvalidInput
from holdfast.domains.interop.errors import MessagesNotFound, ProfilesOverlap, ProfileUnreadable
from holdfast.domains.interop.profiles import (
    Profile,
    ProfileKey,
    profile_messages,
    profile_shared,
    recognise,
    shown,
    signature,
)
from holdfast.domains.interop.profiles.kinds import kind_of, kind_of_shape, shapes_of
from holdfast.domains.interop.profiles.whose import counted

SECRET = b"profiles of tests, and no others"
KEY = ProfileKey(SECRET)
PEOPLE = patients(60, seed=11)
POOL = [make(one, number) for number, one in enumerate(PEOPLE) for make in (admission, result)]
POOL += [b"MSH|^AA\rPID|1\r", POOL[0].replace(b"\r", b"\n"), POOL[1].replace(b"|", b"$"), b"MSH|^~\\&|\r"]


def profiled(*found: bytes) -> Profile:
    return profile_messages(b"".join(found), KEY)


def test_counts_are_exact() -> None:
    admissions = [admission(one, number) for number, one in enumerate(PEOPLE)]
    document = shown(profiled(*admissions))["ADT^A01 2.5"]
    assert (document["messages"], document["patients"]) == (60, 60)
    segments = document["segments"]
    assert segments["AL1"]["messages"] == 40
    assert segments["AL1"]["occurrences"] == 60
    assert segments["AL1"]["in message"] == {"1": 20, "2": 20}
    assert segments["ZAB"]["custom"]
    assert segments["ZAB"]["trailing delimiters"] == segments["ZAB"]["messages"] == 30
    name = segments["PID"]["fields"]["3"]
    assert name["repetitions"] == {"2": 60}
    assert name["parts"]["1.1"]["present"] == 120
    assert name["parts"]["1.1"]["length"] == {
        "min": 10,
        "max": 11,
        "counts": {"10": 60, "11": 60},
        "confidence": 0.969,
    }
    assert name["parts"]["5.1"]["values"]["shown"]["MR"]["count"] == 60
    sexes = segments["PID"]["fields"]["8"]["parts"]["1.1"]["values"]["shown"]
    assert {sex: found["count"] for sex, found in sexes.items()} == {
        sex: sum(one.sex == sex for one in PEOPLE) for sex in "MF"
    }
    assert document["order"]["PID>NK1"] == 60
    assert document["unplaced"] == {"ZAB": 30}


def test_formats_of_dates_and_guesses() -> None:
    document = shown(profiled(*(result(one, number) for number, one in enumerate(PEOPLE))))["ORU^R01 2.5"]
    sent = document["segments"]["MSH"]["fields"]["7"]["parts"]["1.1"]
    assert sent["formats"] == {"YYYYMMDDHHMMSS+ZZZZ": 60}
    assert sent["data type"]["guess"] == "date or time"
    assert document["segments"]["OBX"]["fields"]["5"]["parts"]["1.1"]["formats"] == {"decimal": 150}
    assert document["groups"]["PATIENT_RESULT/ORDER_OBSERVATION/OBSERVATION"] == {"1": 15, "2": 15, "3": 15, "4": 15}


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("20260102", "YYYYMMDD"),
        ("20261302", "integer"),
        ("202601021530", "YYYYMMDDHHMM"),
        ("20260102153000.123+0100", "YYYYMMDDHHMMSS.SSS+ZZZZ"),
        ("2026-01-15T14:30:00", "YYYY-MM-DDTHH:MM:SS"),
        ("2026-01-15T14:30:00Z", "YYYY-MM-DDTHH:MM:SSZ"),
        ("01/15/2025 14:30:00", "MM/DD/YYYY HH:MM:SS"),
        ("15/01/2025", "DD/MM/YYYY"),
        ("01/02/2025", "NN/NN/YYYY"),
        ("20250115 1430", "YYYYMMDD HHMM"),
        ("15-JAN-2025", "DD-MON-YYYY"),
    ],
)
def test_formats_of_dates_are_told_apart(written: str, kind: str) -> None:
    raw = f"MSH|^~\\&|A|B|C|D|{written}||ADT^A01|1|P|2.5\r".encode()
    found = shown(profiled(raw))["ADT^A01 2.5"]["segments"]["MSH"]["fields"]["7"]["parts"]["1.1"]["formats"]
    assert found == {kind: 1}


def test_encoding_habits_are_counted() -> None:
    framed = b"\x0b" + POOL[0].replace(b"\r", b"\r\n") + b"\x1c\r"
    habits = shown(profiled(framed, POOL[2].rstrip(b"\r") + b"\n\n"))["ADT^A01 2.5"]["encoding"]
    assert habits["framing"] == {"MLLP": 1, "none": 1}
    assert habits["line ends"] == {"CR": 1, "CRLF": 1}
    assert habits["delimiters"] == {"|^~\\&": 2}
    assert habits["character set declared"] == {"none": 2}


SOME = st.lists(st.sampled_from(POOL), max_size=12, unique=True)


@pytest.mark.parametrize("examples", [12, pytest.param(40, marks=pytest.mark.thorough)])
def test_profiles_add_up_in_any_order_and_grouping(examples: int) -> None:
    settings(deadline=None, max_examples=examples)(given(SOME, st.randoms(use_true_random=False))(add_up))()


def add_up(chosen: list[bytes], shuffle: random.Random) -> None:
    whole = profiled(*chosen).to_bytes()
    parts: list[list[bytes]] = [[], [], []]
    for one in chosen:
        shuffle.choice(parts).append(one)
    a, b, c = (profiled(*part) for part in parts)
    assert a.merge(b).merge(c).to_bytes() == a.merge(b.merge(c)).to_bytes() == c.merge(a).merge(b).to_bytes() == whole
    shuffle.shuffle(chosen)
    assert profiled(*chosen).to_bytes() == whole
    kept = Profile.from_bytes(whole, KEY)
    assert kept.to_bytes() == whole
    assert shown(kept) == shown(profiled(*chosen))


@pytest.mark.parametrize("examples", [12, pytest.param(40, marks=pytest.mark.thorough)])
def test_sending_again_changes_nothing(examples: int) -> None:
    settings(deadline=None, max_examples=examples)(given(SOME, SOME)(send_again))()


def send_again(first: list[bytes], second: list[bytes]) -> None:
    earlier = profiled(*first)
    both = profiled(*first, *second)
    assert profiled(*first, *first, *second, *first).to_bytes() == both.to_bytes()
    later = profile_messages(b"".join(first + second), KEY, beside=earlier)
    assert earlier.merge(later).to_bytes() == both.to_bytes()


def test_profiles_that_counted_the_same_message_are_not_added_up() -> None:
    with pytest.raises(ProfilesOverlap, match="both profiles counted 2 of the same messages") as refused:
        profiled(*POOL[:5]).merge(profiled(*POOL[3:8]))
    assert refused.value.messages == 2


def test_more_messages_than_wait_are_the_same_as_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = profiled(*POOL).to_bytes()
    monkeypatch.setattr("holdfast.domains.interop.profiles.profiling._WAITING_CHARACTERS", 3_000)
    assert profiled(*POOL).to_bytes() == at_once


def test_more_values_and_patients_than_are_kept_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.domains.interop.profiles.counts.VALUES", 20)
    monkeypatch.setattr("holdfast.domains.interop.profiles.profiling._WAITING_CHARACTERS", 2_000)
    made = [
        f"MSH|^~\\&|APP{number % 90}|B|C|D|20260101||ADT^A01|{number}|P|2.5\rPID|1||{number}^^^X\r".encode()
        for number in range(900)
    ]
    whole = profiled(*made)
    parts = [profiled(*made[at::3]) for at in range(3)]
    assert parts[2].merge(parts[0]).merge(parts[1]).to_bytes() == whole.to_bytes()
    values = whole.types["ADT^A01 2.5"].segments["MSH"].columns[3].leaves[1, 1].values
    assert len(values) == 20
    assert {found.count for found in values.values()} == {10}
    assert 700 < whole.types["ADT^A01 2.5"].patients.count < 1_200


def test_processes_count_what_one_pass_counts(tmp_path: Path) -> None:
    path = tmp_path / "messages.hl7"
    path.write_bytes(b"".join(POOL + POOL[:20]))
    one_pass = profile_messages([path], KEY)
    assert profile_shared([path], SECRET, processes=2).to_bytes() == one_pass.to_bytes()
    earlier = profiled(*POOL[:50])
    later = profile_shared([path], SECRET, processes=2, beside=earlier)
    assert earlier.merge(later).to_bytes() == one_pass.to_bytes()
    before = threading.active_count()
    with pytest.raises(MessagesNotFound):
        profile_shared([path, tmp_path / "none.hl7"], SECRET, processes=2)
    assert threading.active_count() == before


def test_a_value_is_shown_from_k_patients_up_however_often_one_patient_has_it() -> None:
    one = b"".join(admission(PEOPLE[0], number) for number in range(200))
    place = ("segments", "PV1", "fields", "2", "parts", "1.1", "values")
    document: dict[str, object] = shown(profiled(one))["ADT^A01 2.5"]
    for name in place:
        document = document[name]  # type: ignore[assignment]
    assert document == {"shown": {}, "withheld": 200, "complete": True}
    ten = profiled(*(admission(who, 3) for who in PEOPLE[:10]))
    assert not shown(ten)["ADT^A01 2.5"]["segments"]["PID"]["fields"]["3"]["parts"]["5.1"]["values"]["shown"]
    eleven = profiled(*(admission(who, 3) for who in PEOPLE[:11]))
    kinds = shown(eleven)["ADT^A01 2.5"]["segments"]["PID"]["fields"]["3"]["parts"]["5.1"]["values"]["shown"]
    assert kinds["MR"]["patients"] == 11
    with pytest.raises(InvalidInput, match="k is 1; values are shown from 2"):
        shown(eleven, k=1)


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.thorough)])
def test_nothing_of_the_patients_is_in_a_profile(count: int) -> None:
    crowd = profiled(*messages(count, seed=99))
    assert crowd.messages == count
    written = crowd.to_bytes().decode() + json.dumps(shown(crowd)) + repr(signature(crowd))
    found = [secret for one in patients(count, seed=99) for secret in one.secrets if secret in written]
    assert found == []


def test_a_name_in_a_coded_field_is_not_shown_and_not_readable_in_the_bytes() -> None:
    misplaced = [admission(one, 1).replace(f"|{one.sex}|".encode(), f"|{one.family}|".encode()) for one in PEOPLE]
    profile = profiled(*misplaced)
    written = profile.to_bytes().decode() + json.dumps(shown(profile))
    assert [one.family for one in PEOPLE if one.family in written] == []


def test_another_key_opens_nothing() -> None:
    given = profiled(*POOL).to_bytes()
    with pytest.raises(ProfileUnreadable, match="another format or key"):
        Profile.from_bytes(given, ProfileKey(b"another secret of another tenant"))
    renamed = given.replace(KEY.name.encode(), ProfileKey(b"another secret of another tenant").name.encode())
    with pytest.raises(ProfileUnreadable, match="sealed under another key"):
        Profile.from_bytes(renamed, ProfileKey(b"another secret of another tenant"))
    with pytest.raises(ProfileUnreadable, match="are no profile"):
        Profile.from_bytes(b'{"format":2}', KEY)


def test_a_sender_is_recognised_by_structure_or_unknown() -> None:
    made = messages(400)
    ours = profiled(*made[:200])
    other = [one.replace(b"ZAB", b"ZQX").replace(b"||||00", b"||X||00") for one in messages(300, seed=2)]
    theirs = profiled(*(one.replace(b"\r", b"\n") for one in other))
    known = {"north": signature(ours), "south": signature(theirs)}
    found = recognise(profiled(*made[200:]), known)
    assert found.vendor == "north"
    assert any("ZAB" in trait for trait in found.evidence)
    assert found.declared["sending application"] == ("ADMIT", "LAB")
    assert recognise(profiled(*made[200:]), {"north": signature(ours), "twin": signature(ours)}).vendor == "unknown"
    assert recognise(profiled(*made[200:205]), known).vendor == "unknown"
    assert recognise(profiled(*made[200:]), {}).vendor == "unknown"


@settings(deadline=None)
@given(st.lists(st.sampled_from([*POOL, b"MSH|^~\\&|||||||ADT^A01|||2.5\rPID|"]) | st.binary(max_size=60), max_size=8))
def test_no_bytes_stop_the_counting(parts: list[bytes]) -> None:
    profile = profile_messages(b"".join(parts), KEY)
    shown(profile)
    assert Profile.from_bytes(profile.to_bytes(), KEY).to_bytes() == profile.to_bytes()


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1, max_size=50), min_size=1, max_size=8))
def test_values_looked_at_together_have_the_kinds_and_lengths_of_each_alone(values: list[str]) -> None:
    together = shapes_of(values)
    assert [len(shape) for shape in together] == [len(value) for value in values]
    kinds = [kind_of_shape(shape) for shape in together]
    told = [one if isinstance(one, str) else one(value) for one, value in zip(kinds, values, strict=True)]
    assert told == [kind_of(value) for value in values]


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 300)), min_size=1, max_size=2_000))
def test_the_patients_of_a_value_are_the_smallest_however_soon_looking_stops(rows: list[tuple[str, int]]) -> None:
    rows.sort(key=lambda row: row[1])
    found = counted([thing for thing, _ in rows], [patient for _, patient in rows])
    for thing, value in found.items():
        whose = [patient for one, patient in rows if one == thing]
        assert (value.count, value.patients.state()) == (len(whose), sorted(set(whose))[:64])
