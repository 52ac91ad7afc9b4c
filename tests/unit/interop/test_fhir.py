"""FHIR as it is sent: every byte kept, what is malformed reported with its place, profiles that add up."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fhir import bundle, lines, observation, person
from support.hl7 import patients

from holdfast.domains.interop.errors import MessagesNotFound, ProfileUnreadable
from holdfast.domains.interop.fhir import Problem, Resource, pieces_of, read
from holdfast.domains.interop.profiles import Profile, ProfileKey, profile_messages, shown

KEY = ProfileKey(b"profiles of tests of FHIR")
PEOPLE = patients(40, seed=21)
POOL = [lines(make(one, number)) for number, one in enumerate(PEOPLE) for make in (person, observation)]
POOL += [
    b'{"resourceType":"Patient","id":3}\n',
    b'{"a":[[1],null,{"b":[]}]}\n',
    b'{"resourceType":"Patient",\n',
    b"[1]\n",
]


def resources(raw: bytes) -> list[Resource]:
    return [one for one in read(raw) if isinstance(one, Resource)]


def problems(raw: bytes) -> list[tuple[object, ...]]:
    return [(one.kind, one.message, one.offset) for one in read(raw) if isinstance(one, Problem)]


def profiled(*found: bytes) -> Profile:
    return profile_messages(b"".join(found), KEY, standard="FHIR")


@pytest.mark.parametrize("indent", [None, 2])
def test_the_entries_of_a_bundle_come_one_by_one(indent: int | None) -> None:
    raw = bundle(person(PEOPLE[0], 0), observation(PEOPLE[0], 1), indent=indent)
    found = resources(raw)
    assert [(one.type, one.number, one.habits["carried by"], one.habits["request"]) for one in found] == [
        ("Patient", 1, "transaction bundle", "POST"),
        ("Observation", 2, "transaction bundle", "POST"),
    ]
    assert found[1].patient == found[0].patient == PEOPLE[0].number
    assert [json.loads(one.write()) for one in found] == [one.tree for one in found]
    assert [raw[one.offset :][: len(one.raw)] for one in found] == [one.raw for one in found]
    assert problems(raw) == []


def test_lines_arrays_and_documents_one_after_another() -> None:
    one, two = person(PEOPLE[0], 0), observation(PEOPLE[1], 1)
    for raw in (
        lines(one, two),
        json.dumps([one, two]).encode(),
        b"\xef\xbb\xbf" + json.dumps(one, indent=2).encode() + json.dumps(two).encode(),
    ):
        assert [found.tree for found in resources(raw)] == [one, two]
        assert problems(raw) == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"resourceType":"Patient"}\n{"resourceType":}\n{"resourceType":"Patient"}', [("json_malformed", 2, 43)]),
        (b'{"resourceType":"Patient","a":"\xff"}', [("undecodable", 1, 31)]),
        (b'{"resourceType":"Patient","id":"1","id":"2"}', [("name_repeated", 1, 0)]),
        (b'{"id":"1"}', [("type_missing", 1, 0)]),
        (b"7\n", [("not_an_object", 1, 0)]),
        (b'{"resourceType":"Patient","a":NaN}', [("json_malformed", 1, 0)]),
        (b"[" * 100_000, [("json_malformed", 1, 1)]),
        (b'{"resourceType":"Patient","a":' + b"[" * 300 + b"]" * 300 + b"}", [("too_deep", 1, 229)]),
        (
            b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"A2"}},{"resource":{"resourceType":"Patient"}}',
            [("type_missing", 1, 46), ("bundle_unclosed", 3, 108)],
        ),
        (
            b'{"resourceType":"Bundle","entry":[{"resource":{"id" "x"}},{"resource":{"resourceType":"Patient"}}]}',
            [("json_malformed", 1, 52)],
        ),
    ],
)
def test_what_is_malformed_is_reported_with_its_place(raw: bytes, expected: list[tuple[object, ...]]) -> None:
    found = problems(raw)
    if raw.startswith(b"[[["):  # what is within 100,000 brackets is looked for in vain, many times
        assert found[0][0] in ("json_malformed", "too_deep")
    else:
        assert found == expected
    assert b"".join(piece.raw for piece in pieces_of(raw)) == raw


def test_the_rest_of_a_bundle_counts() -> None:
    raw = bundle(*(person(one, 1) for one in PEOPLE[:3])).replace(b'"gender": "', b'"gender": ', 1)
    assert [one.number for one in resources(raw)] == [2, 3]
    assert [(kind, number) for kind, number, _ in problems(raw)] == [("json_malformed", 1)]
    profile = profiled(raw)
    assert (profile.messages, profile.unreadable) == (2, {"json_malformed": 1})


def test_a_resource_that_is_too_long_is_reported() -> None:
    raw = lines(person(PEOPLE[0], 0)) + b'{"resourceType":"Patient","a":"' + b"x" * 5000 + b'"}\n' + lines({"b": 1})
    chunks = [raw[at : at + 100] for at in range(0, len(raw), 100)]
    found = list(read(chunks, longest=2000))
    assert next(one.kind for one in found if isinstance(one, Problem)) == "too_long"
    assert [one.type for one in found if isinstance(one, Resource)] == ["Patient", "unknown"]


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(MessagesNotFound, match="'none.json' is no file"):
        list(read(tmp_path / "none.json"))


def test_counts_are_exact() -> None:
    document = shown(profiled(*(lines(person(one, n)) for n, one in enumerate(PEOPLE))))["Patient 4.0"]
    assert (document["standard"], document["messages"], document["patients"]) == ("FHIR", 40, 40)
    assert document["encoding"]["layout"] == {"compact": 40}
    segments = document["segments"]
    assert segments["Patient.name"]["in message"] == {"1": 40}
    name = segments["Patient.name"]["fields"]
    assert name["given"]["repetitions"] == {"1": 20, "2": 20}
    assert name["use"]["parts"]["1.1"]["values"]["shown"]["official"]["count"] == 40
    whole = segments["Patient"]["fields"]
    assert whole["birthDate"]["parts"]["1.1"]["formats"] == {"YYYY-MM-DD": 40}
    assert whole["multipleBirthInteger"]["parts"]["1.1"]["formats"] == {"JSON integer": 40}
    assert whole["gender"]["parts"]["1.1"]["table"] == "administrative-gender"
    assert segments["Patient.extension:ward-note"]["custom"]
    assert segments["Patient.extension:other"]["occurrences"] == 40  # an identifier at the end of a URL is no name
    systems = segments["Patient.identifier"]["fields"]["system"]["parts"]["1.1"]["values"]["shown"]
    assert list(systems) == ["urn:oid:2.16.840.1.113883.19.5"]


def test_names_that_are_none_are_counted_together() -> None:
    raw = lines({"resourceType": "Patient", "John Smith": "x", "a1234567": 1, "ok": 2})
    assert set(shown(profiled(raw))["Patient 4.0"]["segments"]["Patient"]["fields"]) == {"resourceType", "other", "ok"}


def test_nothing_of_a_patient_is_in_a_profile() -> None:
    people = patients(1_000, seed=5)
    profile = profiled(*(lines(make(one, n)) for n, one in enumerate(people) for make in (person, observation)))
    written = profile.to_bytes().decode() + json.dumps(shown(profile))
    born = [f"{one.born[:4]}-{one.born[4:6]}-{one.born[6:]}" for one in people]
    assert [secret for one in people for secret in one.secrets if secret in written] == []
    assert [day for day in born if day in written] == []


def test_profiles_of_two_standards_are_not_added_up() -> None:
    with pytest.raises(ProfileUnreadable, match="one profile is of FHIR and the other of HL7v2"):
        profiled(POOL[0]).merge(profile_messages(b"", KEY))


SOME = st.lists(st.sampled_from(POOL), max_size=12, unique=True)


@settings(deadline=None, max_examples=30)
@given(SOME, st.randoms(use_true_random=False))
def test_profiles_add_up_in_any_order_and_grouping(chosen: list[bytes], shuffle: random.Random) -> None:
    whole = profiled(*chosen).to_bytes()
    parts: list[list[bytes]] = [[], [], []]
    for one in chosen:
        shuffle.choice(parts).append(one)
    a, b, c = (profiled(*part) for part in parts)
    assert a.merge(b).merge(c).to_bytes() == a.merge(b.merge(c)).to_bytes() == c.merge(a).merge(b).to_bytes() == whole
    assert Profile.from_bytes(whole, KEY).to_bytes() == whole
    assert profiled(*chosen, *reversed(chosen)).to_bytes() == whole


PIECES = st.sampled_from(
    [*POOL[:3], bundle(person(PEOPLE[0], 0)), b'{"', b"[", b"]", b"}", b",", b":", b'"', b"\\", b"\n{"]
)


@settings(deadline=None)
@given(st.lists(PIECES | st.binary(max_size=20), max_size=10), st.integers(1, 60))
def test_any_bytes_are_cut_and_counted(parts: list[bytes], size: int) -> None:
    raw = b"".join(parts)
    chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
    assert b"".join(piece.raw for piece in pieces_of(chunks)) == raw
    assert list(map(repr, read(raw))) == list(map(repr, read(chunks)))
    profile = profiled(raw)
    assert Profile.from_bytes(profile.to_bytes(), KEY).to_bytes() == profile.to_bytes()
