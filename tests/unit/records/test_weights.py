"""Picks by weight: exact, the same from a seed whatever the history, quick."""

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domains.records.weights import CALM, Weights, units

keys = st.text("abc", max_size=3)
changes = st.lists(st.tuples(keys, st.integers(0, 5) | st.none()), max_size=400)


class Always(Random):
    """Gives one number."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def getrandbits(self, _k):
        return self.number


@given(changes)
def test_each_key_is_picked_by_as_many_numbers_as_it_has_weight(done):
    weights, model = Weights(), {}
    for key, weight in done:
        if weight is None:
            weights.discard(key)
            model.pop(key, None)
        else:
            weights.set(key, weight)
            model[key] = weight
    assert list(weights) == sorted(model.items()) and weights.total == sum(model.values())
    wanted = [key for key, weight in sorted(model.items()) for _ in range(weight)]
    assert [weights.pick(Always(number)) for number in range(weights.total)] == wanted


def test_blocks_that_grow_and_end_stay_exact():
    chance, weights, model = Random(1), Weights(), {}
    for _ in range(20_000):
        key = f"{chance.randrange(3_000):04d}"
        if chance.random() < 0.4:
            weights.discard(key)
            model.pop(key, None)
        else:
            model[key] = chance.randrange(4)
            weights.set(key, model[key])
    assert list(weights) == sorted(model.items()) == list(Weights(sorted(model.items())))
    fresh = Weights(sorted(model.items()))
    one, other = Random(7), Random(7)
    assert [weights.pick(one) for _ in range(1_000)] == [fresh.pick(other) for _ in range(1_000)]
    for key in list(model):
        weights.discard(key)
    assert len(weights) == weights.total == 0


def test_fractions_are_exact():
    for weight in (0.1, 1e-3, 2.5, 1e6, 0.3):
        assert Fraction(units(weight), 2**64) == Fraction(weight)


def test_a_pick_is_where_a_random_number_of_the_sum_falls_also_after_many_without_a_change():
    """The plain rule beside it, over blocks of keys, nothing but zeros among them."""
    pairs = [(f"{number:04d}", 0 if number % 3 or 200 < number < 400 else number) for number in range(1_000)]
    weights, theirs, ours = Weights(pairs), Random(11), Random(11)
    for number in range(3 * CALM):
        if number == 2 * CALM:
            weights.set("0003", 10_000)
            pairs[3] = ("0003", 10_000)
        ends = [*accumulate(weight for _, weight in pairs)]
        wanted = pairs[bisect_right(ends, theirs.randrange(ends[-1]))][0]
        assert weights.pick(ours) == wanted
