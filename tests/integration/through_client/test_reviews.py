"""See conftest.py."""

from integration.test_reviews import *  # noqa: F403
