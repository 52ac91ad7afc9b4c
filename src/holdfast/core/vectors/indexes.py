"""Indexes of vectors: made, filled, made the one that is searched, dropped."""

from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import new_id
from holdfast.core.scope import NIL
from holdfast.core.vectors import queries
from holdfast.core.vectors.errors import VectorIndexNotFound
from holdfast.core.vectors.models import State, VectorIndex

MOST_DIMENSIONS = 16_000
LOT = 10_000


def create_index(
    tx: Transaction, *, purpose: str, about: UUID = NIL, embedder: str, dimension: int, state: State = "building"
) -> VectorIndex:
    """An empty index. With `state="active"` the one that was searched until now is retired.

    `about` is what it covers (a knowledge base, say), NIL for all there is of the tenant. `dimension` at most 16,000.
    """
    if not 1 <= dimension <= MOST_DIMENSIONS:
        raise InvalidInput(f"dimension: {dimension!r} is not between 1 and {MOST_DIMENSIONS}", field="dimension")
    made = VectorIndex(
        id=new_id(),
        purpose=purpose,
        about=about,
        embedder=embedder,
        dimension=dimension,
        state="building" if state == "active" else state,
        created_at=now(),
    )
    tx.run(queries.add_index, vars(made))
    return activate(tx, made.id) if state == "active" else made


def indexes(tx: Transaction, *, purpose: str, about: UUID | None = None) -> list[VectorIndex]:
    """Every index of a purpose, or about one thing, oldest first."""
    if about is None:
        return tx.all(queries.indexes_of_purpose, {"purpose": purpose})
    return tx.all(queries.indexes_about, {"purpose": purpose, "about": about})


def active_index(tx: Transaction, *, purpose: str, about: UUID = NIL) -> VectorIndex | None:
    """The index that is searched, or None before the first was activated."""
    return tx.first(queries.active_index, {"purpose": purpose, "about": about})


def index_for(tx: Transaction, *, purpose: str, about: UUID, embedder: str, dimension: int) -> VectorIndex:
    """The index of an embedder about something: the first is searched at once, another is filled beside it.

    For what has an index for each person, made with the first vector. Up to four statements.
    """
    tx.all(queries.wait_for_turn, {"turn": f"first vectors:{tx.tenant_id}:{purpose}:{about}"})
    found = [one for one in indexes(tx, purpose=purpose, about=about) if one.state != "retired"]
    same = sorted((one for one in found if one.embedder == embedder), key=lambda one: one.state)
    if same:
        return same[0]
    state: State = "building" if any(one.state == "active" for one in found) else "active"
    return create_index(tx, purpose=purpose, about=about, embedder=embedder, dimension=dimension, state=state)


def known_dimension(tx: Transaction, *, purpose: str, embedder: str) -> int | None:
    """How many numbers an embedder's vectors have in any index of a purpose; None where there is none."""
    found = tx.all(queries.known_dimension, {"purpose": purpose, "embedder": embedder})
    return int(found[0][0]) if found else None


def activate(tx: Transaction, index_id: UUID) -> VectorIndex:
    """Make an index the one that is searched, and retire the one before it: a reader sees one or the other.

    Raises `VectorIndexNotFound`. Five statements.
    """
    index = _find(tx, index_id)
    tx.all(queries.wait_for_turn, {"turn": f"vectors:{tx.tenant_id}:{index.purpose}:{index.about}"})
    index = _find(tx, index_id)
    if index.state == "active":
        return index
    tx.run(queries.retire_active, {"of_purpose": index.purpose, "of_about": index.about})
    tx.run(queries.set_state, {"index_id": index_id, "new_state": "active"})
    return VectorIndex(**{**vars(index), "state": "active"})


def drop_index(tx: Transaction, index_id: UUID, *, most: int = LOT) -> bool:
    """Retire an index, and delete up to `most` of its vectors: whether it is gone with all of them.

    Call it again, in a transaction of its own, until it is. Raises `VectorIndexNotFound`.
    """
    if tx.first(queries.index_alone, {"index_id": index_id}) is None:
        raise VectorIndexNotFound(index_id)
    tx.run(queries.set_state, {"index_id": index_id, "new_state": "retired"})
    if tx.run(queries.delete_lot, {"index_id": index_id, "most": most}) == most:
        return False
    tx.run(queries.leave_outside_index, {"index_id": index_id})
    tx.run(queries.delete_index, {"index_id": index_id})
    return True


def _find(tx: Transaction, index_id: UUID) -> VectorIndex:
    found = tx.first(queries.index_shared, {"index_id": index_id})
    if found is None:
        raise VectorIndexNotFound(index_id)
    return found
