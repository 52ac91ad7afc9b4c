"""A program forks after it has used a store."""

import pytest
from campaigns.checks import every_message, log_faults
from campaigns.places import conversations_of
from campaigns.stories import tell


@pytest.mark.thorough(on="postgresql")
def test_parent_and_child_both_go_on_with_a_store(here):
    tell("fork_and_go_on", here)


@pytest.mark.thorough(on="postgresql")
def test_a_child_that_ends_leaves_the_parents_store_whole(here):
    tell("fork_and_leave", here)


@pytest.mark.thorough(on="postgresql")
def test_what_the_child_was_told_is_durable_stays_when_the_parent_closes_its_store(here):
    [chat] = tell("fork_and_close", here)
    with here.open() as store:
        conversations = conversations_of(store)
        said = [message.content for message in every_message(conversations, chat)]
        assert said == [f"{when} {n}" for when in ("before", "early", "late") for n in range(5)]
        assert log_faults(conversations, chat) == []
