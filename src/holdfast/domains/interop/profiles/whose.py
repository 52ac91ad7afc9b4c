"""Whose values are: the smallest digests of the patients of each, from rows that are in the order of their patients."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from .counts import PATIENTS, Patients, Value

Thing = TypeVar("Thing", bound=Hashable)
FIRST = 512
"""How many rows are looked at first; each time after that as many as before."""


def counted(things: Sequence[Thing], patients: Sequence[int]) -> dict[Thing, Value]:
    """How often each thing came, and whose they are: at most as many patients as are counted exactly.

    `patients`: of each row, in ascending order.
    """
    counts = Counter(things)
    found = smallest(things, counts, patients)
    return {thing: Value(count, Patients(set(found[thing]))) for thing, count in counts.items()}


def smallest(
    things: Sequence[Thing], counts: Mapping[Thing, int], patients: Sequence[int]
) -> Mapping[Thing, Sequence[int]]:
    """The smallest patients of each thing, `PATIENTS` at most. Stops as soon as no later row can be among them."""
    if len(counts) == 1:
        return dict.fromkeys(counts, distinct(patients))
    found: dict[Thing, list[int]] = {thing: [] for thing in counts}
    until, begun = FIRST, 0
    while begun < len(things):
        for thing, patient in zip(things[begun:until], patients[begun:until], strict=True):
            found[thing].append(patient)
        begun, until = until, 2 * until
        if enough(found, counts):
            break
    return {thing: distinct(whose) for thing, whose in found.items()}


def distinct(whose: Sequence[int]) -> list[int]:
    """The first different ones, `PATIENTS` at most."""
    return list(islice(dict.fromkeys(whose), PATIENTS))


def enough(found: Mapping[Thing, Sequence[int]], counts: Mapping[Thing, int]) -> bool:
    """Whether every thing has all its patients, or as many as are counted exactly. `counts`: how often each came."""
    return all(
        len(whose) == counts[thing] or (len(whose) >= PATIENTS and len(set(whose)) >= PATIENTS)
        for thing, whose in found.items()
    )
