"""See conftest.py."""

from integration.test_analytics import *  # noqa: F403
