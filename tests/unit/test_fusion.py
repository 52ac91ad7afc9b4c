"""Words and vectors joined: better on both sides is never lower, and nothing far below moves what is above."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.fusion import fuse

IDS = st.integers(0, 30).map("p{:02}".format)
SCORES = st.floats(-2, 40)
COSINES = st.floats(-1, 1)
WEIGHTS = st.floats(0, 1)
FLOORS = st.none() | st.floats(-1, 0.95)
LEXICAL = st.dictionaries(IDS, SCORES, max_size=20).map(lambda found: list(found.items()))
VECTOR = st.dictionaries(IDS, COSINES, max_size=20).map(lambda found: list(found.items()))


def order(lexical, vector, **options):
    return [found.id for found in fuse(lexical, vector, k=100, **options)]


def by_score(candidates):
    return [id for id, _ in sorted(candidates, key=lambda each: (-each[1], each[0]))]


def test_a_passage_that_both_sides_find_comes_before_the_best_of_either():
    found = fuse([("a", 10.0), ("b", 8.0)], [("c", 0.8), ("b", 0.7), ("d", 0.0)], weight=0.5, k=10)
    assert [(each.id, each.why) for each in found] == [
        ("b", "both"),
        ("a", "words"),
        ("c", "meaning"),
        ("d", "meaning"),
    ]
    best = found[0]
    assert (best.lexical, best.vector) == (8.0, 0.7)
    assert best.score == pytest.approx(0.5 * 0.8 + 0.5 * 0.7)
    assert found[1].vector is None
    assert found[2].lexical is None


def test_similarities_of_a_model_whose_vectors_lie_in_one_corner_weigh_as_others_do():
    lexical = [("a", 9.0), ("b", 7.0), ("c", 3.0)]
    spread = [("b", 0.6), ("c", 0.5), ("d", 0.4), ("e", 0.0)]
    cramped = [(id, 0.75 + 0.25 * similarity) for id, similarity in spread]
    scores = [{each.id: each.score for each in fuse(lexical, vector, weight=0.4, k=9)} for vector in (spread, cramped)]
    assert scores[0] == pytest.approx(scores[1])


def test_where_nothing_is_near_nothing_looks_near():
    """The nearest of many unlike passages does not outdo the words, however much nearer than the rest it is."""
    assert order([("a", 5.0), ("b", 2.5)], [("b", 0.12), ("c", 0.02)], weight=0.5)[0] == "a"


@given(LEXICAL, VECTOR, WEIGHTS, FLOORS)
def test_better_on_both_sides_is_never_lower(lexical, vector, weight, floor):
    found = fuse(lexical, vector, weight=weight, k=100, floor=floor)
    side = [tuple(-math.inf if raw is None else raw for raw in (each.lexical, each.vector)) for each in found]
    for place, upper in enumerate(side):
        for lower in side[place + 1 :]:
            assert not (lower[0] > upper[0] and lower[1] > upper[1])


@given(LEXICAL, VECTOR, FLOORS)
def test_all_the_weight_on_one_side_is_the_order_of_that_side_alone(lexical, vector, floor):
    assert order(lexical, vector, weight=0, floor=floor) == by_score(lexical)
    assert order(lexical, vector, weight=1, floor=floor) == by_score(vector)


@given(LEXICAL, VECTOR, WEIGHTS, FLOORS, st.randoms())
def test_the_order_of_the_candidates_does_not_matter(lexical, vector, weight, floor, chance):
    expected = fuse(lexical, vector, weight=weight, k=100, floor=floor)
    chance.shuffle(lexical)
    chance.shuffle(vector)
    assert fuse(lexical, vector, weight=weight, k=100, floor=floor) == expected


@given(LEXICAL, VECTOR, WEIGHTS, st.floats(-1, 0.95), st.sampled_from(["lexical", "vector", "both"]), st.floats(0, 1))
def test_a_candidate_that_is_not_the_best_of_its_words_moves_no_other(lexical, vector, weight, floor, where, share):
    before = order(lexical, vector, weight=weight, floor=floor)
    if where != "vector" and lexical:
        top = max(score for _, score in lexical)
        lexical = [*lexical, ("new", min(top, top * share))]
    if where != "lexical":
        vector = [*vector, ("new", floor)]
    assert [id for id in order(lexical, vector, weight=weight, floor=floor) if id != "new"] == before


@given(LEXICAL, VECTOR, WEIGHTS, FLOORS, st.integers(1, 30))
def test_fewer_asked_for_are_the_first_of_more_and_scores_are_from_0_to_1(lexical, vector, weight, floor, k):
    found = fuse(lexical, vector, weight=weight, k=100, floor=floor)
    assert fuse(lexical, vector, weight=weight, k=k, floor=floor) == found[:k]
    assert all(0 <= each.score <= 1 for each in found)


def test_of_an_id_given_twice_the_better_counts():
    [found] = fuse([("a", 1.0), ("a", 3.0)], [("a", 0.9), ("a", 0.1)], k=5)
    assert (found.lexical, found.vector) == (3.0, 0.9)


def test_without_candidates_nothing_is_found():
    assert fuse([], [], k=3) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weight": 1.5}, "weight: is the vectors' share, from 0 to 1; got 1.5"),
        ({"weight": math.nan}, "weight"),
        ({"floor": 1.0}, "floor: is a similarity below 1; got 1.0"),
        ({"k": 0}, "k: at least 1; got 0"),
    ],
)
def test_what_is_no_weight_floor_or_number_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        fuse([("a", 1.0)], [], **{"k": 5, **options})


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_refused(score):
    with pytest.raises(ValueError, match="score of 'a'"):
        fuse([], [("a", score)], k=5)
