"""Logging in with OpenID Connect, against a provider on loopback that really signs, and that can be made to lie."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from support.backdoor import Backdoor
from support.faces import Awaited
from support.oidc import CLIENT_ID, CLIENT_SECRET, Provider
from support.refusals import refused

import holdfast
from holdfast import HoldfastError
from holdfast.core.settings import OpenIdProvider

BACK = "https://app.acme.test/back"


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.stop()


def settings(provider: Provider, **options: Any) -> holdfast.Settings:
    ours = OpenIdProvider(
        name="corporate", issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **options
    )
    return holdfast.Settings(openid=(ours,))


@pytest.fixture(params=["sync", "async"])
def store(request, place, provider):
    """A store that knows the provider, on each engine, through each face."""
    with asyncio.Runner() as runner:
        if request.param == "sync":
            opened: Any = holdfast.open(place.url, place.key, settings=settings(provider))
        else:
            opened = Awaited(runner.run(holdfast.open_async(place.url, place.key, settings=settings(provider))), runner)
        yield opened
        opened.close()


@pytest.fixture
def root(store):
    return store.system().identity


def begin(root, tenant="acme"):
    return root.begin_oidc("corporate", redirect_uri=BACK, tenant=tenant)


def log_in(root, provider, tenant="acme"):
    brought = provider.visit(begin(root, tenant).url)
    return root.finish_oidc(state=brought["state"], code=brought["code"], address="192.0.2.1", agent="Firefox")


def engine_of(store):
    return store._target._store.engine if hasattr(store, "_target") else store.engine


def test_a_member_comes_back_with_a_session(store, root, provider):
    session = log_in(root, provider)
    scope = store.authenticate(session.token)
    amina = store.tenant("acme").user("amina@acme.test")
    assert (scope.scope.actor_id, scope.scope.role) == (amina.scope.actor_id, "member")
    assert (session.address, session.agent) == ("192.0.2.1", "Firefox")
    assert log_in(root, provider).user_id == session.user_id


def test_what_a_login_needs_is_secret_and_used_once(store, root, provider):
    started = begin(root)
    assert started.state in started.url and started.state not in repr(started).replace(started.url, "")
    brought = provider.visit(started.url)
    door = Backdoor(engine_of(store))
    assert started.state not in str(door.run("SELECT * FROM oidc_logins"))
    assert root.finish_oidc(**brought).token
    assert door.run("SELECT count(*) FROM oidc_logins") == [(0,)]
    refused("sign_in_refused", root.finish_oidc, **brought)


def test_a_state_that_was_never_given_or_took_too_long_is_refused(store, root, provider):
    brought = provider.visit(begin(root).url)
    for state in ("", "x", brought["state"] + "x"):
        refused("sign_in_refused", root.finish_oidc, state=state, code=brought["code"])
    door = Backdoor(engine_of(store))
    past = "0" if door.name == "sqlite" else "now() - interval '1 second'"
    door.run(f"UPDATE oidc_logins SET expires_at = {past}")
    refused("sign_in_refused", root.finish_oidc, **brought)


def test_a_code_of_another_login_is_refused(root, provider):
    one, other = provider.visit(begin(root).url), provider.visit(begin(root).url)
    text = refused("sign_in_refused", root.finish_oidc, state=one["state"], code=other["code"])
    assert other["code"] not in text and one["state"] not in text
    refused("sign_in_refused", root.finish_oidc, state=other["state"], code="made up")


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://elsewhere.test"},
    "another audience": {"aud": "another client"},
    "no audience": {"aud": None},
    "several audiences, made for another": {"aud": [CLIENT_ID, "other"], "azp": "other"},
    "several audiences, made for nobody": {"aud": [CLIENT_ID, "other"]},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "expired": {"exp": int(time.time()) - 600},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "tomorrow"},
    "issued in the future": {"iat": int(time.time()) + 3600},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": 5},
    "address not verified": {"email_verified": False},
    "address perhaps verified": {"email_verified": "true"},
    "nothing said of verification": {"email_verified": None},
    "no address": {"email": None},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_says_something_wrong_is_refused(root, provider, lie):
    provider.claims = LIES[lie]
    refused("sign_in_refused", log_in, root, provider)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "another key"])
def test_an_id_token_that_the_provider_did_not_sign_is_refused(root, provider, algorithm):
    if algorithm == "another key":
        provider.sign_with = RSAKey.generate_key(2048, {"kid": provider.key.kid})
    else:
        provider.algorithm = algorithm
    refused("sign_in_refused", log_in, root, provider)


def test_a_provider_may_change_its_keys(root, provider):
    first = log_in(root, provider)
    provider.new_key("second")
    assert log_in(root, provider).user_id == first.user_id
    assert provider.asked.count("/keys") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 2


def test_who_is_no_member_gets_in_nowhere(root, provider):
    for email in ("nobody@acme.test", "gus@globex.test"):
        provider.person = {"sub": email, "email": email, "email_verified": True}
        refused("not_authenticated", log_in, root, provider)
    provider.person["email"] = "not an address"
    refused("invalid_input", log_in, root, provider)


def test_a_login_opens_the_tenant_it_was_begun_for(store, root, provider):
    provider.person = {"sub": "ada", "email": "ada@acme.test", "email_verified": True}
    assert log_in(root, provider, "globex").tenant_id == store.tenant("globex").tenant.id
    assert log_in(root, provider, "acme").tenant_id == store.tenant("acme").tenant.id
    refused("tenant_not_found", begin, root, "nobody")
    refused("invalid_input", begin, root, None)


def test_the_providers_name_for_a_person_decides_not_the_address(root, provider):
    amina = log_in(root, provider)
    provider.person = {"sub": "p-1", "email": "moved@elsewhere.test", "email_verified": True}
    assert log_in(root, provider).user_id == amina.user_id
    provider.person = {"sub": "p-2", "email": "amina@acme.test", "email_verified": True}
    refused("not_authenticated", log_in, root, provider)


def test_an_account_that_the_provider_made_anew_is_linked_again_by_an_administrator(store, root, provider, ada):
    amina = log_in(root, provider)
    provider.person["sub"] = "p-2"
    refused("not_authenticated", log_in, root, provider)
    refused("permission_denied", store.tenant("acme").user("amina@acme.test").identity.unlink_openid, "amina@acme.test")
    refused("credential_refused", ada.identity.unlink_openid, "oli@acme.test")
    ada.identity.unlink_openid("amina@acme.test")
    assert log_in(root, provider).user_id == amina.user_id
    provider.person["sub"] = "p-1"
    refused("not_authenticated", log_in, root, provider)


def test_who_is_suspended_is_told_so(root, provider):
    log_in(root, provider)
    root.set_status("amina@acme.test", "suspended", tenant="acme")
    refused("membership_suspended", log_in, root, provider)
    root.suspend_tenant("acme", reason="unpaid")
    refused("tenant_suspended", log_in, root, provider)


def test_a_provider_that_does_not_answer_is_unavailable(root, provider):
    provider.down = True
    refused("provider_unavailable", begin, root)
    provider.down = False
    brought = provider.visit(begin(root).url)
    provider.down = True
    refused("provider_unavailable", root.finish_oidc, **brought)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.test"},
        {"authorization_endpoint": "http://elsewhere.test/authorize"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_points_elsewhere_is_refused(root, provider, metadata):
    provider.metadata = metadata
    refused("sign_in_refused", begin, root)


def test_a_secret_is_sent_in_the_body_where_the_provider_wants_that(root, provider):
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert log_in(root, provider).token


def test_an_unknown_provider_and_a_provider_of_another_tenant(place, provider, root, ada):
    refused("provider_not_found", root.begin_oidc, "x", redirect_uri=BACK, tenant="acme")
    refused("permission_denied", ada.identity.begin_oidc, "corporate", redirect_uri=BACK)
    with holdfast.open(place.url, place.key, settings=settings(provider, tenant="acme")) as bound:
        identity = bound.system().identity
        assert identity.begin_oidc("corporate", redirect_uri=BACK).url.startswith(provider.issuer)
        refused("provider_not_found", identity.begin_oidc, "corporate", redirect_uri=BACK, tenant="globex")


def test_failed_logins_are_in_the_trail(place, provider):
    with holdfast.open(place.url, place.key, settings=settings(provider)) as store:
        provider.person = {"sub": "x", "email": "nobody@acme.test", "email_verified": True}
        refused("not_authenticated", log_in, store.system().identity, provider)
        (denied,) = [event for event in store.system().audit_of("acme").list().items if event.outcome == "denied"]
        assert (denied.operation, denied.reason) == ("identity.log_in", "not_authenticated")
        assert "nobody@acme.test" not in str(denied)


@pytest.mark.parametrize("issuer", ["http://elsewhere.test", "ftp://x", "", "elsewhere.test", "file:///x"])
def test_an_issuer_that_is_not_safe_is_not_taken(issuer):
    with pytest.raises(HoldfastError, match="not an https address"):
        OpenIdProvider(name="x", issuer=issuer, client_id="x")


def test_a_client_secret_does_not_show():
    assert "s3cret" not in repr(
        OpenIdProvider(name="x", issuer="https://x.test", client_id="x", client_secret="s3cret")
    )
