"""What connections say of the store's health: tokens that their platforms are to revoke."""

from datetime import datetime

from holdfast.core.database import Transaction
from holdfast.core.health import Waiting, counted, register_health
from holdfast.domains.connections.tables import revocations

_r = revocations.c
_queued = counted(revocations, _r.created_at, _r.status == "queued")
"""By ix_revocations_due."""
_failed = counted(revocations, _r.finished_at, _r.status == "failed")


def health(tx: Transaction, _moment: datetime) -> list[Waiting]:
    """Revocations to be made, and those that were given up."""
    return [
        Waiting("revocations", "waits", *tx.all(_queued)[0]),
        Waiting("revocations", "failed", *tx.all(_failed)[0]),
    ]


register_health("connections", health)
