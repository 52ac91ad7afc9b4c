"""Destroying an owner's data keys: in the database first, in its transaction; then in the ring, outside any.

In this order nothing is destroyed whose destruction was not decided for good; and until the ring has forgotten its part
too, the destroyed keys still name it, so that what is left to do can be seen and done again.
"""

from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.crypto import queries
from holdfast.core.crypto.vault import turn
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import Transaction
from holdfast.core.scope import OPERATOR


def destroy_keys(tx: Transaction, owner: UUID) -> list[UUID]:
    """Within the operator's transaction: destroy every data key of `owner`, once nobody seals with them. Their ids."""
    tx.all(queries.changing, turn(owner))
    gone = [row.id for row in tx.all(queries.of_any_tenant, {"in_tenant": owner}) if row.wrapped is not None]
    tx.run(queries.destroy_keys, {"in_tenant": owner, "moment": now()})
    return gone


def finish_destruction(engine: Engine, owner: UUID) -> bool:
    """After that transaction: have the ring forget `owner`. Whether older copies of the database are unreadable now.

    May be repeated, for example when the ring did not answer.
    """
    ring = engine.vault.ring
    if ring is None or not ring.destroy(owner):
        return False
    engine.write(OPERATOR, "all", lambda tx: tx.run(queries.forgotten_by_ring, {"in_tenant": owner}))
    return True
