"""Feedback: one rating of an answer by each user, the latest one."""

from uuid import uuid4

import pytest

from holdfast import HoldfastError


@pytest.fixture
def chat(amina):
    made = amina.conversations.create()
    for role in ("user", "assistant", "user", "assistant", "tool", "system"):
        amina.conversations.append(made.id, role=role, content=f"by the {role}")
    return made


@pytest.fixture
def answers(amina, chat):
    return [message.id for message in amina.conversations.last(chat.id) if message.role == "assistant"]


def test_a_rating_is_kept_with_its_comment(amina, chat, answers):
    given = amina.conversations.rate(answers[0], 1, comment="Clear, thank you ✓")
    assert (given.message_id, given.user_id) == (answers[0], amina.scope.actor_id)
    assert (given.rating, given.comment) == (1, "Clear, thank you ✓")
    assert amina.conversations.feedback(chat.id) == [given]


def test_a_second_rating_takes_the_place_of_the_first(amina, chat, answers):
    amina.conversations.rate(answers[0], 1, comment="good")
    second = amina.conversations.rate(str(answers[0]), -1)
    assert amina.conversations.feedback(chat.id) == [second]
    assert (second.rating, second.comment) == (-1, None)


def test_ratings_come_in_the_order_of_the_answers(amina, chat, answers):
    later, earlier = amina.conversations.rate(answers[1], -1), amina.conversations.rate(answers[0], 1)
    assert amina.conversations.feedback(chat.id) == [earlier, later]


def test_only_answers_of_the_assistant_are_rated(amina, chat):
    for message in amina.conversations.last(chat.id):
        if message.role != "assistant":
            with pytest.raises(HoldfastError, match=f"is a message of the {message.role}") as caught:
                amina.conversations.rate(message.id, 1)
            assert caught.value.code == "not_an_answer"
    assert amina.conversations.feedback(chat.id) == []


def test_a_rating_is_one_or_minus_one(amina, chat, answers):
    for rating in (0, 2, -2, None, "1", 1.5, [], True):
        with pytest.raises(HoldfastError, match="is neither 1 nor -1") as caught:
            amina.conversations.rate(answers[0], rating)
        assert caught.value.code == "invalid_input"
    assert amina.conversations.feedback(chat.id) == []


def test_a_comment_is_text_within_its_limit(amina, chat, answers):
    for comment in ("a\0b", "\ud800", 5, "x" * 10_001):
        with pytest.raises(HoldfastError, match="comment: ") as caught:
            amina.conversations.rate(answers[0], 1, comment=comment)
        assert caught.value.code == "invalid_input"
    assert amina.conversations.feedback(chat.id) == []


def test_an_unknown_or_a_colleagues_answer_is_not_found(ben, ada, answers):
    for scope, wanted in ((ben, uuid4()), (ben, answers[0])):
        with pytest.raises(HoldfastError, match="no message") as caught:
            scope.conversations.rate(wanted, 1)
        assert caught.value.code == "message_not_found"
    with pytest.raises(HoldfastError, match="no message"):
        ada.conversations.rate(answers[0], 1)


def test_an_administrator_reads_the_ratings(amina, ada, chat, answers):
    given = amina.conversations.rate(answers[0], 1)
    assert ada.conversations.feedback(chat.id) == [given]


def test_an_answer_of_the_shared_past_is_rated_in_the_fork_too(amina, chat, answers):
    fork = amina.conversations.fork(chat.id, at=4)
    shared = amina.conversations.rate(answers[0], 1)
    own = amina.conversations.append(fork.id, role="assistant", content="in the fork")
    own_rating = amina.conversations.rate(own.id, -1)
    assert amina.conversations.feedback(fork.id) == [shared, own_rating]
    assert amina.conversations.feedback(chat.id) == [shared]


def test_a_rating_beyond_the_fork_is_not_the_forks(amina, chat, answers):
    fork = amina.conversations.fork(chat.id, at=2)
    amina.conversations.rate(answers[1], 1)
    assert amina.conversations.feedback(fork.id) == []
