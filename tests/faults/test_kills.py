"""Our process killed with SIGKILL while it appends, and the server too; the long form is campaigns/kills.py."""

import random

import pytest
from campaigns.kills import Toll, kill_once, under_fire
from campaigns.places import durable_server, new_place


def test_nothing_acknowledged_is_lost_when_our_process_is_killed(tmp_path):
    place, toll, chance = new_place("sqlite", tmp_path, "store"), Toll(), random.Random(1)
    for life in range(5):
        kill_once(place, f"life{life}", toll, chance)
    assert toll.faults == []
    assert toll.acknowledged > 0
    assert max(toll.open_seconds) < 5


@pytest.mark.thorough
def test_clients_are_served_again_when_the_server_was_killed_and_nothing_is_lost_or_doubled():
    with durable_server() as server:
        trial = under_fire(server, ["the server"], random.Random(1))
    assert trial.faults == []


@pytest.mark.thorough
def test_clients_are_served_again_when_the_server_restarts_itself_after_a_crash():
    with durable_server() as server:
        trial = under_fire(server, ["a backend"], random.Random(1))
    assert trial.faults == []
