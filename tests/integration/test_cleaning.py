"""What ended long ago is deleted, and nothing else."""

from datetime import timedelta

import pytest
from support.refusals import refused

from holdfast.core.clock import now
from holdfast.domains.identity import cleaning
from holdfast.domains.identity.cleaning import Cleaned, clean

PASSWORD = "correct horse battery"


@pytest.fixture
def root(sync_store):
    return sync_store.system().identity


def at(sync_store, **later):
    return clean(sync_store.engine, moment=now() + timedelta(**later))


def test_sessions_go_a_week_after_their_end(sync_store, root):
    root.set_password("amina@acme.test", PASSWORD, tenant="acme")
    tokens = [root.log_in(tenant="acme", email="amina@acme.test", password=PASSWORD).token for _ in range(3)]
    sync_store.authenticate(tokens[0]).identity.log_out()
    assert at(sync_store, days=6).sessions == 0
    assert at(sync_store, days=7, seconds=10).sessions == 1
    assert sync_store.authenticate(tokens[1])
    assert at(sync_store, days=8).sessions == 2
    for token in tokens:
        refused("not_authenticated", sync_store.authenticate, token)


def test_visitors_go_who_can_come_back_no_more_and_left_nothing(sync_store, root):
    silent, talking = (root.create_visitor(tenant="acme") for _ in range(2))
    chat = sync_store.authenticate(talking.token).conversations.create()
    assert at(sync_store, days=20) == Cleaned()
    found = at(sync_store, days=38)
    assert (found.sessions, found.visitors) == (2, 1)
    counts = sync_store.system().counts("acme")
    assert counts["conversations"] == 1
    ada = sync_store.tenant("acme").user("ada@acme.test")
    assert ada.conversations.get(chat.id).owner_id == talking.user_id
    assert at(sync_store, days=400) == Cleaned()
    assert silent.user_id != talking.user_id


def test_members_stay_however_long_they_were_away(sync_store, root):
    before = [member.email for member in root.list_members(tenant="acme")]
    at(sync_store, days=4_000)
    assert [member.email for member in root.list_members(tenant="acme")] == before


def test_many_go_in_small_transactions_with_a_line_for_each(sync_store, root, monkeypatch):
    monkeypatch.setattr(cleaning, "BATCH", 2)
    for _ in range(5):
        root.create_visitor(tenant="acme")
    found = at(sync_store, days=38)
    assert (found.sessions, found.visitors) == (5, 5)
    lines = [line for line in sync_store.system().audit.list().items if line.operation == "identity.clean"]
    assert sum(line.details["sessions"] for line in lines) == 5
    assert all(line.details["sessions"] <= 2 and line.details["visitors"] <= 2 for line in lines)
    assert at(sync_store, days=38) == Cleaned()


def test_a_store_cleans_itself_through_both_faces(store):
    assert store.clean() == Cleaned()
