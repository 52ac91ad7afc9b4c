"""The message log: order, replay, durability of what was acknowledged."""

import pytest

import holdfast
from holdfast import NewMessage


def test_messages_are_numbered_from_one_without_a_gap(amina):
    chat = amina.conversations.create(title="Loan question")
    for n in range(5):
        assert amina.conversations.append(chat.id, role="user", content=f"message {n}").seq == n + 1
    assert [m.content for m in amina.conversations.last(chat.id, 3)] == ["message 2", "message 3", "message 4"]
    assert amina.conversations.get(chat.id).message_count == 5


def test_repeating_a_request_id_gives_the_first_message_and_adds_none(amina):
    chat = amina.conversations.create()
    first = amina.conversations.append(chat.id, role="user", content="Can I borrow?", request_id="r-1")
    again = amina.conversations.append(chat.id, role="user", content="Can I borrow?", request_id="r-1")
    assert again == first
    assert again.replayed
    assert not first.replayed
    assert amina.conversations.get(chat.id).message_count == 1


def test_the_answer_may_carry_the_request_id_of_its_question(amina):
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="Can I?", request_id="r-1")
    answer = amina.conversations.append(chat.id, role="assistant", content="Yes.", request_id="r-1")
    assert (answer.seq, answer.replayed) == (2, False)


def test_append_many_is_all_or_nothing(amina):
    chat = amina.conversations.create()
    with pytest.raises(holdfast.HoldfastError):
        amina.conversations.append_many(chat.id, [NewMessage(role="user", content="a"), NewMessage(role="user")])
    assert amina.conversations.last(chat.id) == []
    amina.conversations.append_many(chat.id, [NewMessage(role="user", content=c) for c in "abc"])
    assert [m.seq for m in amina.conversations.last(chat.id)] == [1, 2, 3]
    assert amina.conversations.verify(chat.id).ok
