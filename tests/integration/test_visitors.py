"""Visitors: nobody knows who they are; they come back to their conversations, and reach nothing else."""

from datetime import timedelta

import pytest

from holdfast import HoldfastError
from holdfast.core.policy import POLICY


@pytest.fixture
def root(store):
    return store.system().identity


def refused(code, call, *args, **kwargs):
    with pytest.raises(HoldfastError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, str(caught.value)


@pytest.fixture
def visit(store, root):
    def one(tenant="acme"):
        session = root.create_visitor(tenant=tenant, address="192.0.2.1", agent="web chat")
        return session, store.authenticate(session.token)

    return one


def test_a_visitor_writes_leaves_and_comes_back(store, visit):
    session, visitor = visit()
    assert visitor.scope.role == "visitor"
    chat = visitor.conversations.create(title="web chat")
    visitor.conversations.append(chat.id, role="user", content="hello", request_id="channel-1")
    assert visitor.conversations.append(chat.id, role="user", content="hello", request_id="channel-1").replayed
    answer = visitor.conversations.append(chat.id, role="assistant", content="hello yourself")
    visitor.conversations.rate(answer.id, 1)
    file = visitor.conversations.attach(chat.id, b"bytes", name="a.txt", media_type="text/plain")
    again = store.authenticate(session.token)
    assert [message.content for message in again.conversations.messages(chat.id).items] == ["hello", "hello yourself"]
    assert again.conversations.attachment(chat.id, file.digest) == b"bytes"
    assert [found.id for found in again.conversations.list().items] == [chat.id]
    assert len(again.conversations.search("yourself")) == 1


def test_a_visit_lasts_for_thirty_days_of_silence(visit):
    session, _ = visit()
    assert session.expires_at - session.created_at == timedelta(days=30)
    assert session.ends_at - session.created_at == timedelta(days=365)


def test_a_visitor_does_nothing_else(visit):
    _, visitor = visit()
    chat = visitor.conversations.create()
    for call in (
        lambda: visitor.conversations.edit(chat.id, title="x"),
        lambda: visitor.conversations.delete(chat.id),
        lambda: visitor.conversations.fork(chat.id, at=1),
        lambda: visitor.conversations.summarize(chat.id, "x"),
        lambda: visitor.identity.list_members(),
        lambda: visitor.identity.list_workspaces(),
        lambda: visitor.identity.list_sessions(),
        lambda: visitor.identity.create_api_key(),
        lambda: visitor.identity.create_visitor(),
        lambda: visitor.identity.create_user("x@acme.test"),
        lambda: visitor.identity.set_password("amina@acme.test", "a long password"),
    ):
        refused("permission_denied", call)


def test_the_policy_gives_visitors_their_own_conversations_and_facts_only():
    given = {operation: roles["visitor"] for operation, roles in POLICY.items() if "visitor" in roles}
    on_conversations = {
        f"conversations.{name}" for name in ("create", "append", "read", "rate", "verify", "index", "embed")
    }
    on_facts = {f"memory.{name}" for name in ("remember", "read", "forget", "embed")}
    on_usage = {f"metering.{name}" for name in ("record", "reserve")}
    assert set(given) == on_conversations | on_facts | on_usage | {"audit.events"}
    assert {reach for operation, reach in given.items() if operation != "conversations.index"} == {"own"}


def test_visitors_see_nothing_of_each_other_or_of_the_staff(visit, amina, ada, gus):
    _, one = visit()
    _, two = visit()
    _, abroad = visit("globex")
    chat = one.conversations.create(title="one's")
    one.conversations.append(chat.id, role="user", content="heliotrope")
    hers = amina.conversations.create(title="hers")
    for stranger in (two, abroad, amina, gus):
        refused("conversation_not_found", stranger.conversations.get, chat.id)
        refused("conversation_not_found", stranger.conversations.messages, chat.id)
        refused(
            "conversation_not_found", lambda who=stranger: who.conversations.append(chat.id, role="user", content="x")
        )
        assert stranger.conversations.search("heliotrope") == []
    refused("conversation_not_found", one.conversations.get, hers.id)
    assert ada.conversations.get(chat.id).owner_id == one.scope.actor_id


def test_visitors_are_no_members_and_cannot_be_made_some(store, root, ada, visit):
    before = ada.identity.list_members()
    visit()
    assert ada.identity.list_members() == before
    refused("invalid_input", lambda: root.create_user("v@acme.test", role="visitor", tenant="acme"))
    refused("invalid_input", lambda: root.set_role("amina@acme.test", "visitor", tenant="acme"))


def test_a_suspended_tenant_takes_no_visitors(store, root, visit):
    session, _ = visit()
    root.suspend_tenant("acme", reason="unpaid")
    refused("tenant_suspended", store.authenticate, session.token)
    refused("tenant_suspended", root.create_visitor, tenant="acme")


def test_who_administers_lets_visitors_in_and_a_member_does_not(store, amina, ada):
    assert store.authenticate(ada.identity.create_visitor().token).scope.role == "visitor"
    refused("permission_denied", amina.identity.create_visitor)
