"""Tenants and members suspended and restored; the members that scopes already hold notice."""

import pytest
from support.refusals import refused


@pytest.fixture
def root(store):
    return store.system().identity


def test_a_suspended_tenant_refuses_everybody_and_keeps_everything(store, root, amina):
    chat = amina.conversations.create(title="kept")
    amina.conversations.append(chat.id, role="user", content="kept")
    assert root.suspend_tenant("acme", reason="unpaid").status == "suspended"
    refused("tenant_suspended", store.tenant("acme").user, "amina@acme.test")
    for call in (amina.conversations.list, lambda: amina.conversations.append(chat.id, role="user", content="x")):
        refused("tenant_suspended", call)
    assert store.tenant("globex").user("gus@globex.test").conversations.list().items == ()
    assert root.restore_tenant("acme").status == "active"
    assert [message.content for message in amina.conversations.messages(chat.id).items] == ["kept"]


def test_suspending_twice_and_restoring_what_is_active_is_no_error(root):
    for _ in range(2):
        assert root.suspend_tenant("acme", reason="unpaid").status == "suspended"
    for _ in range(2):
        assert root.restore_tenant("acme").status == "active"
    assert {tenant.status for tenant in root.list_tenants()} == {"active"}


def test_a_suspension_has_a_reason_and_a_tenant(root, ada):
    for reason in ("", None, 5):
        refused("invalid_input", root.suspend_tenant, "acme", reason=reason)
    refused("tenant_not_found", root.suspend_tenant, "nobody", reason="x")
    refused("tenant_not_found", root.restore_tenant, "nobody")
    refused("permission_denied", ada.identity.suspend_tenant, "acme", reason="x")
    refused("permission_denied", ada.identity.restore_tenant, "acme")


def test_a_suspended_member_is_out_here_and_nowhere_else(store, root, ada, amina):
    here, there = store.tenant("acme").user("ada@acme.test"), store.tenant("globex").user("ada@acme.test")
    store.tenant("acme").user("oli@acme.test").identity.set_status("ada@acme.test", "suspended")
    refused("membership_suspended", here.identity.list_members)
    refused("membership_suspended", here.identity.set_status, "ada@acme.test", "active")
    refused("membership_suspended", store.tenant("acme").user, "ada@acme.test")
    assert there.identity.list_members()
    assert {m.email: m.status for m in amina.identity.list_members()}["ada@acme.test"] == "suspended"
    assert root.set_status("ada@acme.test", "active", tenant="acme").status == "active"
    assert here.identity.list_members()


def test_who_suspends_whom(store, root, amina, ada):
    refused("permission_denied", amina.identity.set_status, "ben@acme.test", "suspended")
    refused("permission_denied", ada.identity.set_status, "oli@acme.test", "suspended")
    refused("user_not_found", ada.identity.set_status, "gus@globex.test", "suspended")
    refused("tenant_not_found", ada.identity.set_status, "gus@globex.test", "suspended", tenant="globex")
    refused("invalid_input", ada.identity.set_status, "amina@acme.test", "gone")
    assert ada.identity.set_status("amina@acme.test", "suspended").status == "suspended"


def test_an_administrator_who_is_demoted_acts_no_more(store, ada):
    owner = store.tenant("acme").user("oli@acme.test").identity
    owner.set_role("ada@acme.test", "member")
    refused("permission_denied", ada.identity.create_user, "x@acme.test")


def test_a_member_cannot_be_made_owner_by_an_administrator_in_any_way(ada):
    for call in (
        lambda: ada.identity.create_user("x@acme.test", role="owner"),
        lambda: ada.identity.set_role("amina@acme.test", "owner"),
        lambda: ada.identity.set_role("ada@acme.test", "owner"),
        lambda: ada.identity.set_role("oli@acme.test", "member"),
        lambda: ada.identity.create_api_key(user="oli@acme.test"),
        lambda: ada.identity.set_password("oli@acme.test", "a long enough password"),
        lambda: ada.identity.list_sessions(user="oli@acme.test"),
    ):
        with pytest.raises(Exception, match="owner") as caught:
            call()
        assert caught.value.code in ("permission_denied", "credential_refused")
