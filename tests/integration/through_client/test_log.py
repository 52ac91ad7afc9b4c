"""See conftest.py."""

from integration.test_log import *  # noqa: F403
