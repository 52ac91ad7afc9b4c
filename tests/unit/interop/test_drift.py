"""Drift: planted changes are found, each alone; a batch that did not change has none."""

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hl7 import admission, messages, patients
from support.planting import PLANTED, Planted

from holdfast.domains.interop.documents import Inferred, documents, inferred
from holdfast.domains.interop.drift import Drift, drift
from holdfast.domains.interop.drift.exact import adjusted, effect, fisher
from holdfast.domains.interop.errors import NothingToCompare
from holdfast.domains.interop.profiles import ProfileKey, profile_messages

KEY = ProfileKey(b"drift of tests, and no others")
POOL = messages(1_200, seed=8)[1::2]


def configuration(sent: list[bytes]) -> Inferred:
    return inferred(documents(profile_messages(b"".join(sent), KEY), vendor="North")["ADT^A01"])


def compared(before: list[bytes], after: list[bytes]) -> Drift:
    return drift(configuration(before), profile_messages(b"".join(after), KEY))


def told(found: Drift) -> set[tuple[str, str]]:
    return {(one.location, one.kind) for one in found.findings}


def test_an_identical_batch_has_none() -> None:
    found = compared(POOL[:300], POOL[:300])
    assert found.findings == ()
    assert found.messages == (300, 300)
    assert found.tests > 100


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.name)
@pytest.mark.parametrize("size", [30, 300])
def test_what_is_planted_is_found_alone(planted: Planted, size: int) -> None:
    found = compared(POOL[:size], planted.change(POOL[size : 2 * size]))
    assert told(found) == planted.expected


def test_three_changes_at_once_are_those_three() -> None:
    """Story 1.3: a field stops being sent, a new Z-segment appears, a date format changes."""
    after = POOL[250:500]
    chosen = [one for one in PLANTED if one.name in ("dropped field", "new Z-segment", "date format")]
    for one in chosen:
        after = one.change(after)
    found = compared(POOL[:250], after)
    assert told(found) == {place for one in chosen for place in one.expected}
    for one in found.findings:
        assert one.test == "Fisher's exact test"
        assert one.effect > 1
        assert one.p <= one.adjusted < 0.01
        assert one.sizes == (250, 250)
    born = next(one for one in found.findings if one.kind == "format")
    assert (born.before, born.after) == ("YYYYMMDD 100 %", "MM/DD/YYYY 100 %")


def test_a_small_change_is_told_only_from_the_effect_up() -> None:
    marked = [one.replace(b"\rPID", b"\rZZZ|1\rPID") for one in POOL[300:303]] + POOL[303:600]
    assert told(compared(POOL[:300], marked)) == set()
    marked = [one.replace(b"\rPID", b"\rZZZ|1\rPID") for one in POOL[300:330]] + POOL[330:600]
    assert told(compared(POOL[:300], marked)) == {("ZZZ", "new segment")}


def test_a_new_code_of_few_patients_is_not_named() -> None:
    few = [admission(patients(9, seed=4)[number % 9], number).replace(b"|MED", b"|SMI") for number in range(200)]
    found = [one for one in compared(POOL[:300], few).findings if one.location == "PV1-10.1.1"]
    assert [one.kind for one in found] == [] or "SMI" not in str(found)


def test_messages_of_other_types_are_counted_and_not_compared() -> None:
    both = messages(1_200, seed=8)
    found = drift(configuration(POOL[:300]), profile_messages(b"".join(both), KEY))
    assert found.findings == ()
    assert found.other_types == 600
    with pytest.raises(NothingToCompare, match=r"none of the messages is ADT\^A01"):
        compared(POOL[:30], both[::2])


def test_what_one_message_has_many_of_counts_as_one_sample() -> None:
    """Results of one message depend on each other: a long panel in one message is no drift."""
    results = messages(400, seed=9)[::2]
    panel = b"".join(b"OBX|%d|NM|WBC^Test^L||1|zz|1-100|H|||F\r" % number for number in range(5, 60))
    after = [one + panel if number == 7 else one for number, one in enumerate(results[100:])]
    before = profile_messages(b"".join(results[:100]), KEY)
    found = drift(inferred(documents(before, vendor="North")["ORU^R01"]), profile_messages(b"".join(after), KEY))
    assert [one for one in found.findings if one.location.startswith("OBX-")] == []


@given(st.data())
def test_fishers_p_is_twice_the_exact_tail(data: st.DataObject) -> None:
    of_one, of_other = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    one, other = data.draw(st.integers(0, of_one)), data.draw(st.integers(0, of_other))
    both, whole = one + other, of_one + of_other

    def chance(number: int) -> float:
        return comb(both, number) * comb(whole - both, of_one - number) / comb(whole, of_one)

    below = sum(chance(number) for number in range(max(0, both - of_other), one + 1))
    above = sum(chance(number) for number in range(one, min(both, of_one) + 1))
    assert fisher(one, of_one, other, of_other) == pytest.approx(min(1, 2 * min(below, above)), rel=1e-6)


def test_the_correction_and_the_effect() -> None:
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert adjusted([]) == []
    assert effect(0.5, 0.6) == pytest.approx(0.2014, abs=1e-4)
    assert fisher(500_000, 1_000_000, 490_000, 1_000_000) < 1e-40


def test_splits_of_one_sender_raise_no_alarm() -> None:
    shuffle = random.Random(3)
    alarms = 0
    for _ in range(5):
        shuffle.shuffle(POOL)
        alarms += len(compared(POOL[:100], POOL[100:200]).findings)
    assert alarms == 0
