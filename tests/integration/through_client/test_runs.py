"""See conftest.py."""

from integration.runs.test_runs import *  # noqa: F403
