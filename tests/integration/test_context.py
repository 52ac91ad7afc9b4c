"""Context: what a model is told stays inside its budget, and says what it left out."""

from dataclasses import replace

import pytest

import holdfast
from holdfast.core import context as core_context
from holdfast.core.context import ContextItem, LeftOut, register_source

FRAME = 4


@pytest.fixture
def chat(amina):
    made = amina.conversations.create()
    for n in range(1, 21):
        amina.conversations.append(made.id, role="user" if n % 2 else "assistant", content=f"message {n:03}")
    return made


@pytest.fixture
def source():
    """A source of facts, which is gone after the test."""

    class Facts:
        field = "facts"
        requests = []

        def prepare(self, room, question):
            return question().upper()

        def gather(self, tx, request):
            self.requests.append(request)
            fact = ContextItem(text="Amina banks here.", tokens=5, origin={"fact": 1})
            if fact.tokens > request.max_tokens:
                return [], [LeftOut(what="fact 1", tokens=5, reason="no room")]
            return [fact], []

    made = Facts()
    made.requests = []
    with core_context._sources.kept():
        register_source(made)
        yield made


def test_it_holds_the_newest_summary_and_the_last_messages_oldest_first(amina, chat):
    amina.conversations.summarize(chat.id, "Old.", through=5)
    newest = amina.conversations.summarize(chat.id, "New.", through=10)
    context = amina.conversations.context(chat.id, last=3)
    assert context.summary == newest
    assert [m.seq for m in context.messages] == [18, 19, 20]
    assert list(context.messages) == amina.conversations.last(chat.id, 3)
    assert context.tokens == (1 + FRAME) + 3 * (3 + FRAME)
    assert (context.facts, context.passages, context.decisions) == ((), (), ())


def test_it_says_that_earlier_messages_were_not_asked_for(amina, chat):
    (left,) = amina.conversations.context(chat.id, last=3).left_out
    assert (left.what, left.reason) == ("messages 1 to 17", "only the last 3 were asked for")
    assert amina.conversations.context(chat.id, last=20).left_out == ()


@pytest.mark.parametrize("budget", [1, 6, 7, 8, 20, 21, 50, 100, 139, 140, 1000])
def test_it_never_exceeds_its_budget(amina, chat, budget):
    amina.conversations.summarize(chat.id, "A summary of some length, so that it counts.")
    context = amina.conversations.context(chat.id, max_tokens=budget, last=20)
    counted = sum(3 + FRAME for _ in context.messages) + (11 + FRAME if context.summary else 0)
    assert context.tokens == counted <= budget
    assert [m.seq for m in context.messages] == list(range(21 - len(context.messages), 21))


def test_the_newest_message_gets_in_first_and_older_ones_after_it(amina, chat):
    context = amina.conversations.context(chat.id, max_tokens=15, last=10)
    assert [m.seq for m in context.messages] == [19, 20]
    assert any(left.what.startswith("message 18") and left.tokens == 7 for left in context.left_out)


def test_the_summary_takes_half_of_the_budget_at_most(amina, chat):
    amina.conversations.summarize(chat.id, "word " * 100)
    context = amina.conversations.context(chat.id, max_tokens=200, last=5)
    assert context.summary is None
    assert any(left.what == "summary 1" and "tokens were left for it" in left.reason for left in context.left_out)
    assert amina.conversations.context(chat.id, max_tokens=400, last=5).summary is not None


def test_when_even_the_newest_message_has_no_room_none_gets_in(amina):
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="short")
    amina.conversations.append(chat.id, role="user", content="long " * 100)
    context = amina.conversations.context(chat.id, max_tokens=50)
    assert context.messages == ()
    assert [left.what for left in context.left_out] == ["message 2"]


def test_an_empty_conversation_has_an_empty_context(amina):
    context = amina.conversations.context(amina.conversations.create().id)
    assert (context.summary, context.messages, context.tokens, context.left_out) == (None, (), 0, ())


def test_a_fork_is_told_the_shared_past(amina, chat):
    fork = amina.conversations.fork(chat.id, at=2)
    amina.conversations.append(fork.id, role="user", content="on")
    context = amina.conversations.context(fork.id)
    assert [m.content for m in context.messages] == ["message 001", "message 002", "on"]


def test_tokens_are_counted_by_the_counter_given(place):
    settings = replace(holdfast.Settings(), count_tokens=lambda text: len(text.split()))
    with holdfast.open(place.url, place.key, settings=settings) as store:
        amina = store.tenant("acme").user("amina@acme.test")
        chat = amina.conversations.create()
        for _ in range(5):
            amina.conversations.append(chat.id, role="user", content="three words here")
        context = amina.conversations.context(chat.id, max_tokens=15)
    assert (len(context.messages), context.tokens) == (2, 14)


def test_a_registered_source_is_asked_and_its_items_are_counted(amina, chat, source):
    context = amina.conversations.context(chat.id, last=2)
    assert [item.text for item in context.facts] == ["Amina banks here."]
    assert context.tokens == 2 * (3 + FRAME) + 5
    (request,) = source.requests
    assert (request.conversation_id, request.owner_id) == (chat.id, amina.scope.actor_id)
    assert (request.question, request.prepared) == ("message 019", "MESSAGE 019")
    assert request.max_tokens == (4000 - 7) // 4 // 3, "a quarter for all sources: passages and decisions are two"
    assert request.count_tokens("four") == 1


def test_a_question_of_the_callers_takes_the_place_of_the_newest(amina, chat, source):
    amina.conversations.context(chat.id, question="What else?")
    (request,) = source.requests
    assert (request.question, request.prepared) == ("What else?", "WHAT ELSE?")


def test_what_a_source_leaves_out_is_said(amina, chat, source):
    context = amina.conversations.context(chat.id, max_tokens=20, last=20)
    assert context.facts == ()
    assert LeftOut(what="fact 1", tokens=5, reason="no room") in context.left_out


def test_a_later_source_for_the_same_field_takes_the_place_of_the_first(amina, chat, source):
    class Other:
        field = "facts"

        def prepare(self, room, question):
            return None

        def gather(self, tx, request):
            return [ContextItem(text="Other.", tokens=1, origin={})], []

    register_source(Other())
    assert [item.text for item in amina.conversations.context(chat.id).facts] == ["Other."]


def test_a_source_may_read_in_the_same_transaction(amina, chat):
    class Counter:
        field = "decisions"

        def prepare(self, room, question):
            return None

        def gather(self, tx, request):
            assert tx.scope.tenant_id is not None
            return [], []

    with core_context._sources.kept():
        register_source(Counter())
        assert amina.conversations.context(chat.id).decisions == ()
