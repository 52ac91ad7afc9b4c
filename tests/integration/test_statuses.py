"""Statuses: what each allows, its times, and what nobody sees after a deletion."""

from datetime import UTC, datetime

import pytest

from holdfast import HoldfastError, NewMessage

CHANGES = {
    "archive": ("ARCHIVED", "archived_at"),
    "close": ("CLOSED", "closed_at"),
    "delete": ("DELETED", "deleted_at"),
}


@pytest.fixture
def chat(amina):
    made = amina.conversations.create(title="Loan", tags=["t"], metadata={"a": 1})
    amina.conversations.append(made.id, role="user", content="heliotrope question", request_id="r-1")
    amina.conversations.append(made.id, role="assistant", content="heliotrope answer")
    return made


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_status_keeps_its_time(amina, chat, change):
    before = datetime.now(UTC)
    changed = getattr(amina.conversations, change)(chat.id)
    status, time = CHANGES[change]
    assert changed.status == status
    assert before <= getattr(changed, time) <= datetime.now(UTC)
    assert changed.message_count == 2


@pytest.mark.parametrize("change", ["archive", "close"])
def test_repeating_a_change_keeps_the_first_time(amina, chat, change):
    first = getattr(amina.conversations, change)(chat.id)
    assert getattr(amina.conversations, change)(chat.id) == first


def test_times_of_earlier_statuses_are_kept_until_it_is_restored(amina, chat):
    archived = amina.conversations.archive(chat.id)
    closed = amina.conversations.close(chat.id)
    assert closed.archived_at == archived.archived_at
    deleted = amina.conversations.delete(chat.id)
    assert (deleted.archived_at, deleted.closed_at) == (archived.archived_at, closed.closed_at)
    restored = amina.conversations.restore(chat.id)
    assert restored.status == "ACTIVE"
    assert (restored.archived_at, restored.closed_at, restored.deleted_at, restored.hidden_at) == (None,) * 4


@pytest.mark.parametrize("change", ["archive", "close"])
def test_one_that_is_put_away_takes_no_messages(amina, chat, change):
    status = getattr(amina.conversations, change)(chat.id).status
    calls = (
        lambda: amina.conversations.append(chat.id, role="user", content="x"),
        lambda: amina.conversations.append_many(chat.id, [NewMessage(role="user", content="x")]),
        lambda: amina.conversations.append(chat.id, role="user", parts=[{"type": "text", "text": "x"}]),
        lambda: amina.conversations.attach(chat.id, b"bytes", name="a.txt", media_type="text/plain"),
    )
    for call in calls:
        with pytest.raises(HoldfastError, match=f"is {status} and takes no messages") as caught:
            call()
        assert caught.value.code == "conversation_not_active"
        assert caught.value.status == 409
    assert amina.conversations.get(chat.id).message_count == 2


@pytest.mark.parametrize("change", ["archive", "close"])
def test_one_that_is_put_away_is_still_read_listed_and_searched(amina, chat, change):
    getattr(amina.conversations, change)(chat.id)
    assert [m.seq for m in amina.conversations.last(chat.id)] == [1, 2]
    assert [c.id for c in amina.conversations.list().items] == [chat.id]
    assert len(amina.conversations.search("heliotrope")) == 2


@pytest.mark.parametrize("change", ["archive", "close"])
def test_a_request_answered_before_is_answered_the_same_afterwards(amina, chat, change):
    getattr(amina.conversations, change)(chat.id)
    again = amina.conversations.append(chat.id, role="user", content="heliotrope question", request_id="r-1")
    assert (again.seq, again.replayed) == (1, True)


@pytest.mark.parametrize("change", CHANGES)
def test_restored_it_is_active_and_goes_on_where_it_was(amina, chat, change):
    getattr(amina.conversations, change)(chat.id)
    amina.conversations.restore(chat.id)
    assert amina.conversations.append(chat.id, role="user", content="on").seq == 3
    assert amina.conversations.verify(chat.id).ok
    assert len(amina.conversations.search("heliotrope")) == 2


def test_restoring_an_active_one_changes_nothing(amina, chat):
    before = amina.conversations.get(chat.id)
    assert amina.conversations.restore(chat.id) == before


def test_deleted_it_is_hidden_from_every_read(amina, chat):
    c = amina.conversations
    (answer,) = c.last(chat.id, 1)
    file = c.attach(chat.id, b"bytes", name="a.txt", media_type="text/plain")
    c.summarize(chat.id, "A summary.")
    c.delete(chat.id)
    reads = (
        lambda: c.get(chat.id),
        lambda: c.last(chat.id),
        lambda: c.messages(chat.id),
        lambda: c.between(chat.id, chat.created_at),
        lambda: c.counts(chat.id),
        lambda: c.search("heliotrope", conversation=chat.id),
        lambda: c.summaries(chat.id),
        lambda: c.context(chat.id),
        lambda: c.feedback(chat.id),
        lambda: c.attachment(chat.id, file.digest),
        lambda: c.message(answer.id),
    )
    for read in reads:
        with pytest.raises(HoldfastError, match="no (conversation|message)") as caught:
            read()
        assert caught.value.code in ("conversation_not_found", "message_not_found")
    assert c.list(hidden=True).items == ()
    assert c.search("heliotrope") == []
    assert c.due_summaries(every=1) == []
    assert c.visible().count == 0


def test_deleted_it_takes_no_change_but_restoring(amina, chat):
    c = amina.conversations
    (answer,) = c.last(chat.id, 1)
    c.delete(chat.id)
    changes = (
        lambda: c.append(chat.id, role="user", content="x"),
        lambda: c.append(chat.id, role="user", content="x", request_id="r-1"),
        lambda: c.append_many(chat.id, []),
        lambda: c.edit(chat.id, title="x"),
        lambda: c.summarize(chat.id, "x"),
        lambda: c.fork(chat.id, at=1),
        lambda: c.archive(chat.id),
        lambda: c.close(chat.id),
        lambda: c.delete(chat.id),
        lambda: c.hide(chat.id),
        lambda: c.attach(chat.id, b"x", name="x", media_type="text/plain"),
        lambda: c.rate(answer.id, 1),
    )
    for change in changes:
        with pytest.raises(HoldfastError, match="no (conversation|message)") as caught:
            change()
        assert caught.value.status == 404
    (deleted,) = c.list(status="DELETED").items
    assert (deleted.title, deleted.message_count) == ("Loan", 2)


def test_deleted_it_is_hidden_from_the_administrator_too(amina, ada, chat):
    amina.conversations.delete(chat.id)
    with pytest.raises(HoldfastError, match="no conversation"):
        ada.conversations.get(chat.id)
    with pytest.raises(HoldfastError, match="no conversation"):
        ada.conversations.search("heliotrope", conversation=chat.id)


def test_hidden_it_is_left_out_of_lists_and_still_read(amina, chat):
    hidden = amina.conversations.hide(chat.id)
    assert hidden.hidden_at is not None
    assert hidden.status == "ACTIVE"
    assert amina.conversations.list().items == ()
    assert amina.conversations.visible().count == 0
    assert len(amina.conversations.last(chat.id)) == 2
    assert amina.conversations.append(chat.id, role="user", content="on").seq == 3
    assert amina.conversations.restore(chat.id).hidden_at is None
    assert len(amina.conversations.list().items) == 1


def test_an_administrator_may_change_anothers_status(amina, ada, chat):
    assert ada.conversations.archive(chat.id).status == "ARCHIVED"
    assert amina.conversations.get(chat.id).status == "ARCHIVED"
    assert ada.conversations.restore(chat.id).status == "ACTIVE"
