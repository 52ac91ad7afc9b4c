"""Passwords: who may set whose, and what that ends."""

import pytest

from holdfast import HoldfastError

PASSWORD, OTHER = "correct horse battery", "another long password"


@pytest.fixture
def root(store):
    return store.system().identity


def refused(code, call, *args, **kwargs):
    with pytest.raises(HoldfastError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


def log_in(root, email, password, tenant="acme"):
    return root.log_in(tenant=tenant, email=email, password=password)


def test_a_person_sets_their_own(root, amina):
    amina.identity.set_password("amina@acme.test", PASSWORD)
    assert log_in(root, "amina@acme.test", PASSWORD).user_id == amina.scope.actor_id
    amina.identity.set_password("Amina@acme.test", OTHER)
    refused("not_authenticated", log_in, root, "amina@acme.test", PASSWORD)
    assert log_in(root, "amina@acme.test", OTHER)


def test_who_is_logged_in_gives_the_present_one_and_keeps_their_session_only(store, root, amina):
    amina.identity.set_password("amina@acme.test", PASSWORD)
    mine, elsewhere = (log_in(root, "amina@acme.test", PASSWORD).token for _ in range(2))
    inside = store.authenticate(mine).identity
    for wrong in (None, "", OTHER):
        refused("not_authenticated", inside.set_password, "amina@acme.test", OTHER, current=wrong)
    inside.set_password("amina@acme.test", OTHER, current=PASSWORD)
    assert store.authenticate(mine)
    refused("not_authenticated", store.authenticate, elsewhere)


def test_nobody_sets_anothers_but_those_above(store, root, amina, ada, gus):
    for email in ("ben@acme.test", "nobody@acme.test", "gus@globex.test"):
        refused("credential_refused", amina.identity.set_password, email, PASSWORD)
    ada.identity.set_password("amina@acme.test", PASSWORD)
    assert log_in(root, "amina@acme.test", PASSWORD)
    root.create_user("eve@acme.test", role="admin", tenant="acme")
    for email in ("oli@acme.test", "eve@acme.test"):
        refused("credential_refused", ada.identity.set_password, email, PASSWORD)
    refused("user_not_found", ada.identity.set_password, "gus@globex.test", PASSWORD)
    refused("tenant_not_found", ada.identity.set_password, "gus@globex.test", PASSWORD, tenant="globex")
    store.tenant("acme").user("oli@acme.test").identity.set_password("ada@acme.test", PASSWORD)
    assert log_in(root, "ada@acme.test", PASSWORD)


def test_a_tenants_administrator_gets_no_key_to_another_tenant(store, root):
    store.tenant("acme").user("oli@acme.test").identity.set_password("ada@acme.test", PASSWORD)
    refused("not_authenticated", log_in, root, "ada@acme.test", PASSWORD, tenant="globex")
    root.set_platform_role("ada@acme.test", "super_admin")
    refused("not_authenticated", log_in, root, "ada@acme.test", PASSWORD, tenant=None)


def test_a_new_password_ends_what_an_administrator_thinks_was_stolen(store, root, ada, amina):
    amina.identity.set_password("amina@acme.test", PASSWORD)
    stolen = log_in(root, "amina@acme.test", PASSWORD).token
    ada.identity.set_password("amina@acme.test", OTHER)
    refused("not_authenticated", store.authenticate, stolen)


@pytest.mark.parametrize("password", ["short", "", "x" * 1_025, None, 5])
def test_a_password_that_is_none_is_refused(amina, password):
    text = refused("invalid_input", amina.identity.set_password, "amina@acme.test", password)
    assert text.startswith("password: ") and "x" * 12 not in text


def test_api_keys_go_on_unless_they_are_to_end_as_well(store, root, ada, amina):
    mine, other = (root.create_api_key(tenant="acme", user=f"{name}@acme.test") for name in ("amina", "ben"))
    ada.identity.set_password("amina@acme.test", PASSWORD)
    assert store.authenticate(mine.secret)
    ada.identity.set_password("amina@acme.test", PASSWORD, revoke_keys=True)
    refused("not_authenticated", store.authenticate, mine.secret)
    assert store.authenticate(other.secret)
    root.set_platform_role("sue@platform.test", "super_admin")
    sue = store.platform("sue@platform.test").identity
    used, lost = sue.create_api_key(), sue.create_api_key()
    store.authenticate(used.secret).identity.set_password("sue@platform.test", PASSWORD, revoke_keys=True)
    assert store.authenticate(used.secret)
    refused("not_authenticated", store.authenticate, lost.secret)
