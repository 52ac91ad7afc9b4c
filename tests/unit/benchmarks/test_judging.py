"""Judging: recall is a share of the evidence, and a difference says how sure it is."""

import pytest

from benchmarks.retrieval.indexes import HybridIndex, PlainIndex, RankFusedIndex, VectorIndex
from benchmarks.retrieval.judging import Answers, difference, judge
from benchmarks.retrieval.measuring import embedder_named
from benchmarks.retrieval.samples import Collection, Passage, Question
from holdfast.core.embedders import HashingEmbedder

TALK = Collection(
    id="talk",
    passages=(
        Passage(id="1", text="Where did you go?", speaker="Ana"),
        Passage(id="2", text="To the lake, with both dogs.", speaker="Ben"),
        Passage(id="3", text="What did you do there?", speaker="Ana"),
        Passage(id="4", text="Swimming, mostly.", speaker="Ben"),
    ),
    questions=(
        Question(text="Who went swimming?", evidence=frozenset({"4"})),
        Question(text="Did the dogs get to see a lake?", evidence=frozenset({"2", "x"})),
    ),
)


def answers(*recalls, name="one", collection="talk"):
    return Answers(name, {collection: tuple((recall,) * 4 for recall in recalls)})


@pytest.mark.parametrize("index", [PlainIndex, lambda: VectorIndex(HashingEmbedder(256))])
def test_an_index_finds_the_passage_that_has_the_words(index):
    filled = index()
    filled.add(TALK.passages)
    found = filled.search("the lake, dogs", 2)
    assert found[0][0] == "2"
    assert len(found) <= 2
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@pytest.mark.parametrize("question", ["", "?!", '"', "zebra"])
def test_a_question_without_a_word_that_is_there_finds_nothing(question):
    filled = PlainIndex()
    filled.add(TALK.passages)
    assert filled.search(question, 5) == []


def test_fused_indexes_find_what_either_finds():
    words, vector = PlainIndex(), VectorIndex(HashingEmbedder(256))
    for index in (words, vector):
        index.add(TALK.passages)
    for fused in (HybridIndex(words, vector), RankFusedIndex(words, vector)):
        assert fused.search("dogs at a lake", 3)[0][0] == "2"


def test_recall_is_the_share_of_the_evidence_found():
    [found] = judge([TALK], lambda: [PlainIndex()])
    assert found.at(20) == [1.0, 0.5]
    assert found.recall(20) == found.recall(20, "talk") == 0.75
    assert found.recall(20, "another") == 0.0


def test_a_difference_that_every_question_shows_is_sure():
    found = difference(answers(1, 1, 1, 1), answers(0, 0, 0, 0), 10)
    assert (found.better, found.least, found.most, found.wins, found.losses) == (1, 1, 1, 1, 0)


def test_a_difference_that_few_questions_show_is_not():
    found = difference(answers(1, 0, 1, 0, 1), answers(0, 1, 0, 1, 0), 10)
    assert found.better == pytest.approx(0.2)
    assert found.least < 0 < found.most
    assert difference(answers(1, 0), answers(0, 1), 10).wins == 0


def test_an_embedder_is_named_as_a_base_takes_it():
    assert embedder_named("hashing:64").dimension == 64
    assert embedder_named("none") is None
