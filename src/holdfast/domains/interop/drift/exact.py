"""The statistics of drift: Fisher's exact test, the correction for many tests, the size of an effect."""

from collections.abc import Iterator, Sequence
from math import asin, exp, lgamma, sqrt

_NEGLIGIBLE = 1e-17


def fisher(one: int, of_one: int, other: int, of_other: int) -> float:
    """The p-value of two shares, `one` of `of_one` and `other` of `of_other`: twice the tail beyond what was seen.

    R. A. Fisher, 1935. The tail is summed until its terms are negligible, about the square root of the sizes.
    """
    successes, whole = one + other, of_one + of_other
    if one * whole <= successes * of_one:
        beyond = range(one, max(0, successes - of_other) - 1, -1)
    else:
        beyond = range(one, min(successes, of_one) + 1)
    return min(1.0, 2 * _tail(beyond, of_one, successes, whole))


def _tail(values: range, drawn: int, successes: int, whole: int) -> float:
    total = 0.0
    for term in _terms(values, drawn, successes, whole):
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return total


def _terms(values: range, drawn: int, successes: int, whole: int) -> Iterator[float]:
    """The probability of each number of successes among those drawn."""
    for value in values:
        chosen = _choose(successes, value) + _choose(whole - successes, drawn - value) - _choose(whole, drawn)
        yield exp(chosen)


def _choose(many: int, some: int) -> float:
    """The logarithm of the number of ways."""
    return lgamma(many + 1) - lgamma(some + 1) - lgamma(many - some + 1)


def effect(before: float, after: float) -> float:
    """How far apart two shares are: Cohen's h, 0 to pi. 0.2 is called small, 0.5 medium, 0.8 large."""
    return abs(2 * asin(sqrt(after)) - 2 * asin(sqrt(before)))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """The p-values as the false discovery rate at which each would count.

    Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, 1995.
    """
    many, least = len(p_values), 1.0
    found = [1.0] * many
    for rank, place in zip(range(many, 0, -1), sorted(range(many), key=lambda at: -p_values[at]), strict=True):
        least = min(least, p_values[place] * many / rank)
        found[place] = least
    return found
