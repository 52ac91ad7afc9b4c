"""Recall of each way of searching, by conversation and in all, and how sure it is that one beats another."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.retrieval.indexes import Index
from benchmarks.retrieval.samples import Collection, Question

DEPTHS = (1, 5, 10, 20)
DRAWS = 2_000
_SEED = 11


@dataclass(frozen=True)
class Answers:
    """What one way of searching found for every question: the share of its evidence at each depth."""

    name: str
    shares: Mapping[str, tuple[tuple[float, ...], ...]]
    """Of each collection: of each question: at each of `DEPTHS`."""

    def recall(self, depth: int, collection: str | None = None) -> float:
        """The mean over the questions, of one collection or of all."""
        shares = self.at(depth, collection)
        return sum(shares) / len(shares) if shares else 0.0

    def at(self, depth: int, collection: str | None = None) -> list[float]:
        place = DEPTHS.index(depth)
        return [
            question[place]
            for name, questions in self.shares.items()
            if collection in (None, name)
            for question in questions
        ]


@dataclass(frozen=True)
class Difference:
    """How much more one way recalls than another at one depth, with the middle 95 % of what chance makes of it."""

    better: float
    least: float
    most: float
    wins: int
    losses: int
    """Conversations on which it was better, and worse."""


def judge(collections: Sequence[Collection], indexes: Callable[[], Sequence[Index]]) -> list[Answers]:
    """Ask every question of fresh indexes of its collection."""
    found: dict[str, dict[str, tuple[tuple[float, ...], ...]]] = {}
    for collection in collections:
        for index in indexes():
            index.add(collection.passages)
            shares = tuple(_shares(index, question) for question in collection.questions)
            found.setdefault(index.name, {})[collection.id] = shares
    return [Answers(name, shares) for name, shares in found.items()]


def _shares(index: Index, question: Question) -> tuple[float, ...]:
    ids = [id for id, _ in index.search(question.text, max(DEPTHS))]
    return tuple(len(question.evidence.intersection(ids[:depth])) / len(question.evidence) for depth in DEPTHS)


def difference(one: Answers, other: Answers, depth: int) -> Difference:
    """`one` against `other`, question by question; chance by drawing as many questions again from each collection."""
    gains = [
        [mine - theirs for mine, theirs in zip(one.at(depth, name), other.at(depth, name), strict=True)]
        for name in one.shares
    ]
    means = sorted(_drawn(gains))
    by_collection = [sum(each) for each in gains]
    return Difference(
        better=_mean(gains),
        least=means[int(0.025 * DRAWS)],
        most=means[int(0.975 * DRAWS)],
        wins=sum(gain > 0 for gain in by_collection),
        losses=sum(gain < 0 for gain in by_collection),
    )


def _drawn(gains: Sequence[Sequence[float]]) -> Iterator[float]:
    chance = random.Random(_SEED)
    for _ in range(DRAWS):
        yield _mean([chance.choices(each, k=len(each)) for each in gains if each])


def _mean(gains: Sequence[Sequence[float]]) -> float:
    total = sum(len(each) for each in gains)
    return sum(map(sum, gains)) / total if total else 0.0
