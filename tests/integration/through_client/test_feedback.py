"""See conftest.py."""

from integration.test_feedback import *  # noqa: F403
