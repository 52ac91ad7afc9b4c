"""Metric snapshots: kept per platform and moment, read with their age."""

from datetime import UTC, datetime, timedelta

import pytest
from support.told import refused


@pytest.fixture
def here(amina, agency):
    for platform in ("google_ads", "meta_ads"):
        amina.connections.put(platform, workspace=agency.here.id, access_token="at")
    return agency.here.id


def ago(**span):
    return datetime.now(UTC) - timedelta(**span)


def test_the_newest_of_each_platform_is_read_with_its_age(amina, here):
    c = amina.connections
    c.snapshot("google_ads", workspace=here, metrics={"clicks": 1}, taken_at=ago(hours=3))
    newest = c.snapshot("google_ads", workspace=here, metrics={"clicks": 2, "cost": "12.50"}, taken_at=ago(hours=1))
    c.snapshot("google_ads", workspace=here, metrics={"clicks": 0}, taken_at=ago(hours=2))
    meta = c.snapshot("meta_ads", workspace=here, metrics={"reach": [1, 2]})
    assert c.snapshots(workspace=here) == [meta, newest]
    assert [s.metrics for s in c.snapshots(workspace=here)] == [{"reach": [1, 2]}, {"clicks": 2, "cost": "12.50"}]
    ages = [s.age_seconds for s in c.snapshots(workspace=here)]
    assert 0 <= ages[0] < 60 and 3600 <= ages[1] < 3660
    assert c.snapshots(workspace=here, fresh_within=timedelta(minutes=30)) == [meta]
    assert c.snapshots(workspace=here, fresh_within=timedelta.max) == [meta, newest]


def test_an_old_newest_is_not_replaced_by_an_older_one(amina, here):
    amina.connections.snapshot("google_ads", workspace=here, metrics={"a": 1}, taken_at=ago(days=2))
    assert amina.connections.snapshots(workspace=here, fresh_within=timedelta(days=1)) == []


def test_the_same_moment_again_replaces(amina, here):
    at = ago(hours=1)
    first = amina.connections.snapshot("google_ads", workspace=here, metrics={"a": 1}, taken_at=at)
    second = amina.connections.snapshot("google_ads", workspace=here, metrics={"a": 2}, taken_at=at)
    assert second.id == first.id
    assert [s.metrics for s in amina.connections.snapshot_history("google_ads", workspace=here).items] == [{"a": 2}]


def test_history_goes_back_page_by_page(amina, here):
    made = [
        amina.connections.snapshot("google_ads", workspace=here, metrics={"n": n}, taken_at=ago(hours=n))
        for n in range(1, 8)
    ]
    found, cursor = [], None
    while True:
        page = amina.connections.snapshot_history("google_ads", workspace=here, limit=3, cursor=cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert found == made
    foreign = amina.connections.snapshot_history("google_ads", workspace=here, limit=3).next
    refused(
        "invalid_cursor", "", amina.connections.snapshot_history, "meta_ads", workspace=here, limit=3, cursor=foreign
    )


def test_another_workspace_has_none_of_it(amina, agency, here):
    amina.connections.snapshot("google_ads", workspace=here, metrics={"a": 1})
    assert amina.connections.snapshots(workspace=agency.other.id) == []
    assert amina.connections.snapshot_history("google_ads", workspace=agency.other.id).items == ()


def test_bad_snapshots_are_refused(amina, here):
    def snapshot(**given):
        return lambda: amina.connections.snapshot("google_ads", workspace=here, **{"metrics": {"a": 1}, **given})

    for metrics in ({}, None, [], "x", {"a": float("nan")}, {"a": object()}, {"a": "x" * 70_000}, {"a\0": 1}):
        refused("invalid_input", "metrics", snapshot(metrics=metrics))
    refused("invalid_input", "taken_at: .* has not been yet", snapshot(taken_at=ago(hours=-1)))
    refused("invalid_input", "no time zone", snapshot(taken_at=datetime(2024, 1, 1)))
    refused("invalid_input", "platform", lambda: amina.connections.snapshot("openai", workspace=here, metrics={"a": 1}))
    for within in (timedelta(0), timedelta(-1), 5, "1h"):
        refused("invalid_input", "fresh_within", amina.connections.snapshots, workspace=here, fresh_within=within)
    assert amina.connections.snapshots(workspace=here) == []


def test_a_revoked_connections_metrics_stay(amina, here):
    amina.connections.snapshot("google_ads", workspace=here, metrics={"a": 1})
    amina.connections.revoke("google_ads", workspace=here)
    assert len(amina.connections.snapshots(workspace=here)) == 1
