"""Connections: put, get, list; who may; and nothing of a secret anywhere but where it is asked for."""

import socket
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from support.backdoor import Backdoor
from support.connecting import told_in_trail
from support.crowds import together
from support.told import refused

import holdfast

PLATFORMS = ("google_analytics", "google_ads", "meta_ads", "linkedin_ads")
PROVIDERS = {
    "openai": {"api_key": "sk-1"},
    "anthropic": {"api_key": "sk-ant-1"},
    "ollama": {"base_url": "http://localhost:11434"},
    "openai_compatible": {"base_url": "https://llm.acme.test/v1", "api_key": "key-1"},
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_is_connected_and_its_token_given_out(amina, agency, platform, later):
    made = amina.connections.put(
        platform, workspace=agency.here.id, access_token="at-1", refresh_token="rt-1", expires_at=later, account="c-17"
    )
    assert (made.platform, made.status, made.account, made.refreshable) == (platform, "active", "c-17", True)
    assert (made.expires_at, made.workspace_id, made.created_by) == (later, agency.here.id, amina.scope.actor_id)
    assert amina.connections.get(platform, workspace=str(agency.here.id)) == made
    if platform != "meta_ads":
        assert amina.connections.token(platform, workspace=agency.here.id) == "at-1"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_is_connected_and_its_key_given_out(amina, agency, provider):
    given = PROVIDERS[provider]
    made = amina.connections.put(provider, workspace=agency.here.id, **given)
    assert (made.status, made.base_url, made.refreshable) == ("active", given.get("base_url"), False)
    secret = amina.connections.secret(provider, workspace=agency.here.id)
    assert (secret.api_key, secret.base_url) == (given.get("api_key"), given.get("base_url"))
    assert "sk-" not in repr(secret) and "key-1" not in repr(secret)


def test_ollama_is_at_home_on_this_machine(amina, agency):
    assert amina.connections.put("ollama", workspace=agency.here.id).base_url == "http://localhost:11434"


def test_putting_again_replaces_all_of_it(amina, agency, later):
    here = agency.here.id
    first = amina.connections.put(
        "google_ads",
        workspace=here,
        access_token="at-1",
        refresh_token="rt-1",
        expires_at=later,
        account="a",
        metadata={"a": 1},
    )
    second = amina.connections.put("google_ads", workspace=here, access_token="at-2")
    assert second.id == first.id and second.created_at == first.created_at
    assert (second.refreshable, second.expires_at, second.account, second.metadata) == (False, None, None, {})
    assert amina.connections.token("google_ads", workspace=here) == "at-2"


def test_connections_are_listed_by_workspace_page_by_page(amina, agency):
    for workspace in (agency.here, agency.other):
        for platform in PLATFORMS:
            amina.connections.put(platform, workspace=workspace.id, access_token="at")
    here = amina.connections.list(workspace=agency.here.id)
    assert [item.platform for item in here.items] == sorted(PLATFORMS)
    assert {item.workspace_id for item in here.items} == {agency.here.id}
    found, cursor = [], None
    while True:
        page = amina.connections.list(limit=3, cursor=cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert len({item.id for item in found}) == len(found) == 8
    assert len(amina.connections.list(platform="google_ads").items) == 2
    foreign = amina.connections.list(limit=1).next
    refused("invalid_cursor", "", amina.connections.list, cursor=foreign, platform="openai")
    for bad in ("", "x", "AAAA", "é"):
        refused("invalid_cursor", "", amina.connections.list, cursor=bad)


def test_a_token_that_nothing_renews_is_shown_as_expired(amina, agency, past, later):
    here = agency.here.id
    amina.connections.put("google_ads", workspace=here, access_token="at-1", expires_at=past)
    amina.connections.put("linkedin_ads", workspace=here, access_token="at-1", expires_at=later)
    assert amina.connections.get("google_ads", workspace=here).status == "expired"
    assert [item.platform for item in amina.connections.list(status="expired").items] == ["google_ads"]
    assert [item.platform for item in amina.connections.list(status="active").items] == ["linkedin_ads"]
    refused("connection_expired", "nothing to renew it with", amina.connections.token, "google_ads", workspace=here)


def test_another_workspaces_connection_is_not_there(amina, agency, later):
    amina.connections.put("google_ads", workspace=agency.here.id, access_token="at-1", expires_at=later)
    amina.connections.put("openai", workspace=agency.here.id, api_key="sk-1")
    c = amina.connections
    for call in (
        lambda: c.get("google_ads", workspace=agency.other.id),
        lambda: c.token("google_ads", workspace=agency.other.id),
        lambda: c.secret("openai", workspace=agency.other.id),
        lambda: c.revoke("google_ads", workspace=agency.other.id),
        lambda: c.snapshot("google_ads", workspace=agency.other.id, metrics={"a": 1}),
    ):
        refused("connection_not_found", "has no connection to", call)
    assert c.list(workspace=agency.other.id).items == ()


def calls(scope, workspace):
    c = scope.connections
    return {
        "put": lambda: c.put("google_ads", workspace=workspace, access_token="theirs"),
        "token": lambda: c.token("google_ads", workspace=workspace),
        "secret": lambda: c.secret("openai", workspace=workspace),
        "revoke": lambda: c.revoke("google_ads", workspace=workspace),
        "snapshot": lambda: c.snapshot("google_ads", workspace=workspace, metrics={"a": 1}),
        "snapshots": lambda: c.snapshots(workspace=workspace),
        "snapshot_history": lambda: c.snapshot_history("google_ads", workspace=workspace),
        "get": lambda: c.get("google_ads", workspace=workspace),
        "list": lambda: c.list(workspace=workspace),
        "revocations": lambda: c.revocations(workspace=workspace),
    }


def test_another_tenants_workspace_is_as_good_as_none(store, amina, agency):
    amina.connections.put("google_ads", workspace=agency.here.id, access_token="at-1")
    amina.connections.put("openai", workspace=agency.here.id, api_key="sk-1")
    for email in ("gus@globex.test", "ada@acme.test"):
        scope = store.tenant("globex").user(email)
        for call in calls(scope, agency.here.id).values():
            refused("workspace_not_found", "no workspace", call)
        assert scope.connections.list().items == ()
        assert scope.connections.revocations().items == ()
    assert amina.connections.token("google_ads", workspace=agency.here.id) == "at-1"


def test_a_workspace_with_people_is_open_to_those_and_to_administrators(store, amina, ben, ada, agency):
    root, here = store.system().identity, agency.here.id
    amina.connections.put("google_ads", workspace=here, access_token="at-1")
    amina.connections.put("openai", workspace=here, api_key="sk-1")
    amina.connections.put("google_ads", workspace=agency.other.id, access_token="at-2")
    amina.connections.revoke("google_ads", workspace=here)
    amina.connections.put("google_ads", workspace=here, access_token="at-1")
    root.assign(here, "amina@acme.test", "editor", tenant="acme")
    for call in calls(ben, here).values():
        refused("workspace_not_found", "no workspace", call)
    assert [item.workspace_id for item in ben.connections.list().items] == [agency.other.id]
    assert ben.connections.revocations().items == ()
    assert len(amina.connections.list().items) == len(ada.connections.list().items) == 3
    assert ada.connections.token("google_ads", workspace=here) == "at-1"

    root.assign(here, "ben@acme.test", "viewer", tenant="acme")
    for name, call in calls(ben, here).items():
        if name in ("get", "list", "revocations", "snapshots", "snapshot_history"):
            call()
        else:
            refused("workspace_read_only", "you are a viewer", call)
    assert amina.connections.token("google_ads", workspace=here) == "at-1"
    root.assign(here, "ben@acme.test", "editor", tenant="acme")
    assert ben.connections.token("google_ads", workspace=here) == "at-1"


def test_an_api_key_that_only_reads_gets_no_secret(store, amina, agency):
    amina.connections.put("google_ads", workspace=agency.here.id, access_token="at-1")
    amina.connections.put("openai", workspace=agency.here.id, api_key="sk-1")
    root = store.system().identity
    for scope, given in (("connections:read", False), ("conversations:write", False), ("connections:write", True)):
        key = root.create_api_key(tenant="acme", user="amina@acme.test", scopes=[scope])
        hers = store.authenticate(key.secret).connections
        for call in (
            lambda c=hers: c.token("google_ads", workspace=agency.here.id),
            lambda c=hers: c.secret("openai", workspace=agency.here.id),
        ):
            if given:
                call()
            else:
                refused("not_granted", "", call)


def test_an_auditor_lists_and_does_nothing_else(store, amina, agency):
    amina.connections.put("google_ads", workspace=agency.here.id, access_token="at-1")
    auditor = store.tenant("acme").user("aud@acme.test")
    for name, call in calls(auditor, agency.here.id).items():
        if name in ("get", "list", "revocations"):
            call()
        else:
            refused("permission_denied", "the role 'auditor' may not do", call)
    assert len(auditor.connections.list().items) == 1


def test_the_operator_only_runs_the_queue(store, amina, agency):
    amina.connections.put("google_ads", workspace=agency.here.id, access_token="at-1")
    for call in calls(store.system(), agency.here.id).values():
        refused("permission_denied", "the role 'operator' may not do", call)
    assert store.system().connections.run_revocations().done == 0
    refused("permission_denied", "may not do", amina.connections.run_revocations)


def test_an_unknown_platform_is_refused_by_name(amina, agency):
    for name in ("", "google", "Google_Ads", None, 5, "x\n"):
        refused("invalid_input", "platform: .* is not one of", amina.connections.put, name, workspace=agency.here.id)
        refused("invalid_input", "platform: .* is not one of", amina.connections.token, name, workspace=agency.here.id)
        refused("invalid_input", "provider: .* is not one of", amina.connections.secret, name, workspace=agency.here.id)


BAD_SECRETS = (
    "", " ", "hidden value", "hidden\r\nX: 1", "hidden\0", "hidden\ud800", "hiddené", "h" * 20_000, 5, b"hidden",
)  # fmt: skip


def test_what_cannot_be_a_secret_is_refused_and_not_repeated(amina, agency):
    for bad in BAD_SECRETS:
        for field in ("access_token", "refresh_token", "api_key"):
            platform, put = "openai" if field == "api_key" else "google_ads", amina.connections.put
            text = refused("invalid_input", f"{field}: ", put, platform, workspace=agency.here.id, **{field: bad})
            assert "hidden" not in text
    assert amina.connections.list().items == ()


def test_what_belongs_to_the_other_kind_is_refused(amina, agency, later):
    here = agency.here.id

    def put(name, **given):
        return lambda: amina.connections.put(name, workspace=here, **given)

    refused("invalid_input", "access_token: give it, or a refresh_token", put("google_ads"))
    refused("invalid_input", "api_key: google_ads is reached with OAuth", put("google_ads", api_key="k"))
    refused("invalid_input", "access_token: openai is reached with an api_key", put("openai", access_token="a"))
    refused("invalid_input", "expires_at: openai is", put("openai", api_key="k", expires_at=later))
    refused("invalid_input", "api_key: openai needs one", put("openai"))
    refused("invalid_input", "base_url: which server", put("openai_compatible"))
    refused("invalid_input", "no time zone", put("google_ads", access_token="a", expires_at=datetime(2030, 1, 1)))
    refused("invalid_input", "metadata: ", put("google_ads", access_token="a", metadata={"a": "x" * 70_000}))
    refused("invalid_input", "account: ", put("google_ads", access_token="a", account=""))
    assert amina.connections.list().items == ()


BAD_URLS = {
    "http://llm.acme.test/v1": "https is needed",
    "ftp://llm.acme.test": "https is needed",
    "https://user:hidden@llm.acme.test": "holds a user or password",
    "https://hidden@llm.acme.test": "holds a user or password",
    "https:///v1": "names no host",
    "llm.acme.test": "names no host",
    "https://llm.acme.test/#hidden": "fragment",
    "https://llm.acme.test/a b": "percent-encode",
    "https://llm.acme.test:port/": "is not a URL",
    "https://[::1": "is not a URL",
    "http://localhost.evil.test/": "https is needed",
    "http://127.0.0.1.evil.test/": "https is needed",
    "http://10.0.0.1/": "https is needed",
    "https://llm.acme.test/\r\nX: y": "percent-encode|NUL|space",
    "https://" + "a" * 3000: "the limit is",
    5: "a text is needed",
}


def test_an_unsafe_address_is_refused_and_not_repeated(amina, agency):
    put, here = amina.connections.put, agency.here.id
    for url, says in BAD_URLS.items():
        text = refused("invalid_input", says, put, "openai_compatible", workspace=here, base_url=url)
        assert "hidden" not in text, url


def test_a_safe_address_is_kept_as_it_is(amina, agency):
    for url in ("https://llm.acme.test/v1", "http://127.0.0.1:8080", "http://[::1]:1/", "http://LOCALHOST"):
        made = amina.connections.put("openai_compatible", workspace=agency.here.id, base_url=url)
        assert made.base_url == url


def test_nobody_is_sent_to_where_machines_keep_their_credentials(amina, agency, monkeypatch):
    put, here = amina.connections.put, agency.here.id
    for host in ("169.254.169.254", "[fe80::1]", "10.0.0.1"):
        refused("address_refused", "leads to", put, "openai_compatible", workspace=here, base_url=f"https://{host}/")
    put("openai_compatible", workspace=here, base_url="https://rebound.test/v1", api_key="key-1")
    asked = [(2, 1, 6, "", ("169.254.169.254", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: asked)
    refused("address_refused", "leads to", amina.connections.secret, "openai_compatible", workspace=here)
    asked[0] = (2, 1, 6, "", ("93.184.216.34", 0))
    assert amina.connections.secret("openai_compatible", workspace=here).api_key == "key-1"


def test_over_http_a_tenant_names_no_address_of_this_machine(place, agency, amina):
    with holdfast.open(place.url, place.key) as store:
        system = store.system().identity
        key = system.create_api_key(tenant="acme", user="ada@acme.test").secret
        inside = store.authenticate(key, face="http").connections
        for url in ("http://localhost:6379", "http://127.0.0.1:5432"):
            put = partial(inside.put, "ollama", workspace=agency.here.id, base_url=url)
            refused("address_refused", "private_addresses='loopback'", put)
        assert inside.put("ollama", workspace=agency.here.id).base_url == "http://localhost:11434"


def test_a_workspace_that_is_none_is_refused(amina):
    unknown = "0198c0de-0000-7000-8000-000000000000"
    refused("invalid_input", "workspace: ", amina.connections.put, "ollama", workspace="x")
    refused("workspace_not_found", "", amina.connections.put, "ollama", workspace=unknown)


def test_the_trail_says_who_changed_what_and_holds_no_secret(place, store, amina, agency):
    here = agency.here.id
    made = amina.connections.put("google_ads", workspace=here, access_token="at-hidden", refresh_token="rt-hidden")
    amina.connections.revoke("google_ads", workspace=here)
    amina.connections.revoke("google_ads", workspace=here)
    gus = store.tenant("globex").user("gus@globex.test")
    refused("workspace_not_found", "", gus.connections.token, "google_ads", workspace=here)
    lines = told_in_trail(place)
    told = [(line.operation, line.target_id, line.actor_id) for line in lines]
    assert told == [
        ("connections.put", made.id, amina.scope.actor_id),
        ("connections.revoke", made.id, amina.scope.actor_id),
    ]
    assert lines[0].details == {"platform": "google_ads", "workspace": str(here)}
    assert "hidden" not in repr(lines)
    denied = told_in_trail(place, "globex")
    assert [(line.outcome, line.target_id) for line in denied] == [("denied", here)]


def test_who_got_a_secret_is_in_the_trail(place, store, amina, agency):
    here = agency.here.id
    put = amina.connections.put
    platform = put("google_ads", workspace=here, access_token="at-hidden", expires_at=None)
    provider = put("openai", workspace=here, api_key="sk-hidden")
    amina.connections.token("google_ads", workspace=here)
    amina.connections.secret("openai", workspace=here)
    given = [line for line in told_in_trail(place) if line.operation == "connections.token"]
    assert [(line.outcome, line.target_id, line.details["outcome"]) for line in given] == [
        ("read", platform.id, "given out"),
        ("read", provider.id, "given out"),
    ]
    assert {line.actor_id for line in given} == {amina.scope.actor_id}
    assert "hidden" not in repr(given)


def test_fifty_people_putting_at_once_leave_one_connection(store, amina, agency):
    ids = {
        made.id
        for made in together(
            store, amina, "put", "google_ads", workspace=agency.here.id, access_token="at-1", refresh_token="rt-1"
        )
    }
    assert len(ids) == len(amina.connections.list().items) == 1
    assert amina.connections.token("google_ads", workspace=agency.here.id) == "at-1"


def test_times_are_utc(amina, agency, later):
    at = later.astimezone(timezone(timedelta(hours=5)))
    made = amina.connections.put("google_ads", workspace=agency.here.id, access_token="a", expires_at=at)
    assert made.expires_at == later and made.expires_at.tzinfo is UTC


def test_secrets_are_sealed_for_their_row_and_column(place, amina, agency):
    for workspace, token in ((agency.here, "at-hidden-1"), (agency.other, "at-hidden-2")):
        amina.connections.put("google_ads", workspace=workspace.id, access_token=token, refresh_token="rt-hidden")
    with holdfast.open(place.url, place.key) as opened:
        door = Backdoor(opened.engine)
        kept = door.run("SELECT access_token, refresh_token FROM connections")
        assert all(b"hidden" not in bytes(value) for row in kept for value in row)
        door.run(
            "UPDATE connections SET access_token = refresh_token WHERE workspace_id = ?", _raw(door, agency.other.id)
        )
        one, other = _raw(door, agency.here.id), _raw(door, agency.other.id)
    refused("secret_unreadable", "", amina.connections.token, "google_ads", workspace=agency.other.id)
    with holdfast.open(place.url, place.key) as opened:
        moved = "(SELECT c.access_token FROM connections c WHERE c.workspace_id = ?)"
        Backdoor(opened.engine).run(f"UPDATE connections SET access_token = {moved} WHERE workspace_id = ?", one, other)
    refused("secret_unreadable", "", amina.connections.token, "google_ads", workspace=agency.other.id)
    assert amina.connections.token("google_ads", workspace=agency.here.id) == "at-hidden-1"


def _raw(door, identifier):
    return identifier.bytes if door.name == "sqlite" else identifier


def test_tokens_stay_readable_when_the_tenants_key_is_rotated(store, amina, agency):
    amina.connections.put("google_ads", workspace=agency.here.id, access_token="at-1")
    assert store.system().keys.rotate_data(amina.scope.tenant_id).values == 1
    assert amina.connections.token("google_ads", workspace=agency.here.id) == "at-1"
