"""Ctrl-C while a thread writes."""

import pytest
from campaigns.stories import tell


@pytest.mark.thorough(on="postgresql")
def test_an_interrupted_writer_does_not_block_the_others(here):
    [struck] = tell("interrupt_a_waiting_writer", here)
    assert int(struck) > 10


@pytest.mark.thorough(on="postgresql")
def test_an_interrupt_at_any_line_of_an_append_does_no_lasting_harm(here):
    assert tell("interrupt_at_every_line", here) == []
