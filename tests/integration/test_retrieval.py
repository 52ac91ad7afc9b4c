"""How well what is asked is found: the index of words beats plain BM25, and with vectors it is better still."""

import pytest

from benchmarks.retrieval.indexes import LexicalIndex
from benchmarks.retrieval.judging import judge
from benchmarks.retrieval.measuring import EMBEDDER, OWN, Setup, embedder_named
from benchmarks.retrieval.samples import Passage, read

TURNS = (
    Passage(id="1", text="Where did you go swimming?", speaker="Ana"),
    Passage(id="2", text="In the lake, with both dogs.", speaker="Ben"),
    Passage(id="3", text="Wasn't it cold?", speaker="Ana"),
    Passage(id="4", text="Not with a wetsuit.", speaker="Ben"),
    Passage(id="5", text="Another day begins.", session="2", speaker="Ben"),
)


@pytest.fixture
def person(sync_store):
    return sync_store.tenant("acme").user("amina@acme.test")


def test_a_passage_is_found_by_its_neighbours_words_but_after_their_own_passage(person):
    index = LexicalIndex(person)
    index.add(TURNS)
    assert [id for id, _ in index.search("Who swims?", 5)] == ["1", "2"]
    assert [id for id, _ in index.search("wetsuits", 5)] == ["4", "3"]
    assert {id for id, _ in index.search("ana", 5)} == {"1", "3"}
    assert index.search("?!", 5) == []


def test_lexical_beats_plain_and_hybrid_beats_lexical(person):
    """With the embedder that knows spelling alone, on questions whose words are often others than the answer's."""
    setup = Setup(person=person, embedder=embedder_named(EMBEDDER))
    found = {each.name: each for each in judge(read(OWN), setup.indexes)}
    for depth in (5, 10, 20):
        recall = {name: answers.recall(depth) for name, answers in found.items()}
        assert recall["plain BM25"] < recall["lexical"] < recall["hybrid"]
    assert found["hybrid"].recall(10) > found["reciprocal ranks"].recall(10)
