"""See conftest.py."""

from integration.test_configurations import *  # noqa: F403
