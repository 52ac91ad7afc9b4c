"""Several processes append to one conversation while another reads it; the long form is campaigns/processes.py."""

import pytest
from campaigns.processes import race


@pytest.mark.thorough(on="postgresql")
def test_processes_share_a_conversation_without_gap_double_or_disorder(here):
    outcome = race(here, writers=4, appends=50)
    assert outcome.faults == []
    assert sum(len(waits) for waits in outcome.waits.values()) == 200
    assert outcome.polls > 0
