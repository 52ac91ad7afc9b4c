"""Processes write at random through one Redis; the long form, with outages, is campaigns/cache.py."""

import pytest
from campaigns.cache import misses, new_ground, writes
from support.redis_server import RedisServer


@pytest.mark.thorough
def test_processes_that_write_at_random_end_with_no_disagreeing_key(tmp_path):
    server = RedisServer()
    try:
        ground = new_ground(tmp_path, server)
        for trial in (misses(ground, processes=2, threads=50), writes(ground, processes=2, ops=1000)):
            assert trial.faults == []
    finally:
        server.stop()
