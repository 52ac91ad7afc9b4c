"""Tokens are renewed once however many ask, in time, and never lost."""

import multiprocessing
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.backdoor import Backdoor
from support.connecting import ask, ask_once, told_in_trail
from support.crowds import together
from support.oauth import CLIENT_SECRET
from support.told import refused

import holdfast
from holdfast.core.clock import now
from holdfast.domains.connections import network, renewal

_spawn = multiprocessing.get_context("spawn")


def connect(scope, workspace, oauth, expires_at, platform="google_ads"):
    access, refresh = oauth.grant()
    scope.connections.put(
        platform, workspace=workspace.id, access_token=access, refresh_token=refresh, expires_at=expires_at
    )
    return access, refresh


def token(scope, workspace, platform="google_ads"):
    return scope.connections.token(platform, workspace=workspace.id)


# -- once --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["past", "soon"])
def test_fifty_callers_make_one_call_and_all_get_the_new_token(store, amina, agency, oauth, request, when):
    old, _ = connect(amina, agency.here, oauth, request.getfixturevalue(when))
    oauth.delay = 0.3
    got = together(store, amina, "token", "google_ads", workspace=agency.here.id)
    assert oauth.calls["/token"] == 1
    assert len(got) == 50 and len(set(got)) == 1 and got[0] != old
    assert oauth.is_valid(got[0])


@pytest.mark.thorough(on="postgresql")
@pytest.mark.parametrize("store", ["sync"], indirect=True)  # processes of their own: the face here does not matter
def test_callers_in_four_processes_make_one_call(place, store, amina, agency, oauth, past, settings):
    connect(amina, agency.here, oauth, past)
    oauth.delay = 0.3
    start, told = _spawn.Barrier(4), _spawn.Queue()
    given = (place.url, place.key, settings, str(agency.here.id), start, told)
    processes = [_spawn.Process(target=ask, args=given) for _ in range(4)]
    for process in processes:
        process.start()
    got = [one for _ in processes for one in told.get(timeout=90)]
    for process in processes:
        process.join(30)
    assert oauth.calls["/token"] == 1
    assert len(got) == 52 and set(got) == {token(amina, agency.here)}


def test_different_connections_do_not_wait_for_each_other(amina, agency, oauth, past):
    for workspace in (agency.here, agency.other):
        connect(amina, workspace, oauth, past)
    assert token(amina, agency.here) != token(amina, agency.other)
    assert oauth.calls["/token"] == 2


# -- in time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "renewed"), [(301 + 5, False), (299, True), (1, True), (-1, True)])
def test_the_margin_is_five_minutes(amina, agency, oauth, seconds, renewed):
    old, _ = connect(amina, agency.here, oauth, datetime.now(UTC) + timedelta(seconds=seconds))
    assert (token(amina, agency.here) != old) is renewed
    assert oauth.calls["/token"] == renewed


def test_a_token_without_an_end_is_never_renewed(amina, agency, oauth):
    old, _ = connect(amina, agency.here, oauth, None)
    assert token(amina, agency.here) == old
    assert oauth.calls["/token"] == 0


def test_a_refresh_token_alone_is_enough(amina, agency, oauth):
    _, refresh = oauth.grant()
    amina.connections.put("google_ads", workspace=agency.here.id, refresh_token=refresh)
    assert oauth.is_valid(token(amina, agency.here))


@pytest.mark.parametrize("lifetime", [1, 60, 400])
def test_a_platform_of_short_lived_tokens_is_not_asked_at_every_call(amina, agency, oauth, past, lifetime):
    connect(amina, agency.here, oauth, past)
    oauth.expires_in = lifetime
    assert token(amina, agency.here) == token(amina, agency.here)
    assert oauth.calls["/token"] == 1


def test_an_answer_without_a_lifetime_has_no_end(amina, agency, oauth, past):
    connect(amina, agency.here, oauth, past)
    oauth.expires_in = None
    assert token(amina, agency.here) == token(amina, agency.here)
    assert amina.connections.get("google_ads", workspace=agency.here.id).expires_at is None


def test_at_meta_the_token_itself_is_exchanged_while_it_is_good(amina, agency, oauth, later, past):
    access, _ = oauth.grant()
    amina.connections.put("meta_ads", workspace=agency.here.id, access_token=access, expires_at=later)
    new = token(amina, agency.here, "meta_ads")
    assert new != access and oauth.is_valid(new)
    assert oauth.seen[-1]["grant_type"] == "fb_exchange_token"
    amina.connections.put("meta_ads", workspace=agency.here.id, access_token=access, expires_at=past)
    refused("connection_expired", "nothing to renew it with", token, amina, agency.here, "meta_ads")


# -- never lost --------------------------------------------------------------------------------------------------------


def test_a_rotating_refresh_token_is_kept_and_used_the_next_time(amina, agency, oauth, past):
    connect(amina, agency.here, oauth, past)
    oauth.expires_in = 1
    seen = set()
    for _ in range(4):
        time.sleep(0.6 if seen else 0)
        seen.add(token(amina, agency.here))
    assert len(seen) == 4
    assert len({form["refresh_token"] for form in oauth.seen}) == 4
    assert amina.connections.get("google_ads", workspace=agency.here.id).status == "active"


def test_a_refresh_token_that_does_not_rotate_is_kept(amina, agency, oauth, past):
    oauth.rotate, oauth.expires_in = False, 1
    connect(amina, agency.here, oauth, past)
    token(amina, agency.here)
    time.sleep(0.6)
    token(amina, agency.here)
    assert len({form["refresh_token"] for form in oauth.seen}) == 1 and oauth.calls["/token"] == 2


def in_background(call):
    """Start a call; its outcome is in the list once it has ended."""
    outcome: list[Any] = []

    def run():
        try:
            outcome.append(call())
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the outcome
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def held_store(place, settings):
    """A store of the synchronous face: the answer is held back in another thread."""
    return holdfast.open(place.url, place.key, settings=settings)


def test_an_answer_after_put_does_not_overwrite_what_was_put(place, settings, oauth, amina, agency, past, later):
    connect(amina, agency.here, oauth, past)
    oauth.held = threading.Event()
    with held_store(place, settings) as other:
        hers = other.tenant("acme").user("amina@acme.test")
        thread, got = in_background(lambda: token(hers, agency.here))
        wait_until(lambda: oauth.calls["/token"] == 1)
        amina.connections.put(
            "google_ads", workspace=agency.here.id, access_token="put", refresh_token="put-r", expires_at=later
        )
        oauth.held.set()
        thread.join(20)
    assert got == ["put"]
    assert token(amina, agency.here) == "put"


def test_an_answer_after_revoke_does_not_bring_it_back_and_is_revoked_too(
    place, settings, oauth, amina, agency, past, store
):
    connect(amina, agency.here, oauth, past)
    oauth.held = threading.Event()
    with held_store(place, settings) as other:
        hers = other.tenant("acme").user("amina@acme.test")
        thread, got = in_background(lambda: token(hers, agency.here))
        wait_until(lambda: oauth.calls["/token"] == 1)
        assert amina.connections.revoke("google_ads", workspace=agency.here.id).status == "revoked"
        oauth.held.set()
        thread.join(20)
    assert [error.code for error in got] == ["connection_revoked"]
    refused("connection_revoked", "is revoked", token, amina, agency.here)
    assert amina.connections.get("google_ads", workspace=agency.here.id).status == "revoked"
    (grant,) = oauth.grants
    assert not grant.revoked
    assert store.system().connections.run_revocations().done == 1
    assert grant.revoked, "the tokens that came late are revoked at the platform"


def test_an_answer_later_than_its_lease_is_kept_if_it_is_still_the_newest(place, settings, oauth, amina, agency, past):
    connect(amina, agency.here, oauth, past)
    oauth.held = threading.Event()
    with held_store(place, settings) as other:
        hers = other.tenant("acme").user("amina@acme.test")
        thread, got = in_background(lambda: token(hers, agency.here))
        wait_until(lambda: oauth.calls["/token"] == 1)
        Backdoor(other.engine).run("UPDATE connections SET lease_by = NULL, lease_until = NULL")
        oauth.held.set()
        thread.join(20)
    assert oauth.is_valid(got[0])
    assert token(amina, agency.here) == got[0] and oauth.calls["/token"] == 1


# -- who dies ----------------------------------------------------------------------------------------------------------


@pytest.mark.thorough(on="postgresql")
@pytest.mark.parametrize("store", ["sync"], indirect=True)  # processes of their own: the face here does not matter
def test_a_process_that_dies_at_it_blocks_others_no_longer_than_the_lease(place, settings, oauth, amina, agency, past):
    connect(amina, agency.here, oauth, past)
    oauth.answer("/token", 503)
    oauth.held = threading.Event()
    process = _spawn.Process(target=ask_once, args=(place.url, place.key, settings, str(agency.here.id)))
    process.start()
    wait_until(lambda: oauth.calls["/token"] == 1)
    process.kill()
    process.join(30)
    oauth.heal()
    oauth.held.set()
    began = time.monotonic()
    assert oauth.is_valid(token(amina, agency.here))
    lease = renewal.LEASES * settings.platform_seconds
    assert time.monotonic() - began < lease + 1.5


def test_whoever_is_interrupted_at_it_gives_the_lease_back(place, settings, amina, agency, oauth, past, monkeypatch):
    connect(amina, agency.here, oauth, past)
    with held_store(place, settings) as other:
        hers = other.tenant("acme").user("amina@acme.test")
        with monkeypatch.context() as patch:
            patch.setattr(network, "renew", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                token(hers, agency.here)
        began = time.monotonic()
        assert oauth.is_valid(token(hers, agency.here))
        assert time.monotonic() - began < 2


def _interrupted(*_args, **_kwargs):
    raise KeyboardInterrupt


# -- who fails ---------------------------------------------------------------------------------------------------------


def test_a_refused_refresh_makes_it_expired_and_is_not_repeated(store, amina, agency, oauth, past):
    connect(amina, agency.here, oauth, past)
    oauth.grants[0].revoked = True
    errors = together(store, amina, "token", "google_ads", workspace=agency.here.id)
    assert {error.code for error in errors} == {"connection_expired"}
    refused("connection_expired", "the platform refused to renew it", token, amina, agency.here)
    found = amina.connections.get("google_ads", workspace=agency.here.id)
    assert (found.status, found.error) == ("expired", "invalid_grant")
    assert oauth.calls["/token"] == 1
    connect(amina, agency.here, oauth, past)
    assert oauth.is_valid(token(amina, agency.here))
    assert amina.connections.get("google_ads", workspace=agency.here.id).error is None


def test_a_refused_token_is_used_while_it_is_good(amina, agency, oauth, soon):
    old, _ = connect(amina, agency.here, oauth, soon)
    oauth.grants[0].revoked = True
    assert token(amina, agency.here) == old
    assert amina.connections.get("google_ads", workspace=agency.here.id).status == "expired"


FAILURES = {
    "http_500": lambda oauth: oauth.answer("/token", 500, b"<html>rt-hidden</html>"),
    "http_429": lambda oauth: oauth.answer("/token", 429),
    "invalid_client": lambda oauth: oauth.answer("/token", 401, {"error": "invalid_client"}),
    "http_400": lambda oauth: oauth.answer("/token", 400, {"error": "rt-hidden", "error_description": "rt-hidden"}),
    "redirected": lambda oauth: oauth.answer("/token", 307, b"", Location=f"{oauth.url}/elsewhere"),
    "bad_answer": lambda oauth: oauth.answer("/token", 200, b"not json rt-hidden"),
}
BAD_ANSWERS = (
    b"[]",
    {},
    {"access_token": ""},
    {"access_token": "a\r\nX: y"},
    {"access_token": 5},
    {"access_token": "a", "refresh_token": ["r"]},
    {"access_token": "a", "expires_in": -1},
    {"access_token": "a", "expires_in": "soon"},
    {"access_token": "a", "expires_in": True},
    {"access_token": "a" * 20_000},
    b" " * 100_000,
    b"[" * 60_000,
)


def test_a_failing_platform_is_asked_once_and_the_old_token_used_while_it_is_good(amina, agency, oauth, soon, past):
    for reason, fail in FAILURES.items():
        old, _ = connect(amina, agency.here, oauth, soon)
        fail(oauth)
        calls = oauth.calls["/token"]
        assert token(amina, agency.here) == old
        found = amina.connections.get("google_ads", workspace=agency.here.id)
        assert (found.status, found.error) == ("error", reason)
        connect(amina, agency.here, oauth, past)
        text = refused("platform_failing", reason, token, amina, agency.here)
        assert "hidden" not in text and oauth.calls["/token"] == calls + 2
    assert oauth.calls["/elsewhere"] == 0


def test_an_answer_that_makes_no_sense_is_a_failure(amina, agency, oauth, soon):
    for answer in BAD_ANSWERS:
        oauth.answer("/token", 200, answer)
        old, _ = connect(amina, agency.here, oauth, soon)
        assert token(amina, agency.here) == old
        assert amina.connections.get("google_ads", workspace=agency.here.id).error == "bad_answer"


@pytest.mark.parametrize("retry_seconds", [60])
def test_fifty_callers_of_a_failing_platform_ask_it_once(store, amina, agency, oauth, past):
    connect(amina, agency.here, oauth, past)
    oauth.answer("/token", 500)
    oauth.delay = 0.1
    errors = together(store, amina, "token", "google_ads", workspace=agency.here.id)
    assert {error.code for error in errors} == {"platform_failing"}
    assert oauth.calls["/token"] == 1


@pytest.mark.parametrize("retry_seconds", [60])
def test_it_recovers_by_itself_after_growing_pauses(amina, agency, oauth, past, monkeypatch):
    connect(amina, agency.here, oauth, past)
    oauth.answer("/token", 500)
    for later, calls in ((0, 1), (50, 1), (70, 2), (150, 2)):
        clock_ahead(monkeypatch, later)
        refused("platform_failing", "http_500", token, amina, agency.here)
        assert oauth.calls["/token"] == calls, later
    oauth.heal()
    clock_ahead(monkeypatch, 250)
    assert oauth.is_valid(token(amina, agency.here))
    found = amina.connections.get("google_ads", workspace=agency.here.id)
    assert (found.status, found.error) == ("active", None)


def clock_ahead(monkeypatch, seconds):
    """The pauses are 60 seconds and 120: no test waits for them, and no busy machine ends them."""
    monkeypatch.setattr(renewal, "now", lambda: now() + timedelta(seconds=seconds))


@pytest.mark.parametrize("platform_seconds", [0.5])
@pytest.mark.parametrize("how", ["slow", "dripping", "gone"])
def test_a_platform_that_does_not_answer_in_time_has_failed(amina, agency, oauth, soon, how, platform_seconds):
    old, _ = connect(amina, agency.here, oauth, soon)
    if how == "slow":
        oauth.delay = 4
    elif how == "dripping":
        oauth.drip = 0.1
    else:
        oauth._server.server_close()
        oauth._server.shutdown()
    began = time.monotonic()
    assert token(amina, agency.here) == old
    assert time.monotonic() - began < 4
    reason = "unreachable" if how == "gone" else "timeout"
    assert amina.connections.get("google_ads", workspace=agency.here.id).error == reason


def test_without_an_oauth_client_the_good_token_is_used_and_then_it_is_said(place, agency, amina, oauth, soon, past):
    old, _ = connect(amina, agency.here, oauth, soon)
    with holdfast.open(place.url, place.key) as bare:
        hers = bare.tenant("acme").user("amina@acme.test")
        assert token(hers, agency.here) == old
        connect(amina, agency.here, oauth, past)
        refused("oauth_client_missing", "no OAuth client for .*HOLDFAST_OAUTH_CLIENTS", token, hers, agency.here)


# -- nowhere else ------------------------------------------------------------------------------------------------------


def chained(error):
    """Everything that a traceback of the error would show, and every object that hangs on it."""
    shown = []
    while error is not None:
        shown.append(repr(error) + str(error) + repr(vars(error)))
        request = getattr(error, "request", None)
        shown.append(repr(getattr(request, "content", "")))
        error = error.__cause__ or error.__context__
    return " ".join(shown)


@pytest.mark.parametrize(
    ("reason", "platform_seconds"), [*((name, 2) for name in (*FAILURES, "unreachable")), ("timeout", 0.5)]
)
def test_no_secret_is_in_errors_logs_lists_or_the_trail(
    place, amina, agency, oauth, past, reason, platform_seconds, caplog
):
    caplog.set_level("DEBUG")
    access, refresh = connect(amina, agency.here, oauth, past)
    if reason == "unreachable":
        oauth._server.server_close()
    elif reason == "timeout":
        oauth.delay = 4
    else:
        FAILURES[reason](oauth)
    with pytest.raises(holdfast.HoldfastError) as caught:
        token(amina, agency.here)
    shown = chained(caught.value) + caplog.text
    shown += repr(amina.connections.list()) + repr(amina.connections.get("google_ads", workspace=agency.here.id))
    shown += repr(told_in_trail(place))
    for secret in (access, refresh, CLIENT_SECRET, "rt-hidden"):
        assert secret not in shown


def test_a_renewal_is_in_the_trail_without_its_tokens(place, amina, agency, oauth, past):
    connect(amina, agency.here, oauth, past)
    new = token(amina, agency.here)
    lines = told_in_trail(place)
    assert [line.details.get("outcome") for line in lines] == [None, "renewed", "given out"]
    assert lines[1].actor_id == amina.scope.actor_id
    assert new not in repr(lines)
