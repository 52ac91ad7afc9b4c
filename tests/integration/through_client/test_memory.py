"""See conftest.py."""

from integration.test_memory import *  # noqa: F403
