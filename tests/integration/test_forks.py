"""Forks share their past: nothing is copied, and each goes on by itself."""

import pytest

from holdfast import HoldfastError


@pytest.fixture
def chat(amina):
    made = amina.conversations.create(title="Loan", tags=["t"], metadata={"a": 1})
    for n in range(1, 6):
        amina.conversations.append(made.id, role="user" if n % 2 else "assistant", content=f"saffron m{n}")
    return made


def say(scope, conversation, *texts, role="user"):
    return [scope.conversations.append(conversation.id, role=role, content=text) for text in texts]


def texts(messages):
    return [message.content for message in messages]


def test_a_fork_has_the_past_of_its_parent_up_to_the_place(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    assert (fork.parent_id, fork.forked_at, fork.message_count) == (chat.id, 3, 3)
    assert (fork.title, fork.tags, fork.metadata) == ("Loan", ["t"], {"a": 1})
    assert amina.conversations.get(fork.id) == fork
    assert texts(amina.conversations.last(fork.id)) == ["saffron m1", "saffron m2", "saffron m3"]


def test_it_may_have_a_title_of_its_own(amina, chat):
    assert amina.conversations.fork(chat.id, at=1, title="What if").title == "What if"


def test_both_go_on_by_themselves(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    (message,) = say(amina, fork, "in the fork")
    assert message.seq == 4
    say(amina, chat, "in the parent")
    assert texts(amina.conversations.last(fork.id, 2)) == ["saffron m3", "in the fork"]
    assert texts(amina.conversations.last(chat.id, 1)) == ["in the parent"]
    assert amina.conversations.get(chat.id).message_count == 6


def test_reads_cross_the_boundary(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    say(amina, fork, "f4", "f5")
    whole = ["saffron m1", "saffron m2", "saffron m3", "f4", "f5"]
    assert texts(amina.conversations.last(fork.id)) == whole
    for n in range(1, 6):
        assert texts(amina.conversations.last(fork.id, n)) == whole[-n:]
    assert [m.seq for m in amina.conversations.last(fork.id)] == [1, 2, 3, 4, 5]
    first = amina.conversations.messages(fork.id, limit=2)
    second = amina.conversations.messages(fork.id, limit=2, cursor=first.next)
    third = amina.conversations.messages(fork.id, limit=2, cursor=second.next)
    assert texts([*first.items, *second.items, *third.items]) == whole
    assert third.next is None
    assert amina.conversations.counts(fork.id) == {"user": 4, "assistant": 1}


def test_times_are_read_across_the_boundary(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    say(amina, fork, "f4")
    times = [m.created_at for m in amina.conversations.last(fork.id)]
    assert texts(amina.conversations.between(fork.id, times[1])) == ["saffron m2", "saffron m3", "f4"]
    assert texts(amina.conversations.between(fork.id, times[1], times[3])) == ["saffron m2", "saffron m3"]
    assert texts(amina.conversations.between(fork.id, times[0], limit=1)) == ["saffron m1"]


def test_forks_of_forks_on_either_side_of_the_boundary(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    say(amina, fork, "f4", "f5")
    below, at, above = (amina.conversations.fork(fork.id, at=n) for n in (2, 3, 4))
    for deeper, shared in ((below, 2), (at, 3), (above, 4)):
        say(amina, deeper, "deep")
        expected = ["saffron m1", "saffron m2", "saffron m3", "f4"][:shared] + ["deep"]
        assert texts(amina.conversations.last(deeper.id)) == expected
        assert texts(amina.conversations.messages(deeper.id).items) == expected
        assert amina.conversations.verify(deeper.id).ok
        assert amina.conversations.verify(deeper.id).messages == shared + 1


def test_ten_generations_hold_together(amina, chat):
    current = chat
    for n in range(10):
        current = amina.conversations.fork(current.id, at=current.message_count or 5)
        say(amina, current, f"generation {n}")
        current = amina.conversations.get(current.id)
    assert current.message_count == 15
    assert texts(amina.conversations.last(current.id, 3)) == ["generation 7", "generation 8", "generation 9"]
    assert len(amina.conversations.messages(current.id).items) == 15
    assert amina.conversations.verify(current.id).ok


def test_a_fork_and_its_parent_verify(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    assert amina.conversations.verify(fork.id).messages == 3
    say(amina, fork, "f4")
    say(amina, chat, "m6")
    assert (amina.conversations.verify(fork.id).ok, amina.conversations.verify(chat.id).ok) == (True, True)
    first_own, last_shared = amina.conversations.last(fork.id, 1)[0], amina.conversations.last(chat.id, 3)[0]
    assert first_own.previous == last_shared.previous


def test_a_request_of_the_shared_past_is_answered_from_it(amina):
    chat = amina.conversations.create()
    first = amina.conversations.append(chat.id, role="user", content="x", request_id="r-1")
    fork = amina.conversations.fork(chat.id, at=1)
    own = amina.conversations.append(fork.id, role="user", content="y", request_id="r-1")
    again = amina.conversations.append(fork.id, role="user", content="y", request_id="r-1")
    assert (own.seq, own.replayed, again.id, again.replayed) == (2, False, own.id, True)
    assert first.seq == 1


def test_deleting_the_parent_leaves_the_fork_whole(amina, chat):
    file = amina.conversations.attach(chat.id, b"shared", name="a.txt", media_type="text/plain")
    shown = amina.conversations.last(chat.id, 4)[0]
    fork = amina.conversations.fork(chat.id, at=3)
    say(amina, fork, "f4")
    before = amina.conversations.last(fork.id)
    amina.conversations.delete(chat.id)
    assert amina.conversations.last(fork.id) == before
    assert list(amina.conversations.messages(fork.id).items) == before
    assert amina.conversations.counts(fork.id) == {"user": 3, "assistant": 1}
    assert amina.conversations.verify(fork.id).ok
    assert amina.conversations.attachment(fork.id, file.digest) == b"shared"
    assert [m.seq for m in amina.conversations.context(fork.id).messages] == [1, 2, 3, 4]
    assert amina.conversations.fork(fork.id, at=2).message_count == 2
    assert shown.seq == 2


def test_the_shared_past_is_searched_after_the_parent_was_deleted(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    amina.conversations.delete(chat.id)
    found = amina.conversations.search("saffron", conversation=fork.id)
    assert {hit.message.seq for hit in found} == {1, 2, 3}


def test_a_message_of_the_shared_past_is_read_and_rated_after_the_parent_was_deleted(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    answer = amina.conversations.last(fork.id, 2)[0]
    amina.conversations.delete(chat.id)
    assert amina.conversations.message(answer.id) == answer
    assert amina.conversations.rate(answer.id, 1).rating == 1


def test_what_the_parent_says_after_the_fork_is_gone_with_the_parent(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    beyond = amina.conversations.last(chat.id, 1)[0]
    amina.conversations.delete(chat.id)
    with pytest.raises(HoldfastError, match="no message"):
        amina.conversations.message(beyond.id)
    assert {hit.message.seq for hit in amina.conversations.search("saffron", conversation=fork.id)} <= {1, 2, 3}


def test_deleting_the_fork_leaves_the_parent_whole(amina, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    say(amina, fork, "saffron f4")
    amina.conversations.delete(fork.id)
    assert len(amina.conversations.last(chat.id)) == 5
    assert len(amina.conversations.search("saffron")) == 5


def test_a_closed_parent_still_forks_and_the_fork_is_active(amina, chat):
    amina.conversations.close(chat.id)
    fork = amina.conversations.fork(chat.id, at=5)
    assert fork.status == "ACTIVE"
    assert say(amina, fork, "on")[0].seq == 6


@pytest.mark.parametrize("at", [0, -1, 6, 2**70, True, "3", 2.0, None])
def test_a_place_that_is_not_in_the_conversation_is_refused(amina, chat, at):
    with pytest.raises(HoldfastError, match="at: .* is not a message of this conversation, which has 1 to 5") as caught:
        amina.conversations.fork(chat.id, at=at)
    assert caught.value.code == "seq_out_of_range"
    assert len(amina.conversations.list().items) == 1


def test_an_administrator_does_not_fork_anothers(amina, ada, chat):
    with pytest.raises(HoldfastError, match="no conversation"):
        ada.conversations.fork(chat.id, at=1)


def test_an_administrator_reads_anothers_fork_whole(amina, ada, chat):
    fork = amina.conversations.fork(chat.id, at=3)
    assert len(ada.conversations.last(fork.id)) == 3
    assert ada.conversations.verify(fork.id).ok
