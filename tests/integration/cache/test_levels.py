"""What is put comes back from both levels; what is in Redis is small and unreadable."""

import threading
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from support.waiting import until

from holdfast.core.cache import NOTHING, parcel
from holdfast.core.cache.errors import NotCacheable, TooLargeToCache
from holdfast.core.database.errors import StoreClosed
from holdfast.core.errors import InvalidInput

from .conftest import linked

ARTICLE = {"title": "Repaying a loan early", "text": "A loan is repaid in equal parts, month by month. " * 105}
VALUES = [
    None, True, 7, 2**100, 0.5, "text", b"bytes", Decimal("1.10"), UUID(int=7), datetime(2026, 11, 21, tzinfo=UTC),
    [1, [2]], (1, (2,)), {"a": {1: None}}, {1, 2}, frozenset({1}), ARTICLE,
]  # fmt: skip


def never() -> object:
    raise AssertionError("it is there and need not be loaded")


@pytest.mark.parametrize("value", VALUES, ids=[type(value).__name__ + str(n) for n, value in enumerate(VALUES)])
def test_what_was_loaded_comes_back_equal_and_of_the_same_type_from_both_levels(opens, redis, value):
    one, other = linked(opens(redis.url)), linked(opens(redis.url))
    assert one.cache.get_or_load("articles", "k", lambda: value) == value
    for store in (one, other, other):  # the loader's own first level; Redis; the other's first level
        found = store.cache.get_or_load("articles", "k", never)
        assert (found, type(found)) == (value, type(value))
    counts = other.cache.stats().names["articles"]
    assert (counts.l1_hits, counts.l2_hits, counts.loads) == (1, 1, 0)


@pytest.mark.parametrize("sealed", [True, False])
def test_five_kilobytes_are_really_smaller_in_redis(opens, redis, sealed):
    store = opens(redis.url, cache_sealed=sealed)
    assert len(ARTICLE["text"]) > 5_000
    store.cache.put("articles", "k", ARTICLE)
    with redis.client() as client:
        [key] = redis.keys("v")
        assert client.strlen(key) < 1_000
        assert client.memory_usage(key) < 1_500
    assert store.cache.get("articles", "k") == ARTICLE


def test_nothing_of_a_sealed_value_nor_of_its_key_is_readable_in_redis(opens, redis):
    store = opens(redis.url)
    amina = store.tenant("acme").user("amina@acme.test")
    amina.cache.put("salaries", "of-amina", "secret-content", tags=["payroll"])
    store.cache.put("salaries", "of-amina", "x" * 5000 + "secret-content")
    with redis.client() as client:
        everything = b"".join(key + (client.dump(key) or b"") for key in client.keys("*"))
    assert len(everything) > 100
    for readable in (b"secret-content", b"salaries", b"of-amina", b"payroll", b"acme", b"xxxxxxxx"):
        assert readable not in everything


def test_unsealed_when_asked_for(opens, redis):
    opens(redis.url, cache_sealed=False).cache.put("n", "k", "readable-content")
    with redis.client() as client:
        [key] = redis.keys("v")
        assert b"readable-content" in client.get(key)


def test_a_value_moved_changed_or_cut_off_in_redis_is_loaded_anew(opens, redis):
    store = opens(redis.url)
    store.cache.put("n", "one", "first")
    store.cache.put("n", "two", "second")
    with redis.client() as client:
        one, two = redis.keys("v")
        kept = {one: client.get(one), two: client.get(two)}
        for damaged in (kept[two], kept[one][:-1], kept[one][:40], b"", b"\x01", kept[one][:-1] + b"\0"):
            client.set(one, damaged)
            client.set(two, damaged if damaged != kept[two] else kept[one])
            other = opens(redis.url)
            assert other.cache.get("n", "one", "lost") == "lost"
            assert other.cache.get_or_load("n", "two", lambda: "anew") == "anew"


def test_a_forged_head_does_not_bring_an_invalidated_value_back(opens, redis):
    """Whoever can write to Redis cannot give an old value new epochs: they are sealed with it."""
    store = opens(redis.url)
    store.cache.put("n", "k", "old", tags=["t"])
    with redis.client() as client:
        [key] = redis.keys("v")
        old = client.get(key)
        store.cache.invalidate("t")
        store.cache.put("n", "k", "new", tags=["t"])
        new = client.get(key)
        body = len(parcel._HEAD.pack(0, 0, b"", 0, 0, 0, 0, 0)) + 3 * parcel._TAG
        assert new[:body] != old[:body]
        client.set(key, new[:body] + old[body:])
        assert opens(redis.url).cache.get("n", "k") is None
        client.set(key, new)
        assert opens(redis.url).cache.get("n", "k") == "new"


def test_nobody_can_change_a_value_for_others(cached):
    given = {"limits": [1, 2], "names": {"a"}}
    first = cached.cache.get_or_load("n", "k", lambda: given)
    given["limits"].append(3)
    first["limits"].append(4)
    second = cached.cache.get_or_load("n", "k", never)
    assert second == {"limits": [1, 2], "names": {"a"}}
    second["names"].add("b")
    assert cached.cache.get("n", "k") == {"limits": [1, 2], "names": {"a"}}


def test_what_cannot_be_changed_is_not_copied(opens):
    store, value = opens(), ("x" * 100, 5)
    store.cache.get_or_load("n", "k", lambda: value)
    assert store.cache.get("n", "k") is store.cache.get("n", "k")


def test_get_put_delete_clear(cached):
    cache = cached.cache
    assert cache.get("n", "k") is None
    assert cache.get("n", "k", "none") == "none"
    cache.put("n", "k", None)
    assert cache.get("n", "k", "none") is None
    for key in ("a", 1, UUID(int=1), (1, "a")):
        cache.put("n", key, [key])
        cache.put("m", key, "other family")
        assert cache.get("n", key) == [key]
    cache.delete("n", 1)
    assert cache.get("n", 1) is None
    assert cache.get("n", "a") == ["a"]
    cache.clear("n")
    assert [cache.get("n", key) for key in ("a", UUID(int=1), (1, "a"), "k")] == [None] * 4
    assert cache.get("m", 1) == "other family"
    cache.clear_all()
    assert cache.get("m", 1) is None


def test_warm_loads_what_is_not_there(cached):
    loaded = []
    cached.cache.put("n", "b", "there")
    loaders = {key: lambda key=key: loaded.append(key) or key for key in ("a", "b", "c")}
    assert cached.cache.warm("n", loaders, ttl=60, tags=["t"]) == 3
    assert loaded == ["a", "c"]
    assert cached.cache.get("n", "c") == "c"
    cached.cache.invalidate("t")
    assert [cached.cache.get("n", key) for key in "abc"] == [None, "there", None]


def test_what_cannot_be_kept_is_refused_by_name(cached):
    with pytest.raises(NotCacheable):
        cached.cache.put("n", "k", object())
    with pytest.raises(NotCacheable):
        cached.cache.get_or_load("n", "k", object)
    assert cached.cache.get_or_load("n", "k", lambda: 5) == 5
    for bad in (0, -1, True, "5", float("nan")):
        with pytest.raises(InvalidInput, match="ttl"):
            cached.cache.put("n", "k", 1, ttl=bad)


def test_a_value_that_is_too_large_is_given_but_not_kept(opens, cache_url):
    store = opens(cache_url, cache_value_bytes=10_000)
    with pytest.raises(TooLargeToCache, match="at most 10,000"):
        store.cache.put("n", "k", "x" * 10_001)
    if cache_url:
        assert store.cache.get_or_load("n", "k", lambda: "x" * 20_000) == "x" * 20_000
        assert store.cache.get("n", "k") is None


def test_variants_are_apart_and_go_together(cached):
    cache = cached.cache
    cache.put("n", "k", "plain")
    cache.put("n", "k", "german", vary=["de"])
    cache.put("n", "k", "english", vary=["en"])
    assert [cache.get("n", "k", vary=vary) for vary in ((), ["de"], ["en"], ["fr"])] == [
        "plain",
        "german",
        "english",
        None,
    ]
    cache.delete("n", "k")
    assert [cache.get("n", "k", vary=vary) for vary in ((), ["de"], ["en"])] == [None, None, None]


def test_the_counts_say_what_happened(cached):
    cache = cached.cache
    for _ in range(4):
        cache.get_or_load("n", "k", lambda: 1)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_load("n", "other", lambda: 1 // 0)
    assert cache.get_or_load("n", "none", lambda: NOTHING) is None
    stats = cache.stats()
    counts = stats.names["n"]
    assert (counts.l1_hits, counts.misses, counts.loads, counts.errors) == (3, 3, 3, 1)
    assert counts.hit_rate == 0.5
    assert stats.entries == 2
    assert 0 < stats.bytes < 5_000
    if stats.redis is not None:
        assert (stats.redis.breaker, stats.redis.linked, stats.redis.untold, stats.redis.away) == ("closed", True, 0, 0)


def test_a_closed_store_has_no_threads_and_no_connections_left(opens, redis):
    before = threading.active_count()
    with redis.client() as client:
        lines = len(client.client_list())
        store = linked(opens(redis.url))
        store.cache.get_or_load("n", "k", lambda: 1)
        assert threading.active_count() > before
        assert len(client.client_list()) > lines
        store.close()
        until(lambda: threading.active_count() <= before)
        until(lambda: len(client.client_list()) <= lines)
        with pytest.raises(StoreClosed):
            store.cache.get_or_load("n", "k", lambda: 2)
