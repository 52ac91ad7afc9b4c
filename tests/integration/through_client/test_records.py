"""Records at a server: the names of the library. See conftest.py."""

from integration.records.conftest import kbli  # noqa: F401
from integration.records.test_records import *  # noqa: F403
