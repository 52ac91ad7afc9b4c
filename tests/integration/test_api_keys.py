"""API keys: shown once, kept as digests, narrowed, expiring, revoked; and what those who attack them get."""

from datetime import UTC, datetime, timedelta

import pytest
from support.backdoor import Backdoor

from holdfast import HoldfastError
from holdfast.domains.identity.tokens import new_token

LATER = timedelta(days=1)


@pytest.fixture
def root(store):
    return store.system().identity


def refused(code, call, *args, **kwargs):
    with pytest.raises(HoldfastError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


def engine_of(store):
    return getattr(store, "_target", store)._store.engine if hasattr(store, "_target") else store.engine


def backdoor(store):
    return Backdoor(engine_of(store))


def key_for(root, email, tenant="acme", **options):
    return root.create_api_key(tenant=tenant, user=email, **options)


def as_of(store, key, **options):
    return store.authenticate(key.secret, **options)


def test_a_key_acts_as_its_user(store, root, amina):
    key = key_for(root, "amina@acme.test", name="laptop")
    scope = as_of(store, key, request_id="r-1", address="192.0.2.1", face="http")
    assert (scope.scope.role, scope.scope.actor_id) == ("member", amina.scope.actor_id)
    assert (scope.scope.credential_id, scope.scope.grants) == (key.id, None)
    assert (scope.scope.request_id, scope.scope.address, scope.scope.face) == ("r-1", "192.0.2.1", "http")
    chat = scope.conversations.create(title="by key")
    assert amina.conversations.get(chat.id).title == "by key"


def test_the_secret_is_shown_once_and_kept_nowhere(store, root, amina):
    key = key_for(root, "amina@acme.test")
    assert key.secret.startswith("hf_") and len(key.secret) == 39
    assert key.secret not in repr(key)
    (listed,) = amina.identity.list_api_keys()
    assert listed.secret is None and key.secret.startswith(listed.hint)
    rows = backdoor(store).run("SELECT * FROM api_keys")
    assert key.secret not in str(rows) and key.secret.encode() not in str(rows).encode()


@pytest.mark.parametrize(
    "secret", ["", "hf_", "x", None, 5, "hf_" + "0" * 36, "Bearer hf_x", "' OR 1=1 --", "\0", "\ud800", "é" * 39]
)
def test_what_is_no_credential_is_refused(store, secret):
    assert "not accepted" in refused("not_authenticated", store.authenticate, secret)


def test_unknown_revoked_expired_and_mistyped_are_answered_alike(store, root):
    revoked = key_for(root, "amina@acme.test")
    root.revoke_api_key(revoked.id)
    expired = key_for(root, "amina@acme.test", expires_at=datetime.now(UTC) + LATER)
    past = datetime.now(UTC) - LATER
    value = past if backdoor(store).name == "postgresql" else int(past.timestamp() * 1_000_000)
    backdoor(store).run("UPDATE api_keys SET expires_at = ? WHERE expires_at IS NOT NULL", value)
    mistyped = revoked.secret[:-1] + ("0" if revoked.secret[-1] != "0" else "1")
    secrets = [revoked.secret, expired.secret, new_token("api_key"), new_token("session"), mistyped, "hs_x"]
    assert len({refused("not_authenticated", store.authenticate, secret) for secret in secrets}) == 1


def test_a_suspended_member_or_tenant_is_refused_at_once_and_let_in_again(store, root):
    key = key_for(root, "amina@acme.test")
    root.set_status("amina@acme.test", "suspended", tenant="acme")
    assert "membership" in refused("membership_suspended", as_of, store, key)
    root.set_status("amina@acme.test", "active", tenant="acme")
    assert as_of(store, key).scope.role == "member"
    root.suspend_tenant("acme", reason="unpaid")
    assert "tenant is suspended" in refused("tenant_suspended", as_of, store, key)
    root.restore_tenant("acme")
    assert as_of(store, key).scope.role == "member"


def test_a_change_of_role_takes_effect_on_the_next_request(store, root):
    key = key_for(root, "amina@acme.test")
    root.set_role("amina@acme.test", "auditor", tenant="acme")
    scope = as_of(store, key)
    assert scope.scope.role == "auditor"
    refused("permission_denied", scope.conversations.create)


def test_a_use_is_noted_and_not_at_every_request(store, root, amina):
    key = key_for(root, "amina@acme.test")
    assert amina.identity.list_api_keys()[0].last_used_at is None
    as_of(store, key)
    first = amina.identity.list_api_keys()[0].last_used_at
    as_of(store, key)
    assert first is not None and amina.identity.list_api_keys()[0].last_used_at == first


def test_a_key_opens_one_tenant(store, root):
    acme = key_for(root, "ada@acme.test", tenant="acme")
    globex = key_for(root, "ada@acme.test", tenant="globex")
    assert as_of(store, acme).scope.tenant_id == store.tenant("acme").tenant.id
    assert as_of(store, globex).scope.tenant_id == store.tenant("globex").tenant.id
    in_acme = store.tenant("acme").user("ada@acme.test").identity
    assert [key.id for key in in_acme.list_api_keys()] == [acme.id]
    refused("api_key_not_found", in_acme.revoke_api_key, globex.id)
    assert as_of(store, globex)


def test_a_member_makes_and_sees_keys_of_their_own_only(store, root, amina, ben):
    key = amina.identity.create_api_key(name="mine")
    assert as_of(store, key).scope.actor_id == amina.scope.actor_id
    for other in ("ben@acme.test", "ada@acme.test", "nobody@acme.test", "gus@globex.test"):
        refused("credential_refused", amina.identity.create_api_key, user=other)
        refused("credential_refused", amina.identity.list_api_keys, user=other)
    assert ben.identity.list_api_keys() == []
    refused("api_key_not_found", ben.identity.revoke_api_key, key.id)
    assert as_of(store, key)
    assert amina.identity.revoke_api_key(key.id).revoked_at is not None
    refused("not_authenticated", as_of, store, key)


def test_an_administrator_makes_keys_for_those_below(store, ada):
    key = ada.identity.create_api_key(user="amina@acme.test")
    assert key.created_by == ada.scope.actor_id
    assert as_of(store, key).scope.role == "member"
    refused("credential_refused", ada.identity.create_api_key, user="oli@acme.test")
    refused("user_not_found", ada.identity.create_api_key, user="gus@globex.test")
    refused("tenant_not_found", ada.identity.create_api_key, user="gus@globex.test", tenant="globex")
    owner = store.tenant("acme").user("oli@acme.test").identity
    assert as_of(store, owner.create_api_key(user="ada@acme.test")).scope.role == "admin"


def test_a_narrowed_key_makes_no_broader_or_longer_one(store, root):
    soon = datetime.now(UTC) + LATER
    narrow = key_for(root, "amina@acme.test", scopes=["identity:write", "conversations:read"], expires_at=soon)
    scope = as_of(store, narrow)
    assert scope.scope.grants == {"identity:write", "conversations:read"}
    for scopes in (None, ["conversations:write"], ["identity:write", "conversations:write"]):
        refused("credential_refused", scope.identity.create_api_key, scopes=scopes, expires_at=soon)
    refused("credential_refused", scope.identity.create_api_key, scopes=["conversations:read"])
    refused(
        "credential_refused",
        scope.identity.create_api_key,
        scopes=["conversations:read"],
        expires_at=soon + timedelta(seconds=1),
    )
    made = scope.identity.create_api_key(scopes=["conversations:read", "identity:read"], expires_at=soon)
    assert as_of(store, made).scope.grants == {"conversations:read", "identity:read"}
    refused("credential_refused", scope.identity.set_password, "amina@acme.test", "a new password of mine")


@pytest.mark.parametrize(
    "scopes", [[], "conversations:write", ["conversations"], ["conversations:delete"], ["x:read"], [5], [None], 5, {}]
)
def test_scopes_that_are_none_are_refused(root, scopes):
    assert "scopes: " in refused("invalid_input", key_for, root, "amina@acme.test", scopes=scopes)


def test_a_key_that_has_expired_already_is_not_made(root):
    for moment in (datetime.now(UTC) - LATER, datetime(2026, 1, 1), "tomorrow"):  # no zone, on purpose
        refused("invalid_input", key_for, root, "amina@acme.test", expires_at=moment)


def test_a_key_without_a_user_is_refused(root):
    refused("invalid_input", root.create_api_key, tenant="acme")
    refused("user_not_found", key_for, root, "nobody@acme.test")
    refused("tenant_not_found", key_for, root, "amina@acme.test", tenant="nobody")
    refused("user_not_found", root.create_api_key, user="amina@acme.test")


def test_a_narrowed_key_gives_nobody_more_than_it_has(store, root):
    key = key_for(root, "oli@acme.test", scopes=["identity:write"])
    inside = as_of(store, key).identity
    for call in (
        lambda: inside.create_user("new@acme.test", role="owner"),
        lambda: inside.set_role("amina@acme.test", "owner"),
        lambda: inside.set_role("oli@acme.test", "member"),
        lambda: inside.set_status("oli@acme.test", "suspended"),
        lambda: inside.create_visitor(),
        lambda: inside.set_password("amina@acme.test", "correct horse battery"),
    ):
        assert "narrowed" in refused("credential_refused", call)
    assert inside.set_role("amina@acme.test", "auditor").role == "auditor"
    whole = as_of(store, key_for(root, "oli@acme.test")).identity
    assert whole.set_role("amina@acme.test", "owner").role == "owner"
    assert whole.create_visitor().token


def test_a_key_that_expires_sets_no_password_which_would_outlast_it(store, root):
    key = key_for(root, "oli@acme.test", expires_at=datetime.now(UTC) + LATER)
    inside = as_of(store, key).identity
    for email in ("oli@acme.test", "amina@acme.test"):
        text = refused("credential_refused", inside.set_password, email, "correct horse battery")
        assert "expires" in text
    refused(
        "not_authenticated",
        lambda: root.log_in(tenant="acme", email="oli@acme.test", password="correct horse battery"),
    )
    as_of(store, key_for(root, "oli@acme.test")).identity.set_password("amina@acme.test", "correct horse battery")


def test_an_administrator_ends_no_credentials_of_those_above(store, root, ada):
    owner = store.tenant("acme").user("oli@acme.test").identity
    root.create_user("eve@acme.test", role="admin", tenant="acme")
    for email in ("oli@acme.test", "eve@acme.test"):
        root.set_password(email, "correct horse battery", tenant="acme")
        key = key_for(root, email)
        session = root.log_in(tenant="acme", email=email, password="correct horse battery")
        refused("credential_refused", ada.identity.revoke_api_key, key.id)
        refused("credential_refused", ada.identity.revoke_session, session.id)
        assert as_of(store, key) and store.authenticate(session.token)
        assert owner.revoke_api_key(key.id).revoked_at and owner.revoke_session(session.id).revoked_at
    for email in ("amina@acme.test", "ada@acme.test"):
        assert ada.identity.revoke_api_key(key_for(root, email).id).revoked_at
    assert ada.identity.revoke_session(ada.identity.create_visitor().id).revoked_at
