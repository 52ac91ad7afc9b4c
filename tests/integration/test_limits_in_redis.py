"""Limits counted in Redis: never over, whatever becomes of Redis; the counter says what the ledger says."""

import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from support.metering import in_redis
from support.redis_server import RedisServer

import holdfast
from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.settings import Settings
from holdfast.domains.metering import LimitExceeded
from holdfast.domains.metering.counters import counters_of
from holdfast.domains.metering.errors import CounterAway


@pytest.fixture(scope="module")
def redis():
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def opened(place, redis):
    """A store on each engine whose limits can be counted in that Redis."""
    redis.flush()
    with holdfast.open(place.url, place.key, settings=quick(redis.url)) as store:
        yield store


def quick(url):
    return Settings(counters=url, cache_redis_seconds=0.3)


def set_limit(store, amount, **given):
    given = {"measure": "tokens", "per": "month", "counter": "redis"} | given
    return store.system().metering.set_limit(tenant="acme", amount=amount, **given)


def amina_of(store):
    return store.tenant("acme").user("amina@acme.test").metering


def agree(store):
    """The limit as the ledger has it, once the counter was seen to say the same."""
    (limit,) = amina_of(store).limits()
    assert in_redis(store, "acme", limit) == (limit.used, limit.reserved)
    return limit


def test_what_is_reserved_settled_and_recorded_is_counted(opened):
    set_limit(opened, 100)
    me = amina_of(opened)
    me.record("chat", tokens=10)
    hold = me.hold(tokens=60)
    assert (agree(opened).used, agree(opened).reserved) == (10, 60)
    with pytest.raises(LimitExceeded) as refused:
        me.hold(tokens=31)
    assert (refused.value.left, refused.value.wanted) == (30, 31)
    me.settle(hold.id, tokens=20)
    assert me.settle(hold.id, tokens=20).replayed
    me.record("chat", tokens=5)
    me.release(me.hold(tokens=65).id)
    limit = agree(opened)
    assert (limit.used, limit.reserved, limit.left, limit.counter) == (35, 0, 65, "redis")


def test_what_is_settled_above_the_reservation_is_charged_and_reported(opened):
    set_limit(opened, 100)
    me = amina_of(opened)
    done = me.settle(me.hold(tokens=60).id, tokens=130)
    assert done.over_tokens == 70 and len(done.exceeded) == 1
    assert (agree(opened).used, agree(opened).over) == (130, 30)
    with pytest.raises(LimitExceeded):
        me.hold(tokens=1)


def test_all_limits_hold_at_once_and_a_refusal_takes_nothing(opened):
    set_limit(opened, 100)
    database = set_limit(opened, 50, per="day", counter="database")
    me = amina_of(opened)
    with pytest.raises(LimitExceeded) as refused:
        me.hold(tokens=51)
    assert refused.value.limit_id == database.id
    (limit,) = [one for one in me.limits() if one.counter == "redis"]
    assert in_redis(opened, "acme", limit) in (None, (0, 0))
    me.hold(tokens=50)
    assert in_redis(opened, "acme", limit) == (0, 50)


def test_a_redis_that_lost_everything_is_noticed_before_anything_passes(opened, redis):
    set_limit(opened, 100)
    me = amina_of(opened)
    held = me.hold(tokens=30)
    me.settle(me.hold(tokens=40).id, tokens=40)
    redis.flush()
    with pytest.raises(LimitExceeded):
        me.hold(tokens=31)
    assert (agree(opened).used, agree(opened).reserved) == (40, 30)
    me.settle(held.id, tokens=30)
    assert agree(opened).used == 70


def test_a_redis_that_was_started_anew_is_noticed(place):
    server = RedisServer()
    try:
        with holdfast.open(place.url, place.key, settings=quick(server.url)) as store:
            set_limit(store, 100)
            me = amina_of(store)
            me.hold(tokens=80)
            server.kill()
            server.start()
            with pytest.raises(LimitExceeded):
                me.hold(tokens=21)
            me.hold(tokens=20)
            assert agree(store).reserved == 100
    finally:
        server.stop()


def test_while_redis_is_away_a_limit_refuses_or_allows_as_it_was_set(place):
    server = RedisServer()
    try:
        with holdfast.open(place.url, place.key, settings=quick(server.url)) as store:
            set_limit(store, 100)
            me = amina_of(store)
            me.settle(me.hold(tokens=90).id, tokens=90)
            server.pause()
            with pytest.raises(CounterAway) as away:
                me.hold(tokens=1)
            assert away.value.code == "counter_away" and away.value.status == 503
            set_limit(store, 100, when_away="allow")
            passed = me.hold(tokens=25)
            assert passed.unchecked == 1
            me.record("chat", tokens=3)
            (limit,) = me.limits()
            assert (limit.used, limit.reserved, limit.over) == (93, 25, 0) and limit.behind_since is not None
            me.settle(passed.id, tokens=25)
            server.go_on()
            wait_for(store)
            with pytest.raises(LimitExceeded):
                me.hold(tokens=1)
            assert (agree(store).used, agree(store).over, agree(store).behind_since) == (118, 18, None)
            told = store.tenant("acme").user("ada@acme.test").audit.list(limit=50).items
            assert [line.details["over"] for line in told if line.operation == "metering.recount"] == [18]
    finally:
        server.stop()


def wait_for(store):
    breaker = counters_of(store.engine).breaker
    while breaker.is_open:
        pass


def test_what_a_dead_process_left_held_comes_back_after_its_expiry(opened, monkeypatch):
    set_limit(opened, 100)
    me = amina_of(opened)
    me.settle(me.hold(tokens=1).id, tokens=1)
    counters = counters_of(opened.engine)
    monkeypatch.setattr(counters, "finish", lambda *_: None)  # as if it had died after its commit
    me.settle(me.hold(tokens=70).id, tokens=2)
    me.hold(tokens=20, expires=timedelta(microseconds=1))
    monkeypatch.undo()
    (limit,) = me.limits()
    assert in_redis(opened, "acme", limit) == (1, 90) and (limit.used, limit.reserved) == (3, 20)
    me.hold(tokens=97)
    assert (agree(opened).used, agree(opened).reserved) == (3, 97)


def test_of_many_at_once_as_many_pass_as_there_is_room_for(opened, redis):
    set_limit(opened, 50)
    me = amina_of(opened)
    passed = []

    def go():
        for _ in range(12):
            try:
                passed.append(me.settle(me.hold(tokens=1).id, tokens=1))
            except LimitExceeded:
                return

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    redis.flush()
    for thread in threads:
        thread.join()
    (limit,) = me.limits()
    used, held = in_redis(opened, "acme", limit)
    assert (len(passed), limit.used) == (50, 50)
    assert used + held == 50  # a hold that ended while the counter was built anew is in it until it expires


def test_a_window_counts_its_slots(opened):
    set_limit(opened, 30, per="window", window=timedelta(hours=1))
    me = amina_of(opened)
    me.record("chat", tokens=10, at=now() - timedelta(minutes=30))
    me.settle(me.hold(tokens=10).id, tokens=10)
    (limit,) = me.limits()
    assert limit.used == 10  # a window counts from when it was set
    with pytest.raises(LimitExceeded):
        me.hold(tokens=21)
    me.hold(tokens=20)
    assert agree(opened).reserved == 20


def test_a_lease_takes_from_it(opened):
    set_limit(opened, 100, measure="requests")
    me = amina_of(opened)
    with me.lease(requests=40) as lease:
        for _ in range(100):
            lease.take()
        with pytest.raises(LimitExceeded):
            lease.take()
    assert agree(opened).used == 100


def test_the_counter_is_chosen_for_each_limit_and_can_be_changed(opened, tmp_path, sqlite_template: Path):
    first = set_limit(opened, 100)
    amina_of(opened).record("chat", tokens=10)
    again = set_limit(opened, 90)
    assert (again.id, again.amount, again.when_away) == (first.id, 90, "refuse")
    moved = set_limit(opened, 90, counter="database")
    assert moved.id != first.id and (moved.used, moved.counter) == (10, "database")
    with pytest.raises(InvalidInput, match="when_away"):
        set_limit(opened, 90, counter="database", when_away="allow")
    path = tmp_path / "without.db"
    shutil.copy(sqlite_template, path)
    with holdfast.open(f"sqlite:///{path}", "0123456789abcdef" * 4) as without:
        with pytest.raises(InvalidInput, match="counters"):
            set_limit(without, 5)


def test_a_recount_builds_the_counter_and_while_redis_is_away_the_next_call_does(opened, redis):
    limit = set_limit(opened, 100)
    me = amina_of(opened)
    me.record("chat", tokens=30)
    me.hold(tokens=5)
    redis.flush()
    done = opened.system().metering.recount(limit.id, tenant="acme")
    assert (done.limit.used, done.limit.reserved, done.was_used) == (30, 5, None)
    assert (agree(opened).used, agree(opened).reserved) == (30, 5)
    redis.kill()
    try:
        assert opened.system().metering.recount(limit.id, tenant="acme").limit.used == 30
    finally:
        redis.start()


def test_how_limits_with_rolling_windows_stand_costs_a_few_statements(opened, monkeypatch):
    set_limit(opened, 100, per="window", window=timedelta(minutes=1))
    amina_of(opened).record("chat", tokens=30)
    asked = []
    everything = Transaction.all
    monkeypatch.setattr(
        Transaction, "all", lambda tx, query, *given: asked.append(query) or everything(tx, query, *given)
    )
    (limit,) = amina_of(opened).limits()
    assert limit.used == 30
    assert len(asked) <= 6, "who asks (three), and the limits, what the window has, what is held"
