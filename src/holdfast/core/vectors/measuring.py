"""What outside indexes say of the store's health: vectors that are to be sent to them, or removed from them."""

from datetime import datetime

from holdfast.core.database import Transaction
from holdfast.core.health import Waiting, counted, register_health
from holdfast.core.vectors.tables import outside_vectors

_unsettled = counted(outside_vectors, outside_vectors.c.noted_at, outside_vectors.c.state != "kept")
"""Reads every row that notes what is outside; where no outside index is used there are none."""


def health(tx: Transaction, _moment: datetime) -> list[Waiting]:
    """The outbox: what an outside index has not confirmed."""
    return [Waiting("outside vectors", "waits", *tx.all(_unsettled)[0])]


register_health("vectors", health)
