"""Metrics in the context of a conversation: the newest of each platform, with their age, of its workspace alone."""

from datetime import UTC, datetime, timedelta

import pytest

PLATFORMS = ("google_ads", "meta_ads")


@pytest.fixture
def here(store, amina, agency):
    """The workspace, with two platforms measured some hours ago."""
    for platform in PLATFORMS:
        amina.connections.put(platform, workspace=agency.here.id, access_token="at")
    keep(amina, agency.here.id, "google_ads", 26, {"clicks": 388})
    keep(amina, agency.here.id, "google_ads", 2, {"clicks": 412, "cost": "96.40 EUR"})
    keep(amina, agency.here.id, "meta_ads", 72, {"reach": 48210})
    return agency.here.id


def keep(scope, workspace, platform, hours, metrics):
    taken = datetime.now(UTC) - timedelta(hours=hours)
    return scope.connections.snapshot(platform, workspace=workspace, metrics=metrics, taken_at=taken)


def asked(scope, workspace, text="How do we stand?"):
    chat = scope.conversations.create(workspace=workspace)
    scope.conversations.append(chat.id, role="user", content=text)
    return chat.id


def test_the_newest_metrics_of_each_platform_are_told_with_their_age(amina, here):
    context = amina.conversations.context(asked(amina, here))
    ads, meta = context.metrics
    assert ads.text.startswith("google_ads (2 hours ago, 20") and ads.text.endswith(
        '): {"clicks":412,"cost":"96.40 EUR"}'
    )
    assert meta.text.startswith("meta_ads (3 days ago, 20")
    assert ads.origin["platform"] == "google_ads" and 7200 <= ads.origin["age_seconds"] < 7260
    assert {ads.origin["snapshot"], meta.origin["snapshot"]} == {
        str(one.id) for one in amina.connections.snapshots(workspace=here)
    }
    assert context.tokens >= ads.tokens + meta.tokens


def test_outside_the_workspace_nothing_is_told_of_them(amina, agency, here):
    for place in (agency.other.id, None):
        context = amina.conversations.context(asked(amina, place))
        assert context.metrics == () and context.left_out == ()


def test_what_has_no_room_is_left_out_and_its_age_is_said(amina, here):
    keep(amina, here, "google_ads", 1, {"clicks": "many " * 40})
    context = amina.conversations.context(asked(amina, here), max_tokens=300)
    assert [item.origin["platform"] for item in context.metrics] == ["meta_ads"]
    (left,) = context.left_out
    assert left.what.startswith("metrics of google_ads, 60 minutes old") and "tokens were left for it" in left.reason
    assert left.tokens > 50 and context.tokens <= 300


def test_who_may_not_read_snapshots_is_told_why_there_are_none(store, amina, here):
    chat = asked(amina, here)
    key = store.system().identity.create_api_key(tenant="acme", user="amina@acme.test", scopes=["conversations:read"])
    context = store.authenticate(key.secret).conversations.context(chat)
    assert context.metrics == ()
    assert "does not read the metrics" in next(one.reason for one in context.left_out if one.what == "metrics")


def test_whom_the_workspace_was_closed_to_is_told_nothing_of_it(store, amina, here):
    chat = asked(amina, here)
    assert amina.conversations.context(chat).metrics != ()
    store.system().identity.assign(here, "ben@acme.test", tenant="acme")
    context = amina.conversations.context(chat)
    assert context.metrics == ()
    assert "not open to the caller" in next(one.reason for one in context.left_out if one.what == "metrics")
