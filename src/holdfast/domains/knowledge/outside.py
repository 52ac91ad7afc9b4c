"""Bases whose vectors an outside index keeps: it says what is near, and all that it says is looked up here.

It is asked outside transactions, like an embedder. Of what it gives only ids and likenesses count; which of them are
chunks of that base that the asker may read, our own rows say, under the asker's clearance. Where too few are, it is
asked for more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.outside import OutsideIndexes, OutsideMissing, OutsideUnavailable, OutsideUnknown
from holdfast.core.questions import Asked
from holdfast.core.vectors import Found, VectorIndex
from holdfast.domains.knowledge import queries
from holdfast.domains.knowledge.models import KnowledgeBase

SIZES = (200, 1_000, 10_000)
"""How much is asked for, one after the other, while what may be seen of it falls short."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What outside indexes said of a question, by index: candidates, or why there are none. `size`: how many were asked
    for.
    """

    near: Mapping[UUID, Sequence[Found]]
    away: Mapping[UUID, str]
    size: int


NOTHING = Outside(near={}, away={}, size=0)


def of(indexes: Mapping[KnowledgeBase, VectorIndex]) -> dict[VectorIndex, str]:
    """Those of the indexes that are outside, with where."""
    return {index: base.index for base, index in indexes.items() if base.index is not None}


def ask(at_hand: OutsideIndexes, wanted: Mapping[VectorIndex, str], asked: Asked, size: int) -> Outside:
    """Candidates for a question. Raises nothing: who is away is said. Never in a transaction."""
    near: dict[UUID, Sequence[Found]] = {}
    away: dict[UUID, str] = {}
    for index, place in wanted.items():
        vector = asked.vectors.get(index.embedder)
        if vector is None or len(vector) != index.dimension:
            continue
        try:
            near[index.id] = [Found(*one) for one in at_hand.nearest(place, index.id, vector, size)]
        except (OutsideUnavailable, OutsideUnknown, OutsideMissing) as error:
            away[index.id] = f"searched by words alone; {error}"
    return Outside(near=near, away=away, size=size)


def here(
    indexes: Mapping[KnowledgeBase, VectorIndex], outside: Outside
) -> tuple[dict[KnowledgeBase, VectorIndex], list[str]]:
    """The indexes that can be searched by meaning now, and what is to be said of the others."""
    can = {base: index for base, index in indexes.items() if index.id not in outside.away}
    return can, [f"{base.name}: {outside.away[one.id]}" for base, one in indexes.items() if one.id in outside.away]


def seen(tx: Transaction, index: VectorIndex, found: Sequence[Found]) -> list[Found]:
    """Those candidates that are chunks of the index's base which the asker may read, in their order."""
    right: set[UUID] = set()
    for start in range(0, len(found), 500):
        ids = [one.item_id for one in found[start : start + 500]]
        right |= {id_ for (id_,) in tx.all(queries.chunks_seen, {"ids": ids, "base_id": index.about})}
    return [one for one in found if one.item_id in right]


def with_outside(at_hand: OutsideIndexes, wanted: Mapping[VectorIndex, str], asked: Asked, size: int) -> Asked:
    """`asked`, with what outside indexes said."""
    return replace(asked, outside=ask(at_hand, wanted, asked, size)) if wanted else asked
