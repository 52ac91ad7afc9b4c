"""See conftest.py."""

from integration.test_import import *  # noqa: F403
