"""What identity leaves in the trail: who did what to whom, by id; no address, secret or value."""

from datetime import timedelta

import pytest
from support.refusals import refused

from holdfast.core.crypto.environment import EnvironmentRing

PASSWORD = "correct horse battery"


@pytest.fixture
def root(store):
    return store.system().identity


def lines(store, tenant="acme"):
    """Those of identity; looking at the trail leaves some of its own."""
    found = store.system().audit_of(tenant).list(limit=200).items
    return [line for line in found if line.operation.startswith("identity.")]


def test_each_change_says_what_it_was_about_and_nothing_secret(store, root, ada, amina):
    before = {line.id for line in lines(store)}
    identity = ada.identity
    identity.create_user("rosa@acme.test", name="Rosa")
    identity.set_role("rosa@acme.test", "auditor")
    identity.set_status("rosa@acme.test", "suspended")
    identity.set_password("amina@acme.test", PASSWORD)
    session = root.log_in(tenant="acme", email="amina@acme.test", password=PASSWORD, agent="Firefox")
    key = identity.create_api_key(user="amina@acme.test", scopes=["conversations:read"])
    identity.revoke_api_key(key.id)
    identity.revoke_session(session.id)
    workspace = identity.create_workspace("Client")
    identity.assign(workspace.id, "amina@acme.test")
    identity.archive_workspace(workspace.id)
    identity.publish_profile(branding={"colour": "heliotrope"})
    identity.configure_tenant({"x": "heliotrope"})
    amina.identity.set_preference("style", "heliotrope")
    root.suspend_tenant("acme", reason="unpaid")
    root.restore_tenant("acme")
    made = [line for line in lines(store) if line.id not in before]
    assert {line.operation.partition(".")[2] for line in made} == {
        "create_user", "set_role", "set_status", "set_password", "log_in", "create_api_key", "revoke_api_key",
        "revoke_session", "create_workspace", "assign", "archive_workspace", "publish_profile", "configure_tenant",
        "set_preference", "suspend_tenant", "restore_tenant",
    }  # fmt: skip
    assert len(made) == 16 and {line.outcome for line in made} == {"done"}
    assert all(line.target_kind and line.target_id for line in made)
    secrets = ("@acme.test", PASSWORD, session.token, key.secret, "heliotrope", "Rosa", "Firefox", "argon2")
    assert not [(line, secret) for line in made for secret in secrets if secret in str(line)]
    by = {line.operation: line for line in made}
    assert by["identity.set_role"].actor_id == ada.scope.actor_id
    assert by["identity.set_role"].details == {"role": "auditor", "before": "member"}
    assert by["identity.suspend_tenant"].details["reason"] == "unpaid"


def test_failed_logins_name_the_person_if_there_is_one(store, root, amina):
    root.set_password("amina@acme.test", PASSWORD, tenant="acme")
    for email in ("amina@acme.test", "nobody@acme.test"):
        refused("not_authenticated", lambda e=email: root.log_in(tenant="acme", email=e, password="wrong password"))
    denied = [line for line in lines(store) if line.outcome == "denied"]
    assert {line.target_id for line in denied} == {amina.scope.actor_id, None}
    assert {(line.operation, line.reason) for line in denied} == {("identity.log_in", "not_authenticated")}


def test_attempts_beyond_ones_role_are_recorded(store, amina, ben):
    refused("permission_denied", amina.identity.create_user, "x@acme.test")
    refused("credential_refused", amina.identity.create_api_key, user="ben@acme.test")
    denied = {(line.operation, line.reason, line.actor_id) for line in lines(store) if line.outcome == "denied"}
    assert denied == {
        ("identity.create_user", "permission_denied", amina.scope.actor_id),
        ("identity.create_api_key", "credential_refused", amina.scope.actor_id),
    }


def test_a_line_says_with_which_credential_and_from_where(store, root):
    key = root.create_api_key(tenant="acme", user="ada@acme.test")
    inside = store.authenticate(key.secret, request_id="r-7", address="192.0.2.7", face="http")
    inside.identity.create_workspace("Client")
    (line,) = [line for line in lines(store) if line.operation == "identity.create_workspace"]
    assert (line.credential_id, line.request_id, line.address, line.face) == (key.id, "r-7", "192.0.2.7", "http")


def test_a_user_id_tells_nothing_of_when_somebody_came(root):
    made = root.create_user("new@acme.test", tenant="acme")
    assert made.user_id.version == 4


def denied(store, tenant="acme"):
    """Each refusal: its operation and reason, by whom and with what."""
    found = store.system().audit_of(tenant).list(limit=200).items
    return [
        (line.operation, line.reason, line.actor_id, line.credential_id) for line in found if line.outcome == "denied"
    ]


def test_a_password_that_may_not_be_set_leaves_a_line(store, root, amina):
    root.set_password("amina@acme.test", PASSWORD, tenant="acme")
    session = root.log_in(tenant="acme", email="amina@acme.test", password=PASSWORD)
    key = root.create_api_key(tenant="acme", user="amina@acme.test", scopes=["identity:write"])
    inside, narrow = (store.authenticate(secret).identity for secret in (session.token, key.secret))
    refused("not_authenticated", inside.set_password, "amina@acme.test", "another long one", current="a wrong one")
    refused("credential_refused", narrow.set_password, "amina@acme.test", "another long one")
    who = amina.scope.actor_id
    assert sorted(denied(store)) == [
        ("identity.set_password", "credential_refused", who, key.id),
        ("identity.set_password", "not_authenticated", who, session.id),
    ]


def test_a_credential_that_was_good_once_leaves_one_line_a_minute(store, root, amina, monkeypatch):
    who = amina.scope.actor_id
    keys = [root.create_api_key(tenant="acme", user="amina@acme.test") for _ in range(2)]
    root.revoke_api_key(keys[0].id)
    root.set_status("amina@acme.test", "suspended", tenant="acme")
    for _ in range(3):
        refused("not_authenticated", store.authenticate, keys[0].secret)
        refused("membership_suspended", store.authenticate, keys[1].secret, address="192.0.2.7", face="http")
        refused("not_authenticated", store.authenticate, "hf_" + "0" * 36)
    made = {
        ("identity.authenticate", "not_authenticated", who, keys[0].id),
        ("identity.authenticate", "membership_suspended", who, keys[1].id),
    }
    assert set(denied(store)) == made and len(denied(store)) == 2
    monkeypatch.setattr("holdfast.domains.identity.authentication.NOTED_EVERY", timedelta(0))
    refused("not_authenticated", store.authenticate, keys[0].secret)
    assert len(denied(store)) == 3
    line = next(line for line in lines(store) if line.reason == "membership_suspended")
    assert (line.address, line.face, line.target_kind, line.target_id) == ("192.0.2.7", "http", "api_key", keys[1].id)


def test_what_platform_people_may_not_do_with_keys_leaves_a_line_and_touches_no_ring(store, root):
    class Ring(EnvironmentRing):
        added = 0

        def keys(self):
            return []

        def add(self):
            self.added += 1

    ring = Ring("new:" + "2" * 64)
    root.set_platform_role("pat@platform.test", "admin")
    pat = store.platform("pat@platform.test").keys
    refused("permission_denied", pat.list_ring)
    refused("permission_denied", lambda: pat.rotate(to=ring))
    refused("permission_denied", lambda: pat.rotate_data(store.tenant("acme").tenant.id))
    assert ring.added == 0
    made = [(line.operation, line.reason) for line in store.system().audit.list().items if line.outcome == "denied"]
    assert sorted(made) == [("keys.list", "permission_denied"), *[("keys.rotate", "permission_denied")] * 2]
