"""The power cut while a SQLite store is written; the long form is campaigns/power.py."""

import pytest
from campaigns.places import KEY
from campaigns.power import lying_disk, power_cuts, record


@pytest.mark.parametrize("key", [KEY, pytest.param(None, marks=pytest.mark.thorough)], ids=["encrypted", "plain"])
def test_nothing_acknowledged_is_lost_in_a_power_cut(tmp_path, key):
    recording = record(tmp_path, appends=60, key=key)
    assert lying_disk(recording, seed=1).faults == []  # or the next line would show nothing
    assert power_cuts(recording, 15, seed=1).faults == []
