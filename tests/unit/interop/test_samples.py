"""The sample messages: the same for the same arguments, well-formed, and drifting only where they are told to."""

import pytest

from holdfast.domains.interop.hl7 import Message, read
from holdfast.samples.hl7 import SENDERS, Drift, messages


@pytest.mark.parametrize("sender", SENDERS)
def test_messages_are_the_same_again_and_well_formed(sender):
    made = messages(sender, 40)
    assert made == messages(sender, 40) and messages(sender, 10, since=30) == made[30:]
    assert made != messages(sender, 40, seed=2)
    found = [*read("".join(made).encode())]
    assert len(found) == 40 and all(isinstance(one, Message) for one in found)


def test_a_drift_changes_what_it_says_and_nothing_else():
    before, after = messages("Epic", 30), messages("Epic", 30, drift=Drift(leaves_out_service=True))
    for old, new in zip(before, after, strict=True):
        assert {name for name, one, other in zip(*_fields(old, new), strict=True) if one != other} == {"PV1"}
    assert "ZFR" in messages("Epic", 1, drift=Drift(new_segment=True))[0]


def _fields(old, new):
    return [line[:3] for line in old.split("\r")], old.split("\r"), new.split("\r")
