"""Picks by weight: exact, the same from a seed whatever the history, quick."""

from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domains.records.weights import Weights, units

keys = st.text("abc", max_size=3)
changes = st.lists(st.tuples(keys, st.integers(0, 5) | st.none()), max_size=400)


class Always(Random):
    """Gives one number."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def randrange(self, *_):
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
