"""See conftest.py."""

from integration.runs.test_decisions import *  # noqa: F403
