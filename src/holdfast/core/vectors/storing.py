"""Vectors: stored, moved to another level, removed."""

from array import array
from collections.abc import Iterable
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.scope import NIL
from holdfast.core.vectors import queries
from holdfast.core.vectors.errors import VectorIndexNotFound
from holdfast.core.vectors.models import VectorIndex
from holdfast.core.vectors.values import Numbers, normalised

LEVELS = ("S", "A", "B", "C", "D")
Item = tuple[UUID, str | None, UUID | None, Numbers]
"""An item's id, its level (None: for everybody), whose own it is (None: nobody's), and its vector."""


def store(tx: Transaction, index: VectorIndex, items: Iterable[Item]) -> int:
    """Store the vectors of items, in place of those that they have in this index; how many there are.

    Of an item given twice the last counts. Raises `VectorMismatch`, `InvalidVector`, `VectorIndexNotFound`; nothing is
    stored then. About 0.1 ms a vector: give a few thousand at most to one transaction, so that others can write.
    """
    rows = {item_id: _row(index, item_id, level, owner, vector) for item_id, level, owner, vector in items}
    if tx.first(queries.index_shared, {"index_id": index.id}) is None:
        raise VectorIndexNotFound(index.id)
    tx.many(queries.store, [rows[item_id] for item_id in sorted(rows)])  # one order for all, so that none deadlock
    return len(rows)


def remove(tx: Transaction, item_ids: Iterable[UUID]) -> int:
    """Remove items from every index they are in; how many vectors there were here. Two statements.

    What outside indexes keep of them is to be removed there, after this transaction (`clear_outside`).
    """
    gone = {"item_ids": sorted(item_ids)}
    tx.run(queries.leave_outside, gone)
    return tx.run(queries.remove, gone)


def move(tx: Transaction, item_ids: Iterable[UUID], *, level: str | None) -> int:
    """Give items another level, in every index they are in; how many vectors there were. One statement."""
    return tx.run(queries.move, {"item_ids": sorted(item_ids), "new_level": _level(level)})


def vector_of(tx: Transaction, index: VectorIndex, item_id: UUID, *, levels: frozenset[str]) -> "array[float] | None":
    """An item's vector, if it is at one of the levels or at none. One statement."""
    asked = {"index_id": index.id, "item_id": item_id, "at_levels": ["", *sorted(levels)]}
    found = tx.all(queries.of_item, asked)
    return found[0][0] if found else None


def remove_about(tx: Transaction, tenant_id: UUID, purpose: str, about: UUID) -> None:
    """Remove every index about something with its vectors, as the operator."""
    gone = {"in_tenant": tenant_id, "purpose": purpose, "about": about}
    tx.run(queries.leave_outside_about, gone)
    tx.run(queries.delete_about, gone)
    tx.run(queries.delete_indexes_about, gone)


def missing(tx: Transaction, index: VectorIndex, item_ids: Iterable[UUID]) -> list[UUID]:
    """Those of `item_ids` that have no vector in the index, in the order given. One statement.

    To find them among many rows, put `~has_vector(column)` into the query that lists those.
    """
    wanted = list(item_ids)
    found = {item_id for (item_id,) in tx.all(queries.stored_of, {"index_id": index.id, "item_ids": wanted})}
    return [item_id for item_id in wanted if item_id not in found]


def count(tx: Transaction, index: VectorIndex) -> int:
    """How many vectors an index holds. Reads them all: 10 ms for 100,000."""
    return int(tx.all(queries.count, {"index_id": index.id})[0][0])


def _row(
    index: VectorIndex, item_id: UUID, level: str | None, owner: UUID | None, vector: Numbers
) -> dict[str, object]:
    direction = normalised(index, vector)
    return {
        "item_id": item_id,
        "index_id": index.id,
        "level": _level(level),
        "owner_id": owner or NIL,
        "code": direction,
        "vector": direction,
    }


def _level(level: str | None) -> str:
    if level is not None and level not in LEVELS:
        raise InvalidInput(f"level: {level!r} is none of {', '.join(LEVELS)}", field="level")
    return level or ""
