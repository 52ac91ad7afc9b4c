"""De-identified copies: nothing of a patient is left, and everything else is as it was."""

from datetime import date
from typing import Any

import pytest
from support.hl7 import messages, patients

from holdfast.domains.interop.deidentifying import copies
from holdfast.domains.interop.deidentifying.dates import shifted
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.profiles import ProfileKey, profile_messages

COUNT, SEED = 120, 77
SENT = messages(COUNT, seed=SEED)


def parsed(raw: bytes) -> list[Message]:
    found = [one for one in read(raw) if isinstance(one, Message)]
    assert all(not list(one.problems) for one in found)
    return found


def copied(raw: bytes) -> list[Message]:
    made, _ = copies(parsed(raw))
    return parsed(b"".join(made))


def shape(message: Message) -> list[tuple[str, list[list[list[int]]]]]:
    """Segments, repetitions, components and parts: where there is something."""
    return [
        (segment.name, [[[len(part) > 0 for part in one] for one in each] for each in segment[number].repetitions])
        for segment in message.segments
        for number in range(1, len(segment.fields))
    ]


def test_nothing_of_a_patient_is_left_in_the_bytes() -> None:
    made, _ = copies(parsed(b"".join(SENT)))
    raw = b"".join(made).decode()
    left = [secret for one in patients(COUNT, seed=SEED) for secret in one.secrets if secret in raw]
    assert left == []
    assert "Doctor" not in raw and "custom" not in raw and "Seen with" not in raw


def test_structure_codes_and_counts_stay() -> None:
    before, after = parsed(b"".join(SENT)), copied(b"".join(SENT))
    assert [shape(one) for one in after] == [shape(one) for one in before]
    key = ProfileKey(b"a key of the tests here")
    profiles = [profile_messages(b"".join(one.raw for one in each), key) for each in (before, after)]
    for name, one in profiles[0].types.items():
        other = profiles[1].types[name]
        assert (one.messages, one.follows, one.groups) == (other.messages, other.follows, other.groups)
        for segment, counts in one.segments.items():
            for number, column in counts.columns.items():
                again = other.segments[segment].columns[number]
                assert (again.present, again.repetitions) == (column.present, column.repetitions)
    for old, new in zip(before, after, strict=True):
        assert (new.type, new.version) == (old.type, old.version)
        for was, now in zip(old["OBX"], new["OBX"], strict=True):
            kept = [(was[n].raw, now[n].raw) for n in (1, 2, 5, 8, 11)] + [(was[3].value(), now[3].value())]
            assert all(one == other for one, other in kept)
        assert new["PID"][0][8].raw == old["PID"][0][8].raw


def sent(number: str, name: str, *, day: str = "20260105", more: str = "") -> bytes:
    return (
        f"MSH|^~\\&|A|B|||{day}1200||ADT^A01|{number}-{day}|P|2.5\rEVN|A01|{day}\r"
        f"PID|1||{number}^^^B^MR||{name}||19500101|F\rPV1|1|I\r{more}"
    ).encode()


def test_a_patient_is_the_same_in_all_messages_and_intervals_hold() -> None:
    raw = sent("7001", "Doe^J") + sent("7002", "Doe^J") + sent("7001", "Doe^J", day="20260119")
    one, other, again = copied(raw)
    assert one["PID"][0].text == again["PID"][0].text != other["PID"][0].text
    assert one["PID"][0][5].raw != other["PID"][0][5].raw, "two people of one name"
    days = [date.fromisoformat(each["EVN"][0][2].raw) for each in (one, again)]
    assert (days[1] - days[0]).days == 14
    assert 0 < abs((days[0] - date(2026, 1, 5)).days) <= 365
    assert one.header[6][8:] == "1200"


def test_each_batch_has_other_pseudonyms_unless_it_is_given_the_secret() -> None:
    given = parsed(b"".join(SENT[:20]))
    assert copies(given)[0] != copies(given)[0]
    secret = b"0123456789abcdef"
    made, mapping = copies(given, secret=secret, mapping=True)
    assert (made, mapping) == copies(given, secret=secret, mapping=True)
    assert mapping is not None
    of: Any = mapping["pseudonyms"]
    assert of[""]["MRN7000000"].encode() in made[0]
    assert copies(given)[1] is None


@pytest.mark.parametrize(
    "more",
    [
        "ZAB|1|Anna Alder|700142857^Alder~x&700142857|19500101|471142857",
        "XYZ|Anna Alder",
        "anna alder|Alder\r",
        "NTE|1||Anna Alder called, 700142857",
        "OBX|1|ST|700142857||Anna Alder",
        "OBX|1|CE|A^Anna Alder^L||AlderCode^Anna Alder",
        "PV1|1|Alder|Anna Alder",
        "PID|1||700142857||Alder||1/1/1950",
        "PV2|1||||||||||||||||||||||||||||||||||||||||||||||||||||Anna Alder",
        "IN1|1|P|C|||||||||||Alder|||Alder^Anna|SEL|19500101|1 Alder Way",
        "IN1|1|P|C|||||||||||Alder||Alder^Anna|SEL|19500101|1 Alder Way",
    ],
)
def test_what_is_unknown_or_stands_where_it_should_not_is_replaced(more: str) -> None:
    raw = sent("700142857", "Alder^Anna", more=f"{more}\r".replace("\r\r", "\r"))
    made, _ = copies([one for one in read(raw) if isinstance(one, Message)])
    for secret in (b"Anna Alder", b"700142857", b"19500101", b"1/1/1950", b"1 Alder", b"471142857"):
        assert secret not in made[0]
    assert len(made[0].splitlines()) == len(raw.splitlines())


def test_codes_of_terminologies_stay_however_long_and_no_two_share_a_pseudonym() -> None:
    more = "DG1|1||386661006^Fever^SCT\rDG1|2||386661006^Fever^MRN\r"
    (one,) = copied(sent("7001", "Doe^J", more=more))
    assert [each[3].value() == "386661006" for each in one["DG1"]] == [True, False]
    many = copied(b"".join(sent(str(number), "Doe^J") for number in range(1, 800)))
    assert len({one["PID"][0][3].value() for one in many}) == 799


def test_codes_that_few_patients_of_the_batch_have_are_replaced_and_the_others_stay() -> None:
    often, once = "DG1|1||I10^Pressure^I10\r", "DG1|1||E75^Rare^I10\rDG1|2||999480451000087102^Rare^SCT\r"
    raw = b"".join(sent(str(number), "Doe^J", more=often) for number in range(7001, 7006))
    raw += sent("7001", "Doe^J", day="20260106", more=once) + sent("7001", "Doe^J", day="20260107", more=once)
    made = parsed(b"".join(copies(parsed(raw), k=3)[0]))
    assert {one["DG1"][0][3].value() for one in made[:5]} == {"I10"}
    rare = [(one["DG1"][0][3].value(), one["DG1"][1][3].value()) for one in made[5:]]
    assert rare[0] == rare[1], "one pseudonym of each"
    assert not {"E75", "999480451000087102"} & set(rare[0])
    assert [one.type for one in made] == ["ADT^A01"] * 7
    assert {one["PID"][0][8].raw for one in made} == {"F"}
    few = parsed(copies(parsed(raw)[:1], k=11)[0][0])[0]
    assert (few.type, few.version, few["PID"][0][8].raw == "F") == ("ADT^A01", "2.5", False)
    assert [one["DG1"][0][3].value() for one in copied(raw)][5:] == ["E75", "E75"], "without k they stay"


def test_dates_are_moved_as_they_are_written() -> None:
    assert shifted("20251231", 1) == "20260101"
    assert shifted("20251231235959.123+0100", -30) == "20251201235959.123+0100"
    assert shifted("2025-12-31T10:00Z", 1) == "2026-01-01T10:00Z"
    assert shifted("31.12.2025", 1) == "01.01.2026"
    assert shifted("20259999", 1) is shifted("soon", 1) is shifted("00010101", -2) is None
