"""See conftest.py."""

from integration.test_visible_cap import *  # noqa: F403
