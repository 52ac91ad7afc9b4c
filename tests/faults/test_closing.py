"""A store is closed while other threads write."""

import pytest
from campaigns.checks import every_message, file_faults, log_faults
from campaigns.places import conversations_of
from campaigns.stories import tell


@pytest.mark.thorough(on="postgresql")
def test_closing_under_writers_tells_them_so_and_loses_nothing_acknowledged(here):
    chat, *acknowledged = tell("close_while_others_write", here)
    with here.open() as store:
        conversations = conversations_of(store)
        there = [message.request_id for message in every_message(conversations, chat)]
        assert set(acknowledged) <= set(there)
        assert len(there) == len(set(there))
        assert log_faults(conversations, chat) == []
        assert file_faults(store, here) == []
