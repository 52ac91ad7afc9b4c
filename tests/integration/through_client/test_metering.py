"""See conftest.py."""

from integration.test_metering import *  # noqa: F403
