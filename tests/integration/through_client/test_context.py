"""See conftest.py."""

from integration.test_context import *  # noqa: F403
