"""Messages by meaning: those nearest to a question, among those that somebody may see where they look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from holdfast.core import vectors
from holdfast.core.database import Transaction
from holdfast.core.embedders import Vector
from holdfast.core.questions import Asked
from holdfast.core.results import WantedMode
from holdfast.core.vectors import Found, VectorIndex
from holdfast.domains.conversations import search_queries
from holdfast.domains.conversations.embedding import PURPOSE

FEW = 2_000
"""In a conversation of up to so many messages all are compared; elsewhere the nearest are looked through first."""
MOST_NEAREST = 1_000


@dataclass(frozen=True)
class Near:
    """What a search by meaning goes by, made before its transaction."""

    wanted: WantedMode = "auto"
    asked: Asked = field(default_factory=Asked)
    notes: tuple[str, ...] = ()

    def vector(self, index: VectorIndex | None) -> "Vector | None":
        """The question's, as far as it fits an index."""
        if index is None:
            return None
        vector = self.asked.vectors.get(index.embedder)
        return vector if vector is not None and len(vector) == index.dimension else None


def active(tx: Transaction, owner_id: UUID) -> VectorIndex | None:
    """The index of somebody's messages that is searched."""
    return vectors.active_index(tx, purpose=PURPOSE, about=owner_id)


def nearest(
    tx: Transaction, index: VectorIndex, vector: Vector, place: Mapping[str, object], *, k: int, few: bool
) -> list[Found]:
    """The `k` messages of a place that are most like a vector.

    `place`: its `conversation_id` with `through`, its `workspace_id`, or neither; and whether `deleted` ones count.
    `few`: there are few enough to compare each. Otherwise the nearest of the person's are looked through, and where too
    few of them are in that place, each is compared after all: no answer comes short. One statement to five.
    """
    shape = {
        "conversation": place.get("conversation_id") is not None,
        "workspace": place.get("workspace_id") is not None,
        "deleted": bool(place.get("deleted")),
    }
    asked = {**place, "index_id": index.id, "vector": vector, "limit": k}
    if not few:
        for size in (k, MOST_NEAREST):
            found = vectors.nearest(tx, index, vector, k=size, levels=None, owner=index.about, effort=vectors.ROUGHLY)
            ids = [one.item_id for one in found]
            there = {id_ for (id_,) in tx.all(search_queries.among_listed(**shape), {**place, "ids": ids})}
            kept = [one for one in found if one.item_id in there]
            if len(kept) >= k or len(found) < size:
                return kept[:k]
    return tx.all(search_queries.nearest_in(**shape), asked)
