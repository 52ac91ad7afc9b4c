"""What follows a commit: called once, only for the run that counts; and a tenant's profile, kept current by it."""

import os
import time
from typing import Any

import psycopg
import pytest
from support.waiting import until

import holdfast
from holdfast.core.database.transaction import Transaction
from holdfast.core.scope import OPERATOR
from holdfast.domains.identity.errors import TenantNotFound, TenantSuspended


def test_what_is_wanted_after_a_commit_is_called_once_when_it_is_committed(sync_store):
    called = []

    def work(tx: Transaction) -> str:
        tx.after_commit(lambda: called.append("first"))
        tx.after_commit(lambda: called.append("second"))
        assert called == []
        return "done"

    assert sync_store.engine.write(OPERATOR, "all", work) == "done"
    assert called == ["first", "second"]


def test_nothing_is_called_for_a_transaction_that_failed(sync_store):
    called = []

    def work(tx: Transaction) -> None:
        tx.after_commit(lambda: called.append("never"))
        raise LookupError

    with pytest.raises(LookupError):
        sync_store.engine.write(OPERATOR, "all", work)
    assert called == []


def test_of_work_that_is_tried_again_only_the_last_run_counts(sync_store, place):
    called, runs = [], []

    def work(tx: Transaction) -> None:
        runs.append(1)
        number = len(runs)
        tx.after_commit(lambda: called.append(number))
        if len(runs) < 3 and place.engine == "postgresql":
            raise psycopg.errors.SerializationFailure

    sync_store.engine.write(OPERATOR, "all", work)
    assert called == ([3] if place.engine == "postgresql" else [1])


def test_what_fails_after_the_commit_does_not_fail_the_call(sync_store, caplog):
    called = []

    def work(tx: Transaction) -> str:
        tx.after_commit(lambda: {}["secret-content"])
        tx.after_commit(lambda: called.append(1))
        return "committed"

    assert sync_store.engine.write(OPERATOR, "all", work) == "committed"
    assert called == [1]
    assert "after_commit" in caplog.text
    assert "secret-content" not in caplog.text


def test_what_follows_a_commit_can_use_the_store(sync_store):
    names = []
    sync_store.engine.write(
        OPERATOR, "all", lambda tx: tx.after_commit(lambda: names.append(sync_store.tenant("acme").tenant.name))
    )
    assert names == ["Acme Bank"]


def test_a_profile_is_read_once_and_current_after_every_change(store):
    root = store.system().identity
    root.publish_profile(branding={"colour": "green"}, tenant="acme")
    for _ in range(3):
        profile = store.profile("acme")
        assert profile.branding == {"colour": "green"}
        profile.branding["colour"] = "changed by a caller"
    root.publish_profile(branding={"colour": "red"}, tenant="acme")
    assert store.profile("acme").branding == {"colour": "red"}
    root.suspend_tenant("acme", reason="unpaid")
    with pytest.raises(TenantSuspended):
        store.profile("acme")
    root.restore_tenant("acme")
    assert store.profile("acme").branding == {"colour": "red"}
    root.delete_tenant("acme", reason="gone")
    with pytest.raises(TenantNotFound):
        store.profile("acme")
    root.create_tenant("acme", name="Another")
    assert (store.profile("acme").name, store.profile("acme").branding) == ("Another", {})


def test_without_redis_another_process_sees_a_new_profile_after_a_moment(place):
    settings = holdfast.Settings(cache_alone_seconds=0.5)
    with (
        holdfast.open(place.url, place.key, settings=settings) as one,
        holdfast.open(place.url, place.key, settings=settings) as other,
    ):
        assert one.profile("acme").branding == {}
        other.system().identity.publish_profile(branding={"colour": "red"}, tenant="acme")
        changed = time.monotonic()
        until(lambda: one.profile("acme").branding == {"colour": "red"})
        assert time.monotonic() - changed < 1.5


def test_with_redis_another_process_sees_it_as_soon_as_it_is_told(place, redis):
    with (
        holdfast.open(place.url, place.key, cache=redis.url) as one,
        holdfast.open(place.url, place.key, cache=redis.url) as other,
    ):
        for round_ in range(10):
            colour = {"colour": str(round_)}
            other.system().identity.publish_profile(branding=colour, tenant="acme")
            until(lambda colour=colour: one.profile("acme").branding == colour, seconds=5)
            assert one.profile("acme").branding == colour, "from its cache"
            assert other.profile("acme").branding == colour
        assert one.cache.stats().names["profile"].l1_hits + one.cache.stats().names["profile"].l2_hits > 0


def test_a_child_process_has_links_of_its_own_and_harms_its_parents(opens, redis):
    from .conftest import linked

    store = linked(opens(redis.url))
    store.cache.put("n", "k", "parent", tags=["t"])

    def child() -> Any:
        assert store.cache.get("n", "k") == "parent"
        linked(store)
        assert store.cache.get_or_load("n", "k", lambda: 1 // 0) == "parent"
        store.cache.put("n", "child", "child")
        store.cache.invalidate("t")
        store.close()

    status = in_child(child)
    assert status == 0
    until(lambda: store.cache.get("n", "k") is None, seconds=5)
    assert store.cache.get("n", "child") == "child"
    assert store.cache.stats().redis.linked


def in_child(call: Any) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            call()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
