"""What the words find and what the vectors find, as one list.

A convex combination of both scores, `(1 - weight) * lexical + weight * vector`, each brought to a scale that begins
at 0, nothing in common. A lexical score is divided by the best one of its query, beyond which it has no meaning. A
similarity s becomes `(s - floor) / (1 - floor)`, `floor` being what unrelated texts have in common: with some models
0.7, because all their vectors lie in one corner. It is not divided by its best: where nothing is near, nothing should
look near (measured: docs/measurements.md, "Retrieval"). What one side lacks is at that side's 0.

Ranks alone are not used: they forget by how much a passage was better, and with a small model that made the answers
worse than the words alone.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

WEIGHT = 0.5
"""The vectors' share where nobody says another. With the poorest of embedders it costs nothing against 0.2 to 0.4."""
CANDIDATES = 100
"""How many candidates to ask each side for. Fewer make the least similar one a worse floor."""

Id = TypeVar("Id", bound=Any)
Why = Literal["words", "meaning", "both"]


@dataclass(frozen=True)
class Fused(Generic[Id]):
    """A passage found. `score` is from 0 to 1; `lexical` and `vector` are as given, None where that side lacks it."""

    id: Id
    score: float
    lexical: float | None
    vector: float | None
    why: Why


def fuse(
    lexical: Sequence[tuple[Id, float]],
    vector: Sequence[tuple[Id, float]],
    *,
    weight: float = WEIGHT,
    k: int,
    floor: float | None = None,
) -> list[Fused[Id]]:
    """The best `k` of both sides' candidates, best first, in the same order for the same candidates in any order.

    `lexical` holds scores, the more the better, 0 and less counting as nothing; `vector` cosine similarities. Of an id
    given twice the better counts. `weight` is the vectors' share: 0 leaves the words alone, 1 the vectors, and the
    other side's candidates out. `floor` is the similarity of unrelated texts; without it, that of the least similar
    candidate, which is about the same among a hundred and means little among three. What is better on both sides is
    never lower; between equals the words decide, then the vectors, then the id. With a floor given, a candidate that
    is nobody's best changes nothing in the order of the others.
    Raises `ValueError` for a weight, floor, score or `k` that is no such thing: they are the program's, not a person's.
    """
    _check(weight, floor, k)
    scores = _best(lexical) if weight < 1 else {}
    similarities = _best(vector) if weight > 0 else {}
    top = max(scores.values(), default=0.0)
    zero = min(similarities.values(), default=0.0) if floor is None else floor
    found = []
    for id in {**scores, **similarities}:
        score, similarity = scores.get(id), similarities.get(id)
        joined = (1 - weight) * _share(score, 0.0, top) + weight * _share(similarity, zero, 1.0)
        found.append((-joined, _below(score), _below(similarity), id))
    return [
        Fused(id, -joined, score := scores.get(id), similarity := similarities.get(id), _why(score, similarity))
        for joined, _score, _similarity, id in heapq.nsmallest(k, found)
    ]


def _check(weight: float, floor: float | None, k: int) -> None:
    if not 0 <= weight <= 1:
        raise ValueError(f"weight: is the vectors' share, from 0 to 1; got {weight!r}")
    if floor is not None and not -1 <= floor < 1:
        raise ValueError(f"floor: is a similarity below 1; got {floor!r}")
    if k < 1:
        raise ValueError(f"k: at least 1; got {k!r}")


def _best(candidates: Sequence[tuple[Id, float]]) -> dict[Id, float]:
    best: dict[Id, float] = {}
    for id, score in candidates:
        if not math.isfinite(score):
            raise ValueError(f"score of {id!r}: {score!r} is no number to go by")
        held = best.get(id)
        if held is None or held < score:
            best[id] = score
    return best


def _share(score: float | None, zero: float, one: float) -> float:
    """How far the score is from `zero` to `one`, at most 1: a cosine can be 1.0000001."""
    if score is None or score <= zero or one <= zero:
        return 0.0
    return min(1.0, (score - zero) / (one - zero))


def _why(score: float | None, similarity: float | None) -> Why:
    if score is None:
        return "meaning"
    return "words" if similarity is None else "both"


def _below(raw: float | None) -> float:
    """What sorts it: the greater first, then those without."""
    return math.inf if raw is None else -raw
