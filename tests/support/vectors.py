"""Transactions for the tests of vectors, which have no room of their own; and the plain way to find the nearest."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID, uuid4

import holdfast
from holdfast.core.access import Access
from holdfast.core.database import Transaction
from holdfast.core.policy import Reach
from holdfast.core.scope import Scope
from holdfast.core.vectors import Found, create_index, indexes, note_outside, store
from holdfast.domains.conversations import Conversations

T = TypeVar("T")


class Vectors:
    """One person's transactions. `cleared`: the levels that they may see."""

    def __init__(
        self, store: holdfast.Store, tenant: str, email: str, *, reach: Reach = "own", cleared: str = "SABCD"
    ) -> None:
        self.engine: Any = store.engine
        self.scope = replace(store.tenant(tenant).user(email).scope, levels=frozenset(cleared), prepared={})
        self.reach = reach

    @property
    def me(self) -> UUID:
        assert self.scope.actor_id is not None
        return self.scope.actor_id

    def read(self, work: Callable[[Transaction], T]) -> T:
        return self.engine.read(self.scope, self.reach, work)  # type: ignore[no-any-return]

    def write(self, work: Callable[[Transaction], T]) -> T:
        return self.engine.write(self.scope, self.reach, work)  # type: ignore[no-any-return]


def direction(chance: random.Random, dimension: int) -> list[float]:
    """Any direction, of any length."""
    return [chance.gauss(0, 1) for _ in range(dimension)]


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    dot = math.fsum(a * b for a, b in zip(one, other, strict=True))
    return dot / (math.hypot(*one) * math.hypot(*other))


def ranked(items: Mapping[UUID, Sequence[float]], asked: Sequence[float]) -> list[tuple[UUID, float]]:
    """Items and similarities, best first, ties by id."""
    return sorted(((item, cosine(vector, asked)) for item, vector in items.items()), key=lambda one: (-one[1], one[0]))


def ids(found: Sequence[Found]) -> list[UUID]:
    return [one.item_id for one in found]


def store_one(engine: Any, scope: Scope) -> None:
    """An index with a vector of the actor's own, and another outside."""

    def work(tx: Transaction) -> None:
        index = create_index(tx, purpose="messages", embedder="e", dimension=2)
        store(tx, index, [(uuid4(), None, scope.actor_id, [1.0, 0.0])])
        note_outside(tx, index, "elsewhere", [uuid4()])

    engine.write(scope, "own", work)


def embed_one(engine: Any, scope: Scope) -> None:
    """The messages of somebody, embedded."""
    settings = holdfast.Settings(message_embedder="hashing:16")
    Conversations(engine, Access(scope), settings).embed_some()


def keep_storing(url: str, key: str | None, told: Any, seed: int, lots: int, items: Sequence[UUID] = ()) -> None:
    """In a process of its own: store lots of 50 vectors, those of `items` among them, and tell of each lot."""
    chance = random.Random(seed)
    with holdfast.open(url, key) as opened:
        person = Vectors(opened, "acme", "amina@acme.test")
        (index,) = person.read(lambda tx: indexes(tx, purpose="knowledge"))
        for _ in range(lots):
            given = [*items, *(uuid4() for _ in range(50 - len(items)))]
            chance.shuffle(given)
            rows = [(item, "C", None, direction(chance, index.dimension)) for item in given]
            person.write(lambda tx, rows=rows: store(tx, index, rows))  # type: ignore[misc]  # no default known
            told.put([item.hex for item in given])
