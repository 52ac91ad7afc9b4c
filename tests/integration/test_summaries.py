"""Summaries: versions, the range they cover, and when one is due."""

from datetime import UTC, datetime

import pytest

from holdfast import HoldfastError


@pytest.fixture
def chat(amina):
    made = amina.conversations.create(title="Loan")
    for n in range(1, 13):
        amina.conversations.append(made.id, role="user", content=f"m{n}")
    return made


def test_each_summary_is_a_new_version_and_all_are_kept(amina, chat):
    before = datetime.now(UTC)
    first = amina.conversations.summarize(chat.id, "First.", through=5, entities=["Amina", {"loan": 1}])
    second = amina.conversations.summarize(chat.id, "Second.", first=6)
    assert (first.version, first.first_seq, first.through_seq) == (1, 1, 5)
    assert (second.version, second.first_seq, second.through_seq) == (2, 6, 12)
    assert first.entities == ["Amina", {"loan": 1}]
    assert first.created_by == amina.scope.actor_id
    assert first.created_at >= before
    assert amina.conversations.summaries(chat.id) == [first, second]


def test_without_an_end_it_covers_all_there_is(amina, chat):
    assert amina.conversations.summarize(chat.id, "All.").through_seq == 12
    assert amina.conversations.get(chat.id).summarized_through == 12


def test_a_summary_of_less_does_not_take_back_what_was_covered(amina, chat):
    amina.conversations.summarize(chat.id, "All.")
    amina.conversations.summarize(chat.id, "The beginning.", through=3)
    assert amina.conversations.get(chat.id).summarized_through == 12
    assert [s.version for s in amina.conversations.summaries(chat.id)] == [1, 2]


NOT_IN_IT = (
    {"through": 13}, {"through": 0}, {"through": -1}, {"first": 0}, {"first": 13}, {"first": 6, "through": 5},
    {"through": True}, {"through": 2.0}, {"first": "1"}, {"through": 2**70},
)  # fmt: skip


def test_a_range_that_is_not_in_the_conversation_is_refused(amina, chat):
    for span in NOT_IN_IT:
        with pytest.raises(HoldfastError, match="is not a message of this conversation") as caught:
            amina.conversations.summarize(chat.id, "x", **span)
        assert caught.value.code == "seq_out_of_range"
    assert amina.conversations.summaries(chat.id) == []


def test_an_empty_conversation_has_nothing_to_summarize(amina):
    chat = amina.conversations.create()
    with pytest.raises(HoldfastError) as caught:
        amina.conversations.summarize(chat.id, "x")
    assert caught.value.code == "seq_out_of_range"


def test_a_summary_says_something_that_can_be_stored(amina, chat):
    for text in ("", "  \n", "a\0b", "\ud800", None, "x" * (1024 * 1024 + 1)):
        with pytest.raises(HoldfastError, match="text: ") as caught:
            amina.conversations.summarize(chat.id, text)
        assert caught.value.code == "invalid_input"
    assert amina.conversations.summaries(chat.id) == []


def test_entities_are_json(amina, chat):
    for entities in ([object()], [float("nan")], ["\0"], [{"a": {1: 2}}]):
        with pytest.raises(HoldfastError, match="entities") as caught:
            amina.conversations.summarize(chat.id, "x", entities=entities)
        assert caught.value.code == "invalid_input"


def due(scope, **options):
    return [conversation.title for conversation in scope.conversations.due_summaries(**options)]


def test_a_summary_is_due_every_ten_messages(amina, chat):
    assert due(amina) == ["Loan"]
    amina.conversations.summarize(chat.id, "x", through=3)
    assert due(amina) == []
    amina.conversations.append(chat.id, role="user", content="m13")
    assert due(amina) == ["Loan"]
    amina.conversations.summarize(chat.id, "x")
    assert due(amina) == []


def test_another_measure_may_be_asked_for(amina, chat):
    assert due(amina, every=12) == ["Loan"]
    assert due(amina, every=13) == []


def test_a_measure_that_is_not_a_count_is_refused(amina, chat):
    for every in (0, -1, True, 2**70, "2", 1.5):
        with pytest.raises(HoldfastError, match="every: ") as caught:
            amina.conversations.due_summaries(every=every)
        assert caught.value.code == "invalid_input"


def test_only_ones_own_active_conversations_are_due(amina, ben, ada, chat):
    assert due(ben) == due(ada) == []
    amina.conversations.archive(chat.id)
    assert due(amina) == []


def test_an_administrator_may_summarize_for_somebody(amina, ada, chat):
    made = ada.conversations.summarize(chat.id, "By the administrator.")
    assert made.created_by == ada.scope.actor_id
    assert amina.conversations.summaries(chat.id) == [made]
