"""See conftest.py."""

from integration.test_forks import *  # noqa: F403
