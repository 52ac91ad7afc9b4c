"""Destroying an owner's data keys: in the database first, in its transaction; then in the ring, outside any.

In this order nothing is destroyed whose destruction was not decided for good; and until the ring has forgotten its part
too, the destroyed keys still name it, so that what is left to do can be seen and done again. Meanwhile no key is made
for the owner (`Vault.make_with`): the ring would forget that one as well.
"""

from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.crypto import queries
from holdfast.core.crypto.vault import rows_in_turn, unfinished
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import Transaction
from holdfast.core.scope import OPERATOR


def destroy_keys(tx: Transaction, owner: UUID) -> list[UUID]:
    """Within the operator's transaction: destroy every data key of `owner`, once nobody seals with them. Their ids."""
    gone = [row.id for row in rows_in_turn(tx, owner) if row.wrapped is not None]
    tx.run(queries.destroy_keys, {"in_tenant": owner, "moment": now()})
    return gone


def finish_destruction(engine: Engine, owner: UUID) -> bool:
    """After that transaction: have the ring forget `owner`. Whether older copies of the database are unreadable now.

    May be repeated, for example when the ring did not answer, and called by several processes at once. Where nothing is
    left to do, the ring is not asked: it would forget what was made since. It is told what was destroyed, for another
    process may have had that forgotten since we looked.
    """
    ring = engine.vault.ring
    if ring is None or not ring.forgets:
        return False
    rows = engine.read(OPERATOR, "all", lambda tx: tx.all(queries.of_any_tenant, {"in_tenant": owner}))
    left = unfinished(rows, ring)
    if left:
        if not ring.destroy(owner, {row.ring_key for row in left if row.ring_key is not None}):
            return False
        done = [{"key_id": row.id} for row in left]
        engine.write(OPERATOR, "all", lambda tx: tx.many(queries.forgotten_by_ring, done))
    return not any(row.wrapped is None and row.ring_key is not None for row in rows if row not in left)
