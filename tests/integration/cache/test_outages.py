"""Redis killed, flushed, cut off, deaf or slow: answers stay right and quick, and it comes back by itself."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from support.waiting import until

from .conftest import linked


def breaker(store: Any) -> str:
    return store.cache.stats().redis.breaker


def ask_all(store: Any, source: dict[str, int], *, rounds: int = 20) -> float:
    """Ask for everything, again and again; each answer must be right. The longest that one took."""
    longest = 0.0
    for _ in range(rounds):
        for key, value in source.items():
            began = time.monotonic()
            assert store.cache.get_or_load("n", key, lambda key=key: source[key], tags=[key]) == value
            longest = max(longest, time.monotonic() - began)
    return longest


def change(store: Any, source: dict[str, int]) -> None:
    for key in source:
        source[key] += 1
        store.cache.invalidate(key)


def right_until_trusted_again(source: dict[str, int], *stores: Any) -> None:
    """Every answer is right until each store is linked and gives what Redis has, and for a while after it."""
    key = next(iter(source))

    def is_trusted(store: Any) -> bool:
        ask_all(store, source, rounds=1)
        return store.cache.stats().redis.linked and store.cache.get("n", key) == source[key]

    for store in stores:
        until(lambda store=store: is_trusted(store))
    for _ in range(20):
        for store in stores:
            ask_all(store, source, rounds=1)
        time.sleep(0.005)


def test_redis_killed_in_mid_use_answers_are_right_and_quick_and_it_is_found_again(opens, own_redis):
    one, other = linked(opens(own_redis.url)), linked(opens(own_redis.url))
    source = dict.fromkeys("abc", 0)
    for store in (one, other):
        ask_all(store, source)
    own_redis.kill()
    for store in (one, other):  # until a process notices that its link is gone it may give what it has, and not after
        until(lambda store=store: not store.cache.stats().redis.linked)
        assert store.cache.stats().entries == 0
    for _ in range(3):
        change(one, source)
        for store in (one, other):
            assert ask_all(store, source) < 2
    until(lambda: breaker(one) != "closed")
    assert one.cache.stats().redis.untold > 0
    own_redis.start()
    change(one, source)
    until(lambda: breaker(one) == breaker(other) == "closed" or ask_all(other, source) + ask_all(one, source) < 0)
    until(lambda: one.cache.stats().redis.untold == 0)
    for store in (one, other):
        ask_all(store, source)
        until(lambda store=store: store.cache.stats().redis.linked)
        until(lambda store=store: ask_all(store, source, rounds=1) >= 0 and store.cache.get("n", "a") == source["a"])
    change(other, source)
    until(lambda: one.cache.get("n", "a") is None)
    ask_all(one, source)


def test_a_store_opens_and_answers_while_redis_is_away(opens, own_redis):
    own_redis.kill()
    began = time.monotonic()
    store = opens(own_redis.url)
    assert store.cache.get_or_load("n", "k", lambda: "loaded") == "loaded"
    store.cache.put("n", "k", "put")
    store.cache.delete("n", "k")
    assert store.cache.get("n", "k", "none") == "none"
    assert time.monotonic() - began < 3
    own_redis.start()
    linked(store)
    until(lambda: store.cache.get_or_load("n", "k", lambda: 1) and store.cache.get("n", "k") == 1)


@pytest.mark.parametrize("how", ["cut", "deaf"])
def test_what_was_invalidated_while_cut_off_is_never_served_from_redis_again(opens, redis, proxy, how):
    """The same Redis is there again, with all the old values in it. Everybody was cut off, not only who invalidated."""
    one, other = linked(opens(proxy.url)), linked(opens(proxy.url))
    source = dict.fromkeys("abc", 0)
    for store in (one, other):
        ask_all(store, source)
    assert len(redis.keys("v")) == 3
    getattr(proxy, how)()
    change(one, source)
    until(lambda: not one.cache.stats().redis.linked and not other.cache.stats().redis.linked)
    for store in (one, other):
        assert ask_all(store, source) < 2
    assert len(redis.keys("v")) == 3, "Redis still has what was invalidated"
    proxy.forward()
    right_until_trusted_again(source, other, one)
    assert one.cache.stats().redis.untold == 0
    assert breaker(one) == breaker(other) == "closed"


def test_losing_the_link_empties_the_first_level_at_once(opens, redis, proxy):
    one, other = linked(opens(proxy.url)), linked(opens(redis.url))
    ask_all(one, {"k": 0})
    assert one.cache.stats().entries == 1
    proxy.cut()
    until(lambda: one.cache.stats().entries == 0, seconds=1)
    other.cache.put("n", "k", 1)
    proxy.forward()
    until(lambda: one.cache.stats().redis.linked)
    until(lambda: one.cache.get("n", "k") == 1)


def test_a_lost_link_is_told_of_only_when_nothing_is_held_any_more(opens, redis, proxy, monkeypatch):
    store = linked(opens(proxy.url))
    ask_all(store, {"k": 0}, rounds=1)
    memory = store.engine.levels.memory
    distrust, seen = memory.distrust, []
    monkeypatch.setattr(memory, "distrust", lambda: (seen.append(store.cache.stats().redis.linked), distrust()))
    proxy.cut()
    until(lambda: not store.cache.stats().redis.linked)
    assert seen[0] is True


@pytest.mark.parametrize("outage", ["lost", "found"])
def test_nobody_joins_a_load_from_before_the_link_was_lost_or_found(opens, redis, proxy, outage):
    """What was invalidated meanwhile was not heard, so the load may have read what was there before."""
    one, other = linked(opens(proxy.url)), linked(opens(redis.url))
    source, loading, go_on = {"k": 0}, Event(), Event()

    def load() -> int:
        value = source["k"]
        loading.set()
        assert go_on.wait(15)
        return value

    def cut() -> None:
        proxy.cut()
        until(lambda: not one.cache.stats().redis.linked)

    if outage == "found":
        cut()
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(one.cache.get_or_load, "n", "k", load, tags=["k"])
        assert loading.wait(15)
        if outage == "lost":
            cut()
        source["k"] = 1
        other.cache.invalidate("k")
        if outage == "found":
            proxy.forward()
            until(lambda: one.cache.stats().redis.linked)
        try:
            assert one.cache.get_or_load("n", "k", lambda: source["k"], tags=["k"]) == 1
        finally:
            go_on.set()
        assert before.result() == 0
    assert one.cache.get_or_load("n", "k", lambda: source["k"], tags=["k"]) == 1


def test_a_link_that_is_silently_dead_is_not_trusted_for_longer_than_said(opens, redis, proxy):
    one, other = linked(opens(proxy.url)), linked(opens(redis.url))
    source = {"k": 0}
    ask_all(one, source)
    proxy.deaf()
    source["k"] = 1
    other.cache.invalidate("k")
    changed = time.monotonic()
    until(lambda: one.cache.get_or_load("n", "k", lambda: source["k"], tags=["k"]) == 1)
    assert time.monotonic() - changed < 1.0 + 0.3 + 1.0, "cache_link_seconds, and one call that waits in vain"


def test_a_slow_redis_is_left_alone_and_one_probe_finds_it_well_again(opens, proxy):
    store = linked(opens(proxy.url))
    source = dict.fromkeys("abcdef", 0)
    ask_all(store, source)
    proxy.delay = 1.0
    with ThreadPoolExecutor(8) as pool:
        longest = max(pool.map(lambda _: ask_all(store, source, rounds=5), range(8)))
    assert longest < 2.5
    until(lambda: ask_all(store, source, rounds=1) >= 0 and breaker(store) != "closed")
    before = store.cache.stats().redis.counts
    assert before.opened >= 1
    proxy.forward()
    until(lambda: ask_all(store, source, rounds=1) >= 0 and breaker(store) == "closed")
    after = store.cache.stats().redis.counts
    assert after.probes > before.probes or before.probes > 0
    until(lambda: store.cache.stats().redis.linked)
    until(lambda: ask_all(store, source, rounds=1) >= 0 and store.cache.get("n", "a") == 0)


def test_a_redis_that_stops_for_a_while_brings_nothing_old_back(opens, own_redis):
    one, other = linked(opens(own_redis.url)), linked(opens(own_redis.url))
    source = {"k": 0}
    for store in (one, other):
        ask_all(store, source)
    own_redis.pause()
    change(one, source)
    until(lambda: not other.cache.stats().redis.linked)
    own_redis.go_on()
    right_until_trusted_again(source, other, one)
    assert one.cache.stats().redis.untold == 0


def test_values_from_before_a_restart_of_redis_do_not_count(opens, own_redis):
    """It may come back with an older state than it had: with values whose invalidation is forgotten."""
    one = linked(opens(own_redis.url))
    one.cache.put("n", "k", "old", tags=["t"])
    with own_redis.client() as client:
        saved = {key: client.dump(key) for key in client.keys("*")}
    one.cache.invalidate("t")
    one.close()
    own_redis.kill()
    own_redis.start()
    with own_redis.client() as client:
        for key, value in saved.items():
            client.restore(key, 0, value)
    other = linked(opens(own_redis.url))
    assert other.cache.get("n", "k") is None
    assert other.cache.get_or_load("n", "k", lambda: "new", tags=["t"]) == "new"


def test_a_redis_that_is_full_or_refuses_the_password_is_as_good_as_none(opens, own_redis):
    store = linked(opens(own_redis.url))
    with own_redis.client() as client:
        client.config_set("maxmemory", "1")
        assert ask_all(store, {"a": 0, "b": 1}) < 2
        client.config_set("maxmemory", "0")
        client.config_set("requirepass", "secret")
    refused = opens(own_redis.url)
    assert ask_all(refused, {"a": 0}) < 2
    assert "secret" not in repr(refused.settings)
    with_password = opens(own_redis.url.replace("redis://", "redis://:secret@"))
    assert "secret" not in repr(with_password.settings)
    linked(with_password)
    assert ask_all(with_password, {"a": 0}) < 2
    assert with_password.cache.get("n", "a") == 0


def test_more_invalidations_than_can_be_remembered_clear_everything(opens, redis, proxy, monkeypatch):
    monkeypatch.setattr("holdfast.core.cache.remote.PENDING", 10)
    one = linked(opens(proxy.url))
    source = {f"k{n}": 0 for n in range(30)}
    ask_all(one, source, rounds=1)
    proxy.cut()
    change(one, source)
    proxy.forward()
    until(lambda: redis.keys("v") == [])
    until(lambda: one.cache.stats().redis.linked)
    for _ in range(20):
        ask_all(one, source, rounds=1)
        time.sleep(0.05)
