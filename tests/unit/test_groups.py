"""What the tests themselves rest on."""

import os

import pytest


@pytest.mark.xdist_group("kept-together")
def test_tests_of_a_group_are_sent_to_one_worker(request: pytest.FixtureRequest) -> None:
    """pytest-xdist sends them by the end of their names. pytest 9.2 kept the names that xdist 3.8 had changed, so every
    worker made what a group is to make once, and nothing failed.
    """
    in_worker = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith("@kept-together") is in_worker
