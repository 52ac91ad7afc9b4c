"""Platform roles: who looks after the store as a whole, and how far each may go."""

import pytest
from support.refusals import refused

PASSWORD = "correct horse battery"


@pytest.fixture
def root(store):
    return store.system().identity


@pytest.fixture
def sue(store, root):
    root.set_platform_role("sue@platform.test", "super_admin")
    return store.platform("Sue@Platform.test ")


@pytest.fixture
def pat(store, root):
    root.set_platform_role("pat@platform.test", "admin")
    return store.platform("pat@platform.test")


def test_a_role_is_given_and_taken(store, root):
    assert root.set_platform_role("pat@platform.test", "admin").platform_role == "admin"
    assert store.platform("pat@platform.test").scope.role == "platform_admin"
    assert [(user.email, user.platform_role) for user in root.list_platform_users()] == [("pat@platform.test", "admin")]
    held = store.platform("pat@platform.test")
    root.set_platform_role("pat@platform.test", "user")
    refused("user_not_found", held.identity.list_tenants)
    refused("user_not_found", store.platform, "pat@platform.test")
    assert root.list_platform_users() == []


@pytest.mark.parametrize("email", ["amina@acme.test", "nobody@x.test", "", "oli@acme.test"])
def test_who_has_no_platform_role_gets_no_platform_scope(store, email):
    refused("user_not_found", store.platform, email)


def test_both_look_after_tenants(sue, pat):
    for number, scope in enumerate((sue, pat)):
        slug = f"new-{number}"
        scope.identity.create_tenant(slug)
        scope.identity.create_user("first@new.test", role="admin", tenant=slug)
        assert [member.email for member in scope.identity.list_members(tenant=slug)] == ["first@new.test"]
        assert scope.identity.suspend_tenant(slug, reason="test").status == "suspended"
        assert scope.identity.restore_tenant(slug).status == "active"


def test_only_a_super_admin_deletes_and_gives_platform_roles(store, root, sue, pat):
    for call in (
        lambda who: who.identity.delete_tenant("acme", reason="x"),
        lambda who: who.identity.set_platform_role("pat@platform.test", "super_admin"),
        lambda who: who.identity.list_platform_users(),
    ):
        refused("permission_denied", call, pat)
    assert store.tenant("acme").tenant.status == "active"
    assert sue.identity.set_platform_role("pat@platform.test", "super_admin").platform_role == "super_admin"
    assert store.platform("pat@platform.test").scope.role == "super_admin"


def test_a_platform_scope_has_no_conversations_and_no_preferences(sue, pat):
    for scope in (sue, pat):
        assert not hasattr(scope, "conversations")
        refused("permission_denied", scope.identity.preferences)
        refused("permission_denied", lambda who=scope: who.identity.log_in(tenant=None, email="a@b", password="x"))


def test_a_tenants_people_give_no_platform_roles(store, amina, ada):
    for scope in (amina, ada, store.tenant("acme").user("oli@acme.test")):
        refused("permission_denied", scope.identity.set_platform_role, "amina@acme.test", "super_admin")
        refused("permission_denied", scope.identity.list_platform_users)


def test_a_platform_role_gives_nothing_within_a_tenant(store, root):
    root.set_platform_role("amina@acme.test", "super_admin")
    amina = store.tenant("acme").user("amina@acme.test")
    assert amina.scope.role == "member"
    refused("permission_denied", amina.identity.create_user, "x@acme.test")


def test_platform_people_log_in_and_have_keys(store, root, sue):
    root.set_password("sue@platform.test", PASSWORD)
    token = root.log_in(tenant=None, email="sue@platform.test", password=PASSWORD).token
    inside = store.authenticate(token)
    assert (inside.scope.role, inside.scope.tenant_id) == ("super_admin", None)
    key = inside.identity.create_api_key(name="ci")
    assert [tenant.slug for tenant in store.authenticate(key.secret).identity.list_tenants()] == ["acme", "globex"]
    assert [listed.id for listed in inside.identity.list_api_keys()] == [key.id]
    assert len(inside.identity.list_sessions()) == 1
    root.set_platform_role("sue@platform.test", "user")
    for secret in (token, key.secret):
        refused("not_authenticated", store.authenticate, secret)
    refused("not_authenticated", lambda: root.log_in(tenant=None, email="sue@platform.test", password=PASSWORD))


def test_a_platform_admin_gets_at_no_super_admins_credentials(store, root, sue, pat):
    root.set_password("sue@platform.test", PASSWORD)
    session = root.log_in(tenant=None, email="sue@platform.test", password=PASSWORD)
    key = sue.identity.create_api_key()
    refused("permission_denied", pat.identity.create_api_key)
    refused("permission_denied", pat.identity.set_password, "sue@platform.test", "another long password")
    refused("permission_denied", pat.identity.create_api_key, user="sue@platform.test")
    refused("permission_denied", pat.identity.list_sessions, user="sue@platform.test")
    refused("session_not_found", pat.identity.revoke_session, session.id)
    refused("api_key_not_found", pat.identity.revoke_api_key, key.id)
    assert pat.identity.list_sessions() == pat.identity.list_api_keys() == []
    pat.identity.set_password("pat@platform.test", "another long password")
    assert sue.identity.revoke_session(session.id)
    assert store.authenticate(key.secret)


def test_a_platform_admin_makes_no_keys_to_what_tenants_keep(store, sue, pat):
    for email in ("oli@acme.test", "amina@acme.test"):
        refused("permission_denied", lambda e=email: pat.identity.create_api_key(user=e, tenant="acme"))
    key = sue.identity.create_api_key(user="oli@acme.test", tenant="acme")
    assert store.authenticate(key.secret).scope.role == "owner"
    assert [found.id for found in pat.identity.list_api_keys(user="oli@acme.test", tenant="acme")] == [key.id]
    assert pat.identity.revoke_api_key(key.id).revoked_at


def test_a_platform_admin_makes_no_owner_and_becomes_none(store, root, sue, pat):
    people = pat.identity
    for call in (
        lambda: people.create_user("pats@acme.test", role="owner", tenant="acme"),
        lambda: people.set_role("amina@acme.test", "owner", tenant="acme"),
        lambda: people.set_role("oli@acme.test", "member", tenant="acme"),
        lambda: people.set_status("oli@acme.test", "suspended", tenant="acme"),
        lambda: people.set_password("oli@acme.test", PASSWORD, tenant="acme"),
    ):
        refused("permission_denied", call)
    refused("not_authenticated", lambda: root.log_in(tenant="acme", email="oli@acme.test", password=PASSWORD))
    assert [m.email for m in root.list_members(tenant="acme") if m.role == "owner"] == ["oli@acme.test"]
    people.set_password("amina@acme.test", PASSWORD, tenant="acme")
    sue.identity.set_password("oli@acme.test", PASSWORD, tenant="acme")
    assert root.log_in(tenant="acme", email="oli@acme.test", password=PASSWORD).token


def test_a_narrowed_platform_key_gives_nobody_a_role(store, sue):
    key = sue.identity.create_api_key(scopes=["identity:read"])
    inside = store.authenticate(key.secret).identity
    assert len(inside.list_tenants()) == 2
    refused("not_granted", inside.set_platform_role, "pat@platform.test", "admin")
    refused("not_granted", inside.delete_tenant, "acme", reason="x")
    assert store.tenant("acme").tenant.status == "active"


def test_the_trail_of_the_store_is_not_for_platform_people(sync_store):
    sync_store.system().identity.set_platform_role("sue@platform.test", "super_admin")
    sue = sync_store.platform("sue@platform.test")
    refused("permission_denied", sue.audit.list)
    refused("permission_denied", sue.audit_of("acme").list)
