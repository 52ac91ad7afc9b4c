"""See conftest.py."""

from integration.test_statuses import *  # noqa: F403
