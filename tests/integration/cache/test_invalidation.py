"""Nothing that was loaded before an invalidation is kept after it, in whatever order things happen."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.waiting import until

from .conftest import linked


class Loading:
    """A loader that stands still when it has read, until it is let go."""

    def __init__(self, source: dict[str, str]) -> None:
        self._source = source
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        read = self._source["k"]
        self.began.set()
        assert self.go_on.wait(10)
        return read


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture(params=["alone", "redis", "other"])
def stores(request: pytest.FixtureRequest, opens: Any) -> tuple[Any, Any]:
    """Who loads, and who invalidates: the same store without and with Redis, or two that share a Redis."""
    if request.param == "alone":
        store = opens()
        return store, store
    url = request.getfixturevalue("redis").url
    store = linked(opens(url))
    return store, store if request.param == "redis" else linked(opens(url))


CALLS = {
    "a tag": lambda cache: cache.invalidate("t"),
    "one of several tags": lambda cache: cache.invalidate("unknown", "t"),
    "the key": lambda cache: cache.delete("n", "k"),
    "the family": lambda cache: cache.clear("n"),
    "everything": lambda cache: cache.clear_all(),
    "another value": lambda cache: cache.put("n", "k", "new", tags=["t"]),
}


@pytest.mark.parametrize("how", CALLS)
def test_what_is_being_loaded_while_it_is_invalidated_is_given_but_not_kept(stores, pool, how):
    reader, writer = stores
    source = {"k": "old"}
    loading = Loading(source)
    call = pool.submit(reader.cache.get_or_load, "n", "k", loading, tags=["t"])
    assert loading.began.wait(10)
    source["k"] = "new"
    CALLS[how](writer.cache)
    loading.go_on.set()
    assert call.result(10) == "old", "it was asked for before the change"
    for store in (*stores, *stores):
        assert store.cache.get("n", "k", "new") == "new"
        assert store.cache.get_or_load("n", "k", lambda: source["k"], tags=["t"]) == "new"


@pytest.mark.parametrize("how", [how for how in CALLS if how != "another value"])
def test_whoever_comes_after_an_invalidation_does_not_wait_for_a_load_from_before(stores, pool, how):
    reader, writer = stores
    source = {"k": "old"}
    loading = Loading(source)
    early = pool.submit(reader.cache.get_or_load, "n", "k", loading, tags=["t"])
    assert loading.began.wait(10)
    joined = pool.submit(reader.cache.get_or_load, "n", "k", lambda: source["k"], tags=["t"])
    source["k"] = "new"
    CALLS[how](writer.cache)
    late = writer.cache.get_or_load("n", "k", lambda: source["k"], tags=["t"])  # while the other still stands
    assert late == "new"
    loading.go_on.set()
    assert early.result(10) == "old"
    assert joined.result(10) in ("old", "new")
    until(lambda: reader.cache.get("n", "k") != "old")
    assert [store.cache.get("n", "k") for store in stores] == ["new"] * 2


def test_an_invalidation_in_one_process_is_seen_in_another(opens, redis):
    one, other = linked(opens(redis.url)), linked(opens(redis.url))
    for round_ in range(20):
        for store in (one, other):
            assert store.cache.get_or_load("n", "k", lambda n=round_: n, tags=["kbli"]) == round_
        one.cache.invalidate("kbli")
        until(lambda: other.cache.get("n", "k") is None, seconds=5)


def test_of_two_who_put_at_the_same_time_all_see_the_same_one_afterwards(opens, redis, pool):
    stores = [linked(opens(redis.url)) for _ in range(4)]
    for round_ in range(50):
        together = threading.Barrier(4)

        def put(number: int, together: threading.Barrier = together, round_: int = round_) -> None:
            together.wait()
            stores[number].cache.put("n", "k", (round_, number))
            stores[number].cache.get("n", "k")

        list(pool.map(put, range(4)))
        wanted = opens_fresh(opens, redis)
        until(lambda wanted=wanted: {store.cache.get("n", "k") for store in stores} == {wanted}, seconds=5)
        assert wanted is not None
        assert wanted[0] == round_


def opens_fresh(opens: Any, redis: Any) -> Any:
    """What Redis holds, seen by a process that has nothing yet."""
    store = opens(redis.url)
    found = store.cache.get("n", "k")
    store.close()
    return found


def test_a_value_read_from_redis_just_before_a_change_does_not_come_in_late(opens, redis, pool):
    """The reply is on its way while the message of the change overtakes it."""
    one, other = linked(opens(redis.url)), linked(opens(redis.url))
    one.cache.put("n", "k", "old")
    levels = (other._target if hasattr(other, "_target") else other).engine.levels
    read, changed = threading.Event(), threading.Event()
    inner = levels.memory.put

    def put(*args: Any) -> bool:
        read.set()
        assert changed.wait(10)
        return inner(*args)

    levels.memory.put = put
    levels.memory.drop([levels.tokens.family(b"\0" * 16, "n")])
    call = pool.submit(other.cache.get, "n", "k")
    assert read.wait(10)
    one.cache.put("n", "k", "new")
    until(lambda: levels.memory.mark() > 1)
    changed.set()
    assert call.result(10) == "old"
    levels.memory.put = inner
    until(lambda: other.cache.get("n", "k") == "new", seconds=5)


def test_values_without_the_tag_stay(cached):
    cached.cache.put("n", "tagged", 1, tags=["a", "b"])
    cached.cache.put("n", "other", 2, tags=["c"])
    cached.cache.put("n", "bare", 3)
    cached.cache.invalidate("b", "unknown")
    assert [cached.cache.get("n", key) for key in ("tagged", "other", "bare")] == [None, 2, 3]


def test_invalidating_nothing_and_again_does_no_harm(cached):
    cached.cache.invalidate()
    cached.cache.invalidate("t")
    cached.cache.invalidate("t")
    cached.cache.delete("n", "k")
    assert cached.cache.get_or_load("n", "k", lambda: 1, tags=["t"]) == 1


def test_a_flushed_redis_brings_nothing_old_back(opens, redis):
    """Epochs are lost with it; what is loaded across it is not kept, what comes after is."""
    store = linked(opens(redis.url))
    source = {"k": "old"}
    loading = Loading(source)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(store.cache.get_or_load, "n", "k", loading, tags=["t"])
        assert loading.began.wait(10)
        redis.flush()
        source["k"] = "new"
        store.cache.invalidate("t")
        loading.go_on.set()
        assert call.result(10) == "old"
    assert store.cache.get("n", "k") is None
    assert store.cache.get_or_load("n", "k", lambda: source["k"], tags=["t"]) == "new"
    redis.flush()
    store.cache.invalidate("t")
    assert store.cache.get("n", "k") is None
