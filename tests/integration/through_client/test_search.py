"""See conftest.py."""

from integration.test_search import *  # noqa: F403
