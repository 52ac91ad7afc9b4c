"""For how long a value is good, and what is given when it is not any more."""

import random
import threading
import time

import pytest
from support.waiting import until

from holdfast.core.cache import NOTHING

from .conftest import linked


class Counting:
    """A loader that gives 1, 2, 3 …, or fails."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails = False

    def __call__(self) -> int:
        self.calls += 1
        if self.fails:
            raise LookupError("away")
        return self.calls


def test_a_value_is_good_for_its_time_and_no_longer(cached):
    load = Counting()
    assert cached.cache.get_or_load("n", "k", load, ttl=0.4) == 1
    assert cached.cache.get("n", "k") == 1
    time.sleep(0.5)
    assert cached.cache.get("n", "k") is None
    assert cached.cache.get_or_load("n", "k", load, ttl=0.4) == 2


def test_times_are_spread_a_little(opens):
    store = opens(cache_jitter_percent=10.0)
    for number in range(200):
        store.cache.put("n", number, 1, ttl=100)
    ends = sorted(entry.until - time.monotonic() for entry in store.engine.levels.memory.entries.values())
    assert 89 < ends[0] < 93
    assert 97 < ends[-1] <= 100


def test_no_value_lives_longer_than_the_longest(opens, redis):
    store = opens(redis.url, cache_longest_seconds=50.0)
    store.cache.get_or_load("n", "k", lambda: 1, ttl=1000, stale=1000, stale_if_error=1000)
    with redis.client() as client:
        [key] = redis.keys("v")
        assert 40_000 < client.pttl(key) <= 50_000


def test_a_value_in_use_is_loaded_anew_by_one_before_its_time_is_over(opens, cache_url, monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)  # as early as the setting allows
    stores = [opens(cache_url, cache_refresh_percent=30.0) for _ in range(2 if cache_url else 1)]
    if cache_url:
        for store in stores:
            linked(store)
    load = Counting()
    assert stores[0].cache.get_or_load("n", "k", load, ttl=2.0) == 1
    seen = []
    began = time.monotonic()
    while time.monotonic() - began < 1.7:
        for store in stores:
            seen.append(store.cache.get_or_load("n", "k", load, ttl=2.0))
        time.sleep(0.002)
    assert seen[-1] >= 2
    assert load.calls <= 4
    assert seen == sorted(seen) or cache_url
    for store in stores:
        assert store.cache.stats().names["n"].misses <= 1


def test_a_value_past_its_time_is_given_while_one_loads_it_anew(opens, cache_url):
    store = opens(cache_url)
    load, go_on, began = Counting(), threading.Event(), threading.Event()

    def slow() -> int:
        began.set()
        assert go_on.wait(10)
        return 100 + load()

    assert store.cache.get_or_load("n", "k", load, ttl=0.2, stale=30) == 1
    time.sleep(0.3)
    before = time.monotonic()
    for _ in range(10):
        assert store.cache.get_or_load("n", "k", slow, ttl=60, stale=30) == 1
    assert time.monotonic() - before < 1
    assert began.wait(5)
    assert store.cache.get("n", "k", "not fresh") == "not fresh"
    go_on.set()
    until(lambda: store.cache.get("n", "k") == 102)
    assert load.calls == 2
    assert store.cache.stats().names["n"].stale >= 10


def test_no_old_value_is_given_across_an_invalidation(opens, cache_url):
    store = opens(cache_url)
    load = Counting()
    assert store.cache.get_or_load("n", "k", load, ttl=0.1, stale=60, stale_if_error=60, tags=["t"]) == 1
    time.sleep(0.2)
    store.cache.invalidate("t")
    load.fails = True
    with pytest.raises(LookupError):
        store.cache.get_or_load("n", "k", load, stale=60, stale_if_error=60, tags=["t"])
    load.fails = False
    assert store.cache.get_or_load("n", "k", load, tags=["t"]) == 3


def test_no_old_value_is_given_when_it_is_invalidated_while_the_loader_fails(opens, cache_url):
    store = opens(cache_url)
    assert store.cache.get_or_load("n", "k", lambda: 1, ttl=0.1, stale_if_error=60, tags=["t"]) == 1
    time.sleep(0.2)

    def invalidated_and_failing() -> int:
        store.cache.invalidate("t")
        raise LookupError("away")

    with pytest.raises(LookupError):
        store.cache.get_or_load("n", "k", invalidated_and_failing, stale_if_error=60, tags=["t"])


def test_a_value_past_its_time_is_given_when_the_loader_fails(opens, cache_url):
    store = opens(cache_url)
    load = Counting()
    terms = {"ttl": 0.2, "stale_if_error": 1.5, "tags": ["t"]}
    assert store.cache.get_or_load("n", "k", load, **terms) == 1
    load.fails = True
    time.sleep(0.3)
    assert store.cache.get_or_load("n", "k", load, **terms) == 1
    assert load.calls == 2
    time.sleep(1.6)
    with pytest.raises(LookupError):
        store.cache.get_or_load("n", "k", load, **terms)


def test_the_answer_that_there_is_none_is_kept_for_its_own_short_time(cached):
    calls = []

    def none() -> object:
        calls.append(1)
        return NOTHING

    for _ in range(3):
        assert cached.cache.get_or_load("n", "k", none, ttl=60, negative_ttl=0.3, tags=["t"]) is None
    assert len(calls) == 1
    assert cached.cache.get("n", "k", "default") == "default"
    time.sleep(0.4)
    assert cached.cache.get_or_load("n", "k", lambda: 5, tags=["t"]) == 5
    cached.cache.invalidate("t")
    cached.cache.get_or_load("n", "k", none, negative_ttl=60, tags=["t"])
    cached.cache.invalidate("t")
    assert cached.cache.get_or_load("n", "k", lambda: 6, tags=["t"]) == 6


def test_a_refresh_that_fails_disturbs_nobody_and_is_not_tried_with_every_hit(opens, cache_url, caplog):
    store = opens(cache_url)
    load, terms = Counting(), {"ttl": 0.1, "stale": 30}
    assert store.cache.get_or_load("secret-name", "secret-key", load, **terms) == 1
    load.fails = True
    time.sleep(0.2)
    began = time.monotonic()
    while time.monotonic() - began < 0.8:
        assert store.cache.get_or_load("secret-name", "secret-key", load, **terms) == 1
        time.sleep(0.01)
    assert 2 <= load.calls <= 4
    assert "secret-key" not in caplog.text
