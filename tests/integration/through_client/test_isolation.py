"""See conftest.py."""

from integration.test_isolation import *  # noqa: F403
