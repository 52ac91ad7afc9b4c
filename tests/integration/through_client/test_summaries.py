"""See conftest.py."""

from integration.test_summaries import *  # noqa: F403
