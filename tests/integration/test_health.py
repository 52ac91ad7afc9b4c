"""The health of the platform: what is away, waits or failed is said, and nothing of any tenant."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from support.jobs import queue_one
from support.redis_server import RedisServer

import holdfast
from holdfast.core.errors import PermissionDenied
from holdfast.core.jobs import queries as jobs
from holdfast.core.scope import OPERATOR
from holdfast.core.settings import Settings
from holdfast.domains.audit.sealing import seal_all
from holdfast.domains.metering import health


def queue(health, name, kind="waits"):
    (found,) = [one for one in health.queues if (one.name, one.kind) == (name, kind)]
    return found


def test_a_new_store_is_well(store):
    found = store.system().metering.health()
    assert found.wrong == () and found.bytes > 100_000
    assert (found.tenants, found.users) == (2, 6)
    assert [(one.name, one.reachable) for one in found.dependencies] == [("database", True)]
    assert {one.name for one in found.queues} == {
        "expired holds", "jobs", "limits behind in redis", "outside vectors", "revocations", "unindexed conversations",
        "unsealed audit lines",
    }  # fmt: skip


def test_what_waits_is_counted_with_the_age_of_the_oldest(sync_store):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    sync_store.system().metering.set_limit(tenant="acme", measure="tokens", per="day", amount=100)
    for _ in range(3):
        amina.metering.hold(tokens=1, expires=timedelta(microseconds=1))
    chat = amina.conversations.create(title="heliotrope")
    amina.conversations.append(chat.id, role="user", content="heliotrope")
    found = sync_store.system().metering.health()
    assert queue(found, "expired holds").number == 3 and queue(found, "expired holds").oldest_seconds < 60
    assert queue(found, "unindexed conversations").number == 1
    assert queue(found, "unsealed audit lines").number > 0
    assert "heliotrope" not in str(asdict(found)) and "acme" not in str(asdict(found))
    amina.metering.reclaim()
    assert queue(sync_store.system().metering.health(), "expired holds").number == 0


def test_what_failed_and_what_has_waited_too_long_needs_a_look(sync_store, monkeypatch):
    root, acme = sync_store.system(), sync_store.tenant("acme")
    amina = acme.user("amina@acme.test")
    failed = queue_one(sync_store.engine, amina.scope, "a")
    queue_one(sync_store.engine, amina.scope, "b")
    ended = {"in_tenant": acme.tenant.id, "id": failed.id, "moment": failed.created_at}
    ended |= {"new_status": "failed", "new_result": None, "new_error": "unavailable", "new_reason": None}

    def fail(tx):
        taken = {**ended, "seen_fence": 0, "until": failed.created_at + timedelta(minutes=1)}
        return tx.run(jobs.take, taken) + tx.run(jobs.end, {**taken, "seen_fence": 1})

    assert sync_store.engine.write(OPERATOR, "all", fail) == 2
    assert root.metering.health().wrong == ("jobs: 1 failed",)
    later = health.now() + timedelta(minutes=20)
    monkeypatch.setattr(health, "now", lambda: later)
    found = root.metering.health()
    assert queue(found, "jobs").number == 1 and queue(found, "jobs").oldest_seconds >= 1200
    assert any(text.startswith("jobs: the oldest of 1 has waited 1,2") for text in found.wrong)


def test_lines_that_a_seal_covers_do_not_wait(sync_store):
    acme = sync_store.tenant("acme")
    acme.user("amina@acme.test").conversations.create()
    before = queue(sync_store.system().metering.health(), "unsealed audit lines").number
    seal_all(sync_store.engine, [acme.tenant.id])
    after = queue(sync_store.system().metering.health(), "unsealed audit lines").number
    assert 0 <= after < before


def test_nobody_of_a_tenant_may_ask(sync_store):
    for email in ("amina@acme.test", "ada@acme.test", "oli@acme.test", "aud@acme.test"):
        with pytest.raises(PermissionDenied):
            sync_store.tenant("acme").user(email).metering.health()


def test_a_redis_that_is_away_is_said_and_does_not_stop_the_look(place):
    redis = RedisServer()
    try:
        settings = Settings(counters=redis.url, cache=redis.url, cache_redis_seconds=0.3)
        with holdfast.open(place.url, place.key, settings=settings) as store:
            names = ["database", "redis of the cache", "redis of limits"]
            found = store.system().metering.health()
            assert [(one.name, one.reachable) for one in found.dependencies] == [(name, True) for name in names]
            redis.kill()
            found = store.system().metering.health()
            assert [one.reachable for one in found.dependencies] == [True, False, False]
            assert found.wrong[:2] == tuple(f"the {name} does not answer" for name in names[1:])
    finally:
        redis.stop()
