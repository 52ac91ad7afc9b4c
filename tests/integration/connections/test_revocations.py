"""Revoking: at once here, then at the platform, by a queue that survives crashes and gives up visibly."""

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from support.backdoor import Backdoor
from support.connecting import run_queue, told_in_trail
from support.told import refused

import holdfast

_spawn = multiprocessing.get_context("spawn")


def connect(scope, workspace, oauth, platform="google_ads"):
    access, refresh = oauth.grant()
    scope.connections.put(platform, workspace=workspace.id, access_token=access, refresh_token=refresh)
    return access, refresh


def tokens_kept(place):
    with holdfast.open(place.url, place.key) as store:
        rows = Backdoor(store.engine).run("SELECT access_token, refresh_token, api_key FROM connections")
    return [value for row in rows for value in row if value is not None]


@pytest.mark.parametrize("platform", ["google_analytics", "google_ads", "linkedin_ads"])
def test_it_gives_out_nothing_at_once_and_the_platform_is_told_later(store, amina, agency, oauth, place, platform):
    here = agency.here.id
    access, refresh = connect(amina, agency.here, oauth, platform)
    found = amina.connections.revoke(platform, workspace=here)
    assert (found.status, found.revoked_at is not None) == ("revoked", True)
    refused("connection_revoked", "authorize again", amina.connections.token, platform, workspace=here)
    assert oauth.calls["/revoke"] == 0 and oauth.is_valid(refresh)
    assert [job.status for job in amina.connections.revocations(workspace=here).items] == ["queued"]

    report = store.system().connections.run_revocations()
    assert (report.done, report.waiting, report.failed) == (1, 0, 0)
    assert not oauth.is_valid(access) and not oauth.is_valid(refresh)
    (job,) = amina.connections.revocations(workspace=here).items
    assert (job.status, job.attempts, job.platform, job.connection_id) == ("done", 1, platform, found.id)
    assert tokens_kept(place) == []
    assert amina.connections.list(workspace=here).items == ()
    assert amina.connections.list(workspace=here, status="revoked").items == (found,)
    assert store.system().connections.run_revocations().done == 0


def test_at_meta_the_permissions_are_deleted(store, amina, agency, oauth):
    access, _ = oauth.grant()
    amina.connections.put("meta_ads", workspace=agency.here.id, access_token=access)
    amina.connections.revoke("meta_ads", workspace=agency.here.id)
    oauth.answer("/revoke", 200, {"success": True})
    assert store.system().connections.run_revocations().done == 1
    assert oauth.seen[-1] == {"authorization": f"Bearer {access}"}


def test_a_providers_key_is_forgotten_at_once(store, amina, agency, place):
    amina.connections.put("openai", workspace=agency.here.id, api_key="sk-1")
    amina.connections.revoke("openai", workspace=agency.here.id)
    assert tokens_kept(place) == []
    refused("connection_revoked", "", amina.connections.secret, "openai", workspace=agency.here.id)
    assert amina.connections.revocations().items == ()
    assert store.system().connections.run_revocations().done == 0


def test_a_new_authorization_is_another_connection_and_the_old_one_is_still_revoked(store, amina, agency, oauth):
    here = agency.here.id
    _, old_refresh = connect(amina, agency.here, oauth)
    old = amina.connections.revoke("google_ads", workspace=here)
    new_access, new_refresh = connect(amina, agency.here, oauth)
    new = amina.connections.get("google_ads", workspace=here)
    assert new.id != old.id and new.status == "active"
    assert store.system().connections.run_revocations().done == 1
    assert not oauth.is_valid(old_refresh) and oauth.is_valid(new_refresh)
    assert amina.connections.token("google_ads", workspace=here) == new_access


def test_an_administrator_runs_the_queue_of_their_tenant_only(store, amina, ada, agency, oauth):
    connect(amina, agency.here, oauth)
    connect(store.tenant("globex").user("gus@globex.test"), agency.foreign, oauth)
    amina.connections.revoke("google_ads", workspace=agency.here.id)
    store.tenant("globex").user("gus@globex.test").connections.revoke("google_ads", workspace=agency.foreign.id)
    assert ada.connections.run_revocations().done == 1
    assert store.system().connections.run_revocations().done == 1


def test_a_failing_platform_is_asked_again_after_a_pause(store, amina, agency, oauth):
    connect(amina, agency.here, oauth)
    amina.connections.revoke("google_ads", workspace=agency.here.id)
    oauth.answer("/revoke", 503)
    root = store.system().connections
    assert root.run_revocations().waiting == 1
    assert root.run_revocations().waiting == 0, "it is left alone for a while"
    (job,) = amina.connections.revocations().items
    assert (job.status, job.error, job.attempts) == ("queued", "http_503", 1)
    oauth.heal()
    time.sleep(0.25)
    assert root.run_revocations().done == 1


def test_it_gives_up_visibly_and_revoking_again_tries_again(place, store, amina, agency, oauth):
    _, refresh = connect(amina, agency.here, oauth)
    amina.connections.revoke("google_ads", workspace=agency.here.id)
    oauth.answer("/revoke", 500)
    root = store.system().connections
    outcomes = []
    while not outcomes or outcomes[-1] != "failed":
        report = root.run_revocations()
        outcomes += ["waiting"] * report.waiting + ["failed"] * report.failed
        time.sleep(0.02)
    assert outcomes == ["waiting", "waiting", "failed"]
    (job,) = amina.connections.revocations(status="failed").items
    assert (job.error, job.attempts, job.finished_at is not None) == ("http_500", 3, True)
    told = [line for line in told_in_trail(place) if line.operation == "connections.run_revocations"]
    assert [line.details["outcome"] for line in told] == ["failed"]
    oauth.heal()
    assert root.run_revocations().done == 0
    amina.connections.revoke("google_ads", workspace=agency.here.id)
    assert root.run_revocations().done == 1 and not oauth.is_valid(refresh)


def test_a_token_that_the_platform_does_not_know_any_more_is_done(store, amina, agency, oauth):
    connect(amina, agency.here, oauth)
    amina.connections.revoke("google_ads", workspace=agency.here.id)
    oauth.answer("/revoke", 400, {"error": "invalid_token"})
    assert store.system().connections.run_revocations().done == 1


def test_without_an_oauth_client_it_waits_for_one(place, amina, agency, oauth, settings):
    connect(amina, agency.here, oauth)
    amina.connections.revoke("google_ads", workspace=agency.here.id)
    with holdfast.open(place.url, place.key, settings=holdfast.Settings(platform_retry_seconds=0.1)) as bare:
        assert bare.system().connections.run_revocations().waiting == 1
    assert amina.connections.revocations().items[0].error == "no_client"
    time.sleep(0.15)
    with holdfast.open(place.url, place.key, settings=settings) as knowing:
        assert knowing.system().connections.run_revocations().done == 1


def test_many_workers_do_each_job_once(place, amina, agency, oauth, settings, store):
    for platform in ("google_ads", "google_analytics", "linkedin_ads"):
        for workspace in (agency.here, agency.other):
            connect(amina, workspace, oauth, platform)
            amina.connections.revoke(platform, workspace=workspace.id)
    with holdfast.open(place.url, place.key, settings=settings) as opened, ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda _: opened.system().connections.run_revocations(), range(8)))
    assert sum(report.done for report in reports) == 6
    assert oauth.calls["/revoke"] == 12, "a refresh token and an access token for each"


@pytest.mark.thorough(on="postgresql")
@pytest.mark.parametrize("store", ["sync"], indirect=True)  # processes of their own: the face here does not matter
def test_a_worker_that_dies_leaves_its_job_to_the_next(place, amina, agency, oauth, settings, store):
    quick = replace(settings, platform_seconds=0.5)
    _, refresh = connect(amina, agency.here, oauth)
    amina.connections.revoke("google_ads", workspace=agency.here.id)
    oauth.answer("/revoke", 200)
    oauth.held = threading.Event()
    process = _spawn.Process(target=run_queue, args=(place.url, place.key, quick))
    process.start()
    end = time.monotonic() + 60
    while not oauth.calls["/revoke"]:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.kill()
    process.join(30)
    oauth.heal()
    oauth.held.set()
    with holdfast.open(place.url, place.key, settings=quick) as other:
        root = other.system().connections
        assert root.run_revocations().done == 0, "it is leased"
        time.sleep(3.2)
        assert root.run_revocations().done == 1
    assert not oauth.is_valid(refresh)


def test_archiving_a_workspace_revokes_what_it_has(store, amina, agency, oauth):
    root, here = store.system(), agency.here.id
    connect(amina, agency.here, oauth)
    connect(amina, agency.here, oauth, "linkedin_ads")
    connect(amina, agency.other, oauth)
    amina.connections.put("openai", workspace=here, api_key="sk-1")
    root.identity.archive_workspace(here, tenant="acme")
    revoked = amina.connections.list(workspace=here, status="revoked").items
    assert {item.platform for item in revoked} == {"google_ads", "linkedin_ads"}
    assert amina.connections.get("google_ads", workspace=agency.other.id).status == "active"
    assert root.connections.run_revocations().done == 2
    assert sum(grant.revoked for grant in oauth.grants) == 2

    refused("workspace_archived", "", amina.connections.put, "google_ads", workspace=here, access_token="at")
    refused("workspace_archived", "", amina.connections.token, "google_ads", workspace=here)
    refused("workspace_archived", "", amina.connections.secret, "openai", workspace=here)
    root.identity.restore_workspace(here, tenant="acme")
    assert amina.connections.secret("openai", workspace=here).api_key == "sk-1"
    refused("connection_revoked", "", amina.connections.token, "google_ads", workspace=here)


def test_deleting_a_workspace_leaves_nothing_to_give_out(store, place, amina, agency, oauth):
    root, here = store.system(), agency.here.id
    connect(amina, agency.here, oauth)
    amina.connections.put("openai", workspace=here, api_key="sk-1")
    root.identity.archive_workspace(here, tenant="acme")
    root.identity.delete_workspace(here, tenant="acme")
    assert root.connections.run_revocations().done == 1
    assert tokens_kept(place) == []
    refused("workspace_not_found", "", amina.connections.list, workspace=here)


def test_an_archived_workspaces_connection_can_still_be_ended(store, amina, agency, place):
    amina.connections.put("openai", workspace=agency.here.id, api_key="sk-1")
    store.system().identity.archive_workspace(agency.here.id, tenant="acme")
    assert amina.connections.revoke("openai", workspace=agency.here.id).status == "revoked"
    assert tokens_kept(place) == []


def test_a_deleted_tenant_leaves_nothing(store, amina, agency, oauth, place):
    connect(amina, agency.here, oauth)
    amina.connections.revoke("google_ads", workspace=agency.here.id)
    connect(amina, agency.here, oauth)
    amina.connections.snapshot("google_ads", workspace=agency.here.id, metrics={"a": 1})
    store.system().identity.delete_tenant("acme", reason="they left")
    with holdfast.open(place.url, place.key) as opened:
        for table in ("connections", "revocations", "metric_snapshots"):
            assert Backdoor(opened.engine).run(f"SELECT count(*) FROM {table}") == [(0,)]
