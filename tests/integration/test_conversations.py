"""Conversations: made, found, changed and listed, the same on both engines and through both faces."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from holdfast import HoldfastError


def titles(page):
    return [conversation.title for conversation in page.items]


def refused(code, call, *args, **kwargs):
    with pytest.raises(HoldfastError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code
    return str(caught.value)


@pytest.fixture
def workspace(store):
    return store.system().identity.create_workspace("Client A", tenant="acme")


def test_a_new_conversation_is_what_was_asked_for(amina, workspace):
    before = datetime.now(UTC)
    chat = amina.conversations.create(
        title="Loan question", metadata={"customer": "c-17"}, tags=["loan", "eu"], workspace=workspace.id
    )
    assert (chat.title, chat.metadata, chat.tags) == ("Loan question", {"customer": "c-17"}, ["eu", "loan"])
    assert (chat.status, chat.message_count, chat.last_message_at) == ("ACTIVE", 0, None)
    assert (chat.owner_id, chat.workspace_id) == (amina.scope.actor_id, workspace.id)
    assert before <= chat.created_at <= datetime.now(UTC)
    assert chat.created_at == chat.active_at
    assert chat.created_at.tzinfo == UTC


def test_what_is_read_back_is_what_was_made(amina, workspace):
    chat = amina.conversations.create(title="A", metadata={"n": [1, 2.5, None]}, tags=["x"], workspace=workspace.id)
    assert amina.conversations.get(chat.id) == chat
    assert amina.conversations.get(str(chat.id)) == chat
    assert amina.conversations.list().items == (chat,)


def test_everything_may_be_left_out(amina):
    chat = amina.conversations.create()
    assert (chat.title, chat.tags, chat.metadata, chat.workspace_id) == (None, [], {}, None)
    assert amina.conversations.get(chat.id) == chat


def test_conversations_are_frozen(amina):
    chat = amina.conversations.create()
    with pytest.raises(AttributeError):
        chat.title = "changed"


def test_tags_are_kept_once_and_sorted(amina):
    chat = amina.conversations.create(tags=["b", "a", "b", "Ä"])
    assert chat.tags == ["a", "b", "Ä"]
    assert amina.conversations.get(chat.id).tags == ["a", "b", "Ä"]


def test_an_unknown_conversation_is_not_found(amina):
    missing = uuid4()
    assert str(missing) in refused("conversation_not_found", amina.conversations.get, missing)


def test_edit_changes_what_is_given_and_leaves_the_rest(amina):
    chat = amina.conversations.create(title="A", metadata={"x": 1, "y": 2}, tags=["t"])
    edited = amina.conversations.edit(chat.id, title="B")
    assert (edited.title, edited.metadata, edited.tags) == ("B", {"x": 1, "y": 2}, ["t"])
    edited = amina.conversations.edit(chat.id, metadata={"z": True})
    assert (edited.title, edited.metadata, edited.tags) == ("B", {"z": True}, ["t"])
    edited = amina.conversations.edit(chat.id, tags=[])
    assert (edited.title, edited.metadata, edited.tags) == ("B", {"z": True}, [])
    assert amina.conversations.get(chat.id) == edited


def test_edit_changes_neither_messages_nor_order(amina):
    older, newer = amina.conversations.create(title="older"), amina.conversations.create(title="newer")
    amina.conversations.append(older.id, role="user", content="one")
    amina.conversations.append(newer.id, role="user", content="two")
    amina.conversations.edit(older.id, title="older still")
    assert titles(amina.conversations.list()) == ["newer", "older still"]
    assert amina.conversations.verify(older.id).ok


def test_an_unknown_conversation_is_not_edited(amina):
    refused("conversation_not_found", amina.conversations.edit, uuid4(), title="x")


def test_the_most_recently_active_comes_first(amina):
    a, b, c = (amina.conversations.create(title=title) for title in "abc")
    assert titles(amina.conversations.list()) == ["c", "b", "a"]
    amina.conversations.append(a.id, role="user", content="again")
    assert titles(amina.conversations.list()) == ["a", "c", "b"]
    assert amina.conversations.get(a.id).active_at == amina.conversations.get(a.id).last_message_at
    assert {b.id, c.id} < {item.id for item in amina.conversations.list().items}


def test_pages_join_to_the_whole_list(amina):
    made = [amina.conversations.create(title=str(n)).id for n in range(7)]
    seen, cursor = [], None
    for _ in range(4):
        page = amina.conversations.list(limit=2, cursor=cursor)
        seen += [item.id for item in page.items]
        cursor = page.next
    assert cursor is None
    assert seen == made[::-1]


def test_a_page_that_is_exactly_full_has_no_cursor(amina):
    for _ in range(3):
        amina.conversations.create()
    assert amina.conversations.list(limit=3).next is None
    assert amina.conversations.list(limit=2).next is not None


def test_a_new_conversation_between_two_pages_moves_none(amina):
    for n in range(4):
        amina.conversations.create(title=str(n))
    first = amina.conversations.list(limit=2)
    amina.conversations.create(title="late")
    second = amina.conversations.list(limit=2, cursor=first.next)
    assert titles(first) + titles(second) == ["3", "2", "1", "0"]


def test_the_page_size_may_change_between_pages(amina):
    for n in range(5):
        amina.conversations.create(title=str(n))
    first = amina.conversations.list(limit=2)
    assert titles(amina.conversations.list(limit=3, cursor=first.next)) == ["2", "1", "0"]


def test_filters_hold_on_every_page(amina):
    for n in range(6):
        amina.conversations.create(title=str(n), metadata={"even": n % 2 == 0}, tags=["t"] if n > 1 else [])
    first = amina.conversations.list(limit=1, metadata={"even": True}, tag="t")
    second = amina.conversations.list(limit=1, metadata={"even": True}, tag="t", cursor=first.next)
    assert (titles(first), titles(second), second.next) == (["4"], ["2"], None)


def test_the_order_of_the_filters_members_does_not_matter_to_a_cursor(amina):
    for _ in range(2):
        amina.conversations.create(metadata={"a": 1, "b": 2})
    first = amina.conversations.list(limit=1, metadata={"a": 1, "b": 2})
    assert len(amina.conversations.list(limit=1, metadata={"b": 2, "a": 1}, cursor=first.next).items) == 1


def test_messages_page_oldest_first_and_go_on_with_what_comes_later(amina):
    chat = amina.conversations.create()
    for n in range(1, 6):
        amina.conversations.append(chat.id, role="user", content=f"m{n}")
    page = amina.conversations.messages(chat.id, limit=3)
    assert [m.seq for m in page.items] == [1, 2, 3]
    amina.conversations.append(chat.id, role="user", content="m6")
    rest = amina.conversations.messages(chat.id, limit=3, cursor=page.next)
    assert [m.content for m in rest.items] == ["m4", "m5", "m6"]
    assert rest.next is None


def test_counts_are_by_role(amina):
    chat = amina.conversations.create()
    assert amina.conversations.counts(chat.id) == {}
    for role in ("user", "assistant", "user", "tool", "system"):
        amina.conversations.append(chat.id, role=role, content="x")
    assert amina.conversations.counts(chat.id) == {"user": 2, "assistant": 1, "tool": 1, "system": 1}


def test_between_takes_the_start_and_leaves_the_end(amina):
    chat = amina.conversations.create()
    said = [amina.conversations.append(chat.id, role="user", content=f"m{n}") for n in range(4)]
    times = [message.created_at for message in said]
    assert [m.seq for m in amina.conversations.between(chat.id, times[1], times[3])] == [2, 3]
    assert [m.seq for m in amina.conversations.between(chat.id, times[2])] == [3, 4]
    assert [m.seq for m in amina.conversations.between(chat.id, times[0], limit=2)] == [1, 2]
    assert amina.conversations.between(chat.id, times[3], times[0]) == []


def test_a_message_is_found_by_its_id(amina):
    chat = amina.conversations.create()
    parts = [{"type": "tool_call", "name": "rates", "arguments": {"country": "DE"}}]
    said = amina.conversations.append(
        chat.id, role="assistant", parts=parts, metadata={"model": "m", "tokens": 3}, request_id="r"
    )
    found = amina.conversations.message(said.id)
    assert found == said
    assert (found.parts, found.metadata, found.content) == (parts, {"model": "m", "tokens": 3}, "")
    refused("message_not_found", amina.conversations.message, uuid4())
