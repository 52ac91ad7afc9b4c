"""See conftest.py."""

from integration.test_conversations import *  # noqa: F403
