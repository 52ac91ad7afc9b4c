"""Shares as exact counts: of a thousand messages six in ten are six hundred, not about that many."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


def quota(weights: Mapping[Thing, int], count: int, pick: random.Random) -> list[Thing]:
    """So many things by their weights, by largest remainder, in random order. Empty without weights."""
    whole = sum(weights.values())
    if whole <= 0:
        return []
    if len(weights) == 1:
        return [*weights] * count
    found: list[Thing] = []
    rest: list[tuple[int, str, Thing]] = []
    for thing, weight in weights.items():
        times, left = divmod(weight * count, whole)
        found += [thing] * times
        rest.append((-left, str(thing), thing))
    rest.sort(key=lambda one: one[:2])
    found += [thing for _, _, thing in rest[: count - len(found)]]
    pick.shuffle(found)
    return found


def chosen(among: Iterable[int], count: int, pick: random.Random) -> set[int]:
    """So many of some numbers, or all where there are fewer."""
    some: Sequence[int] = list(among)
    return set(some if len(some) <= count else pick.sample(some, max(count, 0)))


def share(part: int, whole: int, count: int) -> int:
    """`part` of `whole`, of `count`."""
    return (2 * part * count + whole) // (2 * whole) if whole else 0
