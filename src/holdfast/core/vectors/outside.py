"""What is kept in outside indexes, and what has to go from there: noted here before it is sent, and until it is gone.

`sending`  it is about to be sent, or was, and nobody lived to say so
`kept`     it is there
`removing` what it was of is gone from here; it is to go from there, and is tried until it is
`doubtful` the same, while it was being sent: it may arrive later, so it is removed again for a while
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.outside import OutsideReport
from holdfast.core.outside.errors import OutsideUnavailable, OutsideUnknown
from holdfast.core.scope import OPERATOR
from holdfast.core.vectors import queries
from holdfast.core.vectors.models import VectorIndex

LOT = 5_000
LATE = timedelta(minutes=15)
"""So much later nothing arrives any more that was under way."""


def note_outside(tx: Transaction, index: VectorIndex, place: str, ids: Sequence[UUID]) -> None:
    """Say that vectors are about to be sent to the outside index `place`."""
    row = {"index_id": index.id, "place": place, "moment": now()}
    tx.many(queries.note_outside, [row | {"item_id": id_} for id_ in sorted(ids)])


def sent_outside(tx: Transaction, index_id: UUID, place: str, ids: Sequence[UUID]) -> int:
    """Say that they are there; how many of those are wanted still. The others are to be removed again."""
    kept = tx.run(queries.sent_outside, {"index_id": index_id, "item_ids": list(ids)})
    if kept < len(ids):
        there = {id_ for (id_,) in tx.all(queries.kept_outside, {"index_id": index_id, "item_ids": list(ids)})}
        row = {"index_id": index_id, "place": place, "moment": now()}
        tx.many(queries.unwanted_outside, [row | {"item_id": id_} for id_ in sorted(set(ids) - there)])
    return kept


def leave_outside_tenant(tx: Transaction, tenant_id: UUID) -> None:
    """A tenant is being deleted: all that outside indexes keep of it is to go. As the operator."""
    tx.run(queries.leave_outside_tenant, {"in_tenant": tenant_id})


def clear_outside(engine: Engine, tenant_id: UUID | None = None) -> OutsideReport:
    """Remove from outside indexes what is gone from here, of one tenant or of all; what cannot be reached waits.

    Each lot is forgotten here when it is gone there.
    """
    removed, notes = 0, []
    asked: dict[str, Any] = {"every": tenant_id is None, "in_tenant": tenant_id, "most": LOT}
    for tenant, place, index_id in engine.read(OPERATOR, "all", lambda tx: tx.all(queries.outside_to_clear, asked)):
        try:
            removed += _clear(engine, tenant, place, index_id)
        except (OutsideUnavailable, OutsideUnknown) as error:
            notes.append(str(error))
    left = engine.read(OPERATOR, "all", lambda tx: tx.all(queries.count_left_outside, asked))[0][0]
    return OutsideReport(removed=removed, left=int(left), notes=tuple(notes))


def _clear(engine: Engine, tenant_id: UUID, place: str, index_id: UUID) -> int:
    of = {"in_tenant": tenant_id, "index_id": index_id, "place": place, "most": LOT, "late": now() - LATE}
    removed = 0
    while lot := engine.read(OPERATOR, "all", lambda tx: tx.all(queries.lot_to_clear, of)):
        ids = [item_id for item_id, _ in lot]
        engine.outside.remove(place, index_id, ids)
        engine.write(OPERATOR, "all", lambda tx: tx.run(queries.cleared_outside, of | {"item_ids": ids}))  # noqa: B023
        removed += sum(state != "doubtful" for _, state in lot)
        if len(lot) < LOT:
            break
    if not engine.read(OPERATOR, "all", lambda tx: tx.all(queries.index_lives, of)):
        engine.outside.drop(place, index_id)
    return removed
