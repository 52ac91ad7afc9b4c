"""See conftest.py."""

from integration.test_attachments import *  # noqa: F403
