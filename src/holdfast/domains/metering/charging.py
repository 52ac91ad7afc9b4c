"""Charging: what was used is counted on every limit that applies, in the transaction that keeps the event.

A limit counts by the period in which an event was. So what is recorded late lands in its own period, and the sum of the
ledger over a period is what the counter says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.clock import EPOCH, now
from holdfast.core.database import Transaction
from holdfast.core.database.types import to_nano
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering.periods import last_gone, slot_of, start_of


@dataclass(frozen=True)
class Applied:
    """A limit that applies. `counts_from`: what was before is not on its counter."""

    id: UUID
    subject_id: UUID
    measure: str
    per: str
    window_seconds: int
    counts_from: datetime

    def period(self, at: datetime) -> datetime:
        """The period of its counter that a moment is in; of a rolling window there is one."""
        if self.per == "window":
            return EPOCH
        return start_of(at, "day" if self.per == "day" else "month")


def units_of(measure: str, used: Mapping[str, Any]) -> int:
    """How many units of a limit some usage is: tokens, requests, or billionths of a dollar."""
    if measure == "money":
        return to_nano(used["cost"] or Decimal(0))
    return int(used[measure])


def subjects_of(tx: Transaction, used: Mapping[str, Any]) -> set[UUID]:
    """Whose limits apply to some usage: the tenant's, and those of its workspace, person and API key."""
    named = {tx.scope.tenant_id, used["workspace_id"], used["user_id"], used["credential_id"]}
    return named - {None}


def applicable(tx: Transaction, subjects: Iterable[UUID]) -> list[Applied]:
    """The limits of any of these, in the order in which counters are changed."""
    return [Applied(*row) for row in tx.all(queries.applicable, {"subjects": list(subjects)})]


def hold_still(tx: Transaction) -> None:
    """Until the end of this transaction no limit of the tenant is set anew."""
    tx.all(queries.alongside_others, {"turn": turn_of(tx.scope.tenant_id)})


def turn_of(tenant_id: UUID | None) -> str:
    """What whoever sets limits and whoever charges them wait for."""
    return f"limits {tenant_id}"


def charge(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Count events that nothing was reserved for. Two statements, and one for each counter."""
    hold_still(tx)
    by_subjects = [(subjects_of(tx, row), row) for row in rows]
    limits = applicable(tx, set().union(*(subjects for subjects, _ in by_subjects)))
    for limit in limits:
        counted: dict[datetime, int] = defaultdict(int)
        for subjects, row in by_subjects:
            if limit.subject_id in subjects and row["at"] >= limit.counts_from:
                key = slot_of(row["at"], limit.window_seconds) if limit.per == "window" else limit.period(row["at"])
                counted[key] += units_of(limit.measure, row)
        for place in sorted(counted):
            charge_one(tx, limit, place, counted[place])


def charge_one(tx: Transaction, limit: Applied, place: datetime, units: int) -> None:
    """Count units in a period, or in a slot of a rolling window that is still in it."""
    if units == 0 or (limit.per == "window" and place <= last_gone(now(), limit.window_seconds)):
        return
    period = EPOCH if limit.per == "window" else place
    tx.run(queries.charge, {"limit_id": limit.id, "period": period, "units": units})
    if limit.per == "window":
        tx.run(queries.add_to_slot, {"limit_id": limit.id, "slot": place, "units": units})


def leave_window(tx: Transaction, limit: Applied, moment: datetime) -> None:
    """Take off the counter what is not in a rolling window any more."""
    gone = {"limit_id": limit.id, "gone": last_gone(moment, limit.window_seconds)}
    left = sum(used for (used,) in tx.all(queries.drop_slots, gone))
    if left:
        tx.run(queries.leave_window, {"limit_id": limit.id, "period": EPOCH, "units": left})
