"""When a token is renewed, to the second."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from holdfast.domains.connections.freshness import is_due, is_fresh, is_usable, pause
from holdfast.domains.connections.models import Held

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def held(**given):
    known = {
        "id": UUID(int=1),
        "workspace_id": UUID(int=2),
        "platform": "google_ads",
        "status": "active",
        "error": None,
        "access_token": "at",
        "refresh_token": "rt",
        "refreshable": True,
        "expires_at": NOW + timedelta(hours=1),
        "version": 1,
        "failures": 0,
        "retry_at": None,
        "lease_until": None,
        "refreshed_at": None,
    }
    return Held(**known | given)


@pytest.mark.parametrize(("seconds", "fresh"), [(301, True), (300, False), (299, False), (0, False), (-1, False)])
def test_a_token_is_fresh_until_five_minutes_before_it_expires(seconds, fresh):
    assert is_fresh(held(expires_at=NOW + timedelta(seconds=seconds)), NOW) is fresh


@pytest.mark.parametrize(
    ("life", "left", "fresh"), [(60, 31, True), (60, 30, False), (600, 301, True), (600, 299, False)]
)
def test_a_short_life_is_spent_by_half(life, left, fresh):
    ends = NOW + timedelta(seconds=left)
    assert is_fresh(held(expires_at=ends, refreshed_at=ends - timedelta(seconds=life)), NOW) is fresh


def test_what_is_exchanged_itself_is_renewed_a_day_before():
    meta = {"platform": "meta_ads", "refreshable": False, "refresh_token": None}
    assert is_fresh(held(**meta, expires_at=NOW + timedelta(hours=25)), NOW)
    assert not is_fresh(held(**meta, expires_at=NOW + timedelta(hours=23)), NOW)
    assert is_due(held(**meta, expires_at=NOW + timedelta(seconds=1)), NOW)
    assert not is_due(held(**meta, expires_at=NOW), NOW)


def test_no_end_is_fresh_and_no_token_is_not():
    assert is_fresh(held(expires_at=None), NOW)
    assert not is_fresh(held(access_token=None), NOW) and not is_usable(held(access_token=None), NOW)
    assert is_due(held(access_token=None), NOW)


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({}, True),
        ({"status": "error", "retry_at": NOW}, True),
        ({"status": "error", "retry_at": NOW + timedelta(seconds=1)}, False),
        ({"status": "expired"}, False),
        ({"status": "revoked"}, False),
        ({"refreshable": False}, False),
    ],
)
def test_the_platform_is_asked_when_that_can_help(given, due):
    assert is_due(held(expires_at=NOW, **given), NOW) is due


def test_pauses_double_up_to_an_hour():
    assert [pause(n, 1).total_seconds() for n in (0, 1, 2, 11, 12, 10**9)] == [1, 2, 4, 2048, 3600, 3600]


def test_tokens_are_not_in_a_repr():
    assert "hidden" not in repr(held(access_token="hidden-at", refresh_token="hidden-rt"))
