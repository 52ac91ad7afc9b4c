"""Identity: roles, tenants and their walls."""

import pytest

from holdfast import HoldfastError

MANY = ("owner", "admin", "member", "auditor")


@pytest.fixture
def root(store):
    return store.system().identity


def refused(code, text, call, *args, **kwargs):
    with pytest.raises(HoldfastError, match=text) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code
    return str(caught.value)


def scope(store, email, tenant="acme"):
    return store.tenant(tenant).user(email)


def test_a_tenant_is_what_was_asked_for(store, root):
    made = root.create_tenant("initech", name="Initech GmbH", settings={"colour": "red"})
    assert (made.slug, made.name, made.settings) == ("initech", "Initech GmbH", {"colour": "red"})
    assert made in root.list_tenants()
    assert store.tenant("initech").tenant == made
    assert [tenant.slug for tenant in root.list_tenants()] == ["acme", "globex", "initech"]


def test_a_slug_is_taken_once(root):
    text = refused("tenant_exists", "already a tenant 'acme'", root.create_tenant, "acme")
    assert "choose another slug" in text


@pytest.mark.parametrize("slug", ["a", "a1", "a-b", "0", "a" * 63])
def test_a_slug_is_letters_digits_and_inner_hyphens(root, slug):
    assert root.create_tenant(slug).name == slug


def test_any_other_slug_is_refused(root):
    for slug in ("", "A", "a_b", "-a", "a-", "a b", "ä", "a" * 64, "a/b", "a\n", "a.b", None, 5, "a\0", "\ud800"):
        refused("invalid_input", "slug: ", root.create_tenant, slug)
    assert len(root.list_tenants()) == 2


def test_a_tenant_or_user_that_is_not_there_is_named(store):
    refused("tenant_not_found", "no tenant 'nobody'", store.tenant, "nobody")
    refused("user_not_found", "no user 'who@x.test'", store.tenant("acme").user, "who@x.test")


def test_nonsense_in_place_of_a_slug_or_an_address_names_nobody(store):
    for nonsense in ("", "a\0b", "\ud800", "x" * 100_000, "' OR 1=1 --"):
        with pytest.raises(HoldfastError) as caught:
            store.tenant(nonsense)
        assert caught.value.code in ("tenant_not_found", "invalid_input"), nonsense[:20]
        with pytest.raises(HoldfastError) as caught:
            store.tenant("acme").user(nonsense)
        assert caught.value.code in ("user_not_found", "invalid_input"), nonsense[:20]


def test_an_address_is_known_whatever_its_case(store, root):
    root.create_user("  Rosa@Acme.Test ", tenant="acme", name="Rosa")
    assert scope(store, "ROSA@acme.test").scope.role == "member"
    refused("user_exists", "already a member of this tenant", root.create_user, "rosa@ACME.test", tenant="acme")


def test_an_address_that_is_none_is_refused(root):
    for email in ("", "rosa", "@acme", "rosa@", "a b@c", "a@b@c", None, 5, "a\0@b", "\ud800@b", "a" * 400 + "@b"):
        refused("invalid_input", "email: ", root.create_user, email, tenant="acme")


def test_a_user_without_a_tenant_is_refused(root):
    refused("invalid_input", "tenant: which one", root.create_user, "rosa@acme.test")
    refused("tenant_not_found", "no tenant 'nobody'", root.create_user, "rosa@acme.test", tenant="nobody")


@pytest.mark.parametrize("role", MANY)
def test_each_role_is_given_and_changed(store, root, role):
    root.create_user("rosa@acme.test", tenant="acme", role=role)
    assert scope(store, "rosa@acme.test").scope.role == role
    for other in MANY:
        assert root.set_role("Rosa@acme.test", other, tenant="acme").role == other
        assert scope(store, "rosa@acme.test").scope.role == other


def test_an_unknown_role_is_given_to_nobody(store, root):
    for role in ("operator", "root", "Member", "", None, 5, ["admin"]):
        refused(
            "invalid_input",
            "role: .* is not one of owner, admin",
            root.create_user,
            "r@x.test",
            tenant="acme",
            role=role,
        )
        refused("invalid_input", "role: ", root.set_role, "amina@acme.test", role, tenant="acme")
    refused("user_not_found", "no user", store.tenant("acme").user, "r@x.test")
    refused("user_not_found", "no user", root.set_role, "gus@globex.test", "admin", tenant="acme")


def test_the_same_person_has_a_role_in_each_tenant(store):
    in_acme, in_globex = scope(store, "ada@acme.test"), scope(store, "ada@acme.test", "globex")
    assert in_acme.scope.actor_id == in_globex.scope.actor_id
    assert in_acme.scope.tenant_id != in_globex.scope.tenant_id
    chat = in_acme.conversations.create(title="in acme")
    refused("conversation_not_found", "no conversation", in_globex.conversations.get, chat.id)
    assert in_globex.conversations.list().items == ()
    store.system().identity.set_role("ada@acme.test", "auditor", tenant="globex")
    assert scope(store, "ada@acme.test").scope.role == "admin"


def test_members_are_listed_within_their_tenant(store, amina):
    members = amina.identity.list_members()
    emails = [member.email for member in members]
    assert emails == sorted(emails)
    assert "gus@globex.test" not in emails
    assert {member.role for member in members if member.email == "ada@acme.test"} == {"admin"}
    assert [m.email for m in scope(store, "gus@globex.test", "globex").identity.list_members()] == [
        "ada@acme.test", "gus@globex.test",
    ]  # fmt: skip


def test_a_workspace_is_unique_in_its_tenant_only(root, amina, gus):
    one = root.create_workspace("Client A", tenant="acme")
    other = root.create_workspace("Client A", tenant="globex")
    refused("workspace_exists", "already a workspace 'Client A'", root.create_workspace, "Client A", tenant="acme")
    assert amina.identity.list_workspaces() == [one]
    assert gus.identity.list_workspaces() == [other]
    for name in ("", "  ", None, "a\0", "x" * 501):
        refused("invalid_input", "name: ", root.create_workspace, name, tenant="acme")


@pytest.mark.parametrize("email", ["amina@acme.test", "aud@acme.test"])
def test_members_and_auditors_administer_nothing(store, email):
    identity = scope(store, email).identity
    for call in (
        lambda: identity.create_tenant("new"),
        lambda: identity.list_tenants(),
        lambda: identity.configure_tenant({}),
        lambda: identity.create_user("r@x.test"),
        lambda: identity.set_role(email, "owner"),
        lambda: identity.create_workspace("w"),
    ):
        refused("permission_denied", "may not do 'identity", call)
    refused("user_not_found", "no user", store.tenant("acme").user, "r@x.test")


@pytest.mark.parametrize("email", ["ada@acme.test", "oli@acme.test"])
def test_those_who_administer_a_tenant_act_in_it_without_naming_it(store, email):
    identity = scope(store, email).identity
    identity.create_user("rosa@acme.test", role="auditor")
    assert identity.set_role("rosa@acme.test", "member").role == "member"
    assert identity.create_workspace("Client A") in identity.list_workspaces()
    assert identity.configure_tenant({"colour": "red"}, tenant="acme").settings == {"colour": "red"}
    for call in (lambda: identity.create_tenant("new"), lambda: identity.list_tenants()):
        refused("permission_denied", "may not do", call)


def test_an_administrator_is_confined_to_their_tenant_and_learns_nothing_of_others(store, ada):
    identity = ada.identity
    calls = (
        lambda tenant: identity.create_user("gus@globex.test", tenant=tenant),
        lambda tenant: identity.create_user("new@x.test", tenant=tenant),
        lambda tenant: identity.set_role("gus@globex.test", "auditor", tenant=tenant),
        lambda tenant: identity.create_workspace("w", tenant=tenant),
        lambda tenant: identity.configure_tenant({"x": 1}, tenant=tenant),
    )
    for call in calls:
        theirs = refused("tenant_not_found", "no tenant 'globex'", call, "globex")
        nobodys = refused("tenant_not_found", "no tenant 'nobody'", call, "nobody")
        assert theirs.replace("globex", "nobody") == nobodys
    refused("user_not_found", "no user", identity.set_role, "gus@globex.test", "auditor")
    assert store.tenant("globex").tenant.settings == {}
    assert scope(store, "gus@globex.test", "globex").scope.role == "member"
    assert store.system().identity.list_tenants()[1].settings == {}


def test_the_operator_is_told_that_members_are_listed_within_a_tenant(root):
    for call in (root.list_members, root.list_workspaces):
        with pytest.raises(HoldfastError) as caught:
            call()
        assert caught.value.code in ("permission_denied", "invalid_input")


def test_settings_are_a_json_object_within_limits(root):
    for settings in ([], "x", {"a": object()}, {"a": float("nan")}, {"a": "x" * 70_000}, {1: 2}):
        refused("invalid_input", "settings", root.configure_tenant, settings, tenant="acme")
    assert root.list_tenants()[0].settings == {}
