"""Sessions: opened with a password, sliding, ending, revoked; and what those who guess get."""

from datetime import UTC, datetime, timedelta

import pytest
from support.backdoor import Backdoor

import holdfast
from holdfast import HoldfastError
from holdfast.core import clock

PASSWORD = "correct horse battery"


@pytest.fixture
def root(store):
    return store.system().identity


@pytest.fixture
def with_password(root):
    root.set_password("amina@acme.test", PASSWORD, tenant="acme")


def refused(code, call, *args, **kwargs):
    with pytest.raises(HoldfastError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


def log_in(root, email="amina@acme.test", password=PASSWORD, tenant="acme", **options):
    return root.log_in(tenant=tenant, email=email, password=password, **options)


def backdoor(store):
    return Backdoor(store._target._store.engine if hasattr(store, "_target") else store.engine)


def move(store, column, moment):
    """Set a time in every session."""
    door = backdoor(store)
    value = moment if door.name == "postgresql" else clock.to_microseconds(moment)
    door.run(f"UPDATE sessions SET {column} = ?", value)


def test_a_password_opens_a_session_and_its_token_is_the_person(store, root, amina, with_password):
    session = log_in(root, " AMINA@acme.test ", address="192.0.2.1", agent="Firefox")
    assert session.token.startswith("hs_") and session.token not in repr(session)
    scope = store.authenticate(session.token, request_id="r", face="http")
    assert (scope.scope.actor_id, scope.scope.role, scope.scope.grants) == (amina.scope.actor_id, "member", None)
    assert scope.scope.credential_id == session.id
    (listed,) = amina.identity.list_sessions()
    assert (listed.address, listed.agent, listed.token) == ("192.0.2.1", "Firefox", None)
    assert session.token not in str(backdoor(store).run("SELECT * FROM sessions"))


def test_every_way_of_not_getting_in_is_answered_alike(root, with_password):
    texts = {
        refused("not_authenticated", log_in, root, **how)
        for how in (
            {"password": "a wrong password"},
            {"password": ""},
            {"password": PASSWORD + "x" * 1_000},
            {"email": "nobody@acme.test"},
            {"email": "gus@globex.test"},
            {"email": "ben@acme.test"},
            {"tenant": "globex"},
            {"tenant": "nobody"},
            {"tenant": ""},
            {"tenant": None},
            {"tenant": "' OR 1=1 --"},
        )
    }
    assert len(texts) == 1


def test_who_is_suspended_is_told_so_only_with_the_right_password(root, with_password):
    root.set_status("amina@acme.test", "suspended", tenant="acme")
    refused("not_authenticated", log_in, root, password="a wrong password")
    refused("membership_suspended", log_in, root)
    root.set_status("amina@acme.test", "active", tenant="acme")
    root.suspend_tenant("acme", reason="unpaid")
    refused("not_authenticated", log_in, root, password="a wrong password")
    refused("tenant_suspended", log_in, root)


def test_suspension_ends_the_session_for_as_long_as_it_lasts(store, root, with_password):
    token = log_in(root).token
    root.set_status("amina@acme.test", "suspended", tenant="acme")
    refused("membership_suspended", store.authenticate, token)
    root.set_status("amina@acme.test", "active", tenant="acme")
    assert store.authenticate(token).scope.role == "member"


def test_a_session_token_is_no_api_key_nor_the_other_way_round(store, root, with_password):
    token = log_in(root).token
    key = root.create_api_key(tenant="acme", user="amina@acme.test").secret
    for wrong in ("hf_" + token[3:], "hs_" + key[3:]):
        refused("not_authenticated", store.authenticate, wrong)


def test_a_session_slides_with_use_and_never_beyond_its_end(store, root, amina, with_password):
    session = log_in(root)
    assert session.expires_at - session.created_at == timedelta(hours=12)
    assert session.ends_at - session.created_at == timedelta(days=30)
    move(store, "last_used_at", datetime.now(UTC) - timedelta(minutes=2))
    move(store, "expires_at", datetime.now(UTC) + timedelta(minutes=5))
    store.authenticate(session.token, address="192.0.2.9", agent="Other")
    (slid,) = amina.identity.list_sessions()
    assert slid.expires_at - slid.last_used_at == timedelta(hours=12)
    assert (slid.address, slid.agent) == ("192.0.2.9", "Other")
    store.authenticate(session.token)
    assert amina.identity.list_sessions() == [slid], "within a minute nothing is written"
    end = datetime.now(UTC) + timedelta(hours=1)
    move(store, "last_used_at", datetime.now(UTC) - timedelta(minutes=2))
    move(store, "ends_at", end)
    store.authenticate(session.token)
    assert amina.identity.list_sessions()[0].expires_at == end


def test_an_expired_session_is_over_whatever_is_done_with_it(store, root, amina, with_password):
    token = log_in(root).token
    move(store, "expires_at", datetime.now(UTC) - timedelta(seconds=1))
    for _ in range(2):
        refused("not_authenticated", store.authenticate, token)
    assert amina.identity.list_sessions() == []


def test_one_session_is_revoked_or_all_or_the_one_in_use(store, root, amina, with_password):
    one, two, three = (log_in(root) for _ in range(3))
    assert amina.identity.revoke_session(one.id).revoked_at is not None
    refused("not_authenticated", store.authenticate, one.token)
    inside = store.authenticate(two.token)
    inside.identity.log_out()
    refused("not_authenticated", store.authenticate, two.token)
    refused("not_authenticated", inside.identity.log_out)
    refused("session_not_found", amina.identity.log_out)
    assert amina.identity.revoke_sessions() == 1
    refused("not_authenticated", store.authenticate, three.token)
    assert amina.identity.list_sessions() == [] and amina.identity.revoke_sessions() == 0


def test_nobody_sees_or_ends_anothers_session_but_those_above(store, root, amina, ben, ada, gus, with_password):
    session = log_in(root)
    for stranger in (ben, gus, store.tenant("globex").user("ada@acme.test")):
        refused("session_not_found", stranger.identity.revoke_session, session.id)
        assert stranger.identity.list_sessions() == []
    for email in ("amina@acme.test", "nobody@acme.test"):
        refused("credential_refused", ben.identity.list_sessions, user=email)
        refused("credential_refused", ben.identity.revoke_sessions, user=email)
    refused(
        "user_not_found", store.tenant("globex").user("ada@acme.test").identity.list_sessions, user="amina@acme.test"
    )
    assert [found.id for found in ada.identity.list_sessions(user="amina@acme.test")] == [session.id]
    assert [found.id for found in root.list_sessions(tenant="acme")] == [session.id]
    assert store.authenticate(session.token)
    assert ada.identity.revoke_sessions(user="amina@acme.test") == 1
    refused("not_authenticated", store.authenticate, session.token)


def test_logging_in_is_for_who_holds_the_store(amina, ada):
    for scope in (amina, ada):
        refused("permission_denied", log_in, scope.identity)


def test_settings_say_how_long_sessions_last(place):
    settings = holdfast.Settings(session_hours=1, session_days=0.01)
    with holdfast.open(place.url, place.key, settings=settings) as store:
        root = store.system().identity
        root.set_password("amina@acme.test", PASSWORD, tenant="acme")
        session = log_in(root)
    assert session.expires_at == session.ends_at == session.created_at + timedelta(days=0.01)


@pytest.mark.parametrize("said", ["", " ", "\0", "a\0b", "\ud800", "x" * 100_000, "\r\nX-Evil: 1", "Firefox"])
def test_whatever_a_program_calls_itself_it_is_let_in(store, root, amina, with_password, said):
    session = log_in(root, address=said, agent=said)
    move(store, "last_used_at", datetime.now(UTC) - timedelta(minutes=2))
    assert store.authenticate(session.token, address=said, agent=said)
    (found,) = amina.identity.list_sessions()
    assert found.agent is None or (found.agent.isprintable() and len(found.agent) <= 500)
