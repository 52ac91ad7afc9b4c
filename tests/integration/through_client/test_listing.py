"""See conftest.py."""

from integration.test_listing import *  # noqa: F403
