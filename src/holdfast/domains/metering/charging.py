"""Charging: what was used is counted on every limit that applies, in the transaction that keeps the event.

A limit counts by the period in which an event was. So what is recorded late lands in its own period, and the sum of the
ledger over a period is what the counter says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from holdfast.core.clock import EPOCH, now
from holdfast.core.database import Transaction
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.applying import applicable, applicable_to, hold_still, subjects_of, units_of
from holdfast.domains.metering.counters import Asked, slot_field
from holdfast.domains.metering.counting import Counting, fall_behind
from holdfast.domains.metering.periods import last_gone, slot_of


def charge(tx: Transaction, rows: Iterable[Mapping[str, Any]], counting: Counting | None = None) -> None:
    """Count events that nothing was reserved for. Two statements, and one for each counter."""
    hold_still(tx)
    elsewhere: list[Asked] = []
    by_subjects = [(subjects_of(tx, row), row) for row in rows]
    if len(by_subjects) == 1:
        limits = applicable_to(tx, by_subjects[0][1])
    else:
        limits = applicable(tx, set().union(*(subjects for subjects, _ in by_subjects)))
    for limit in limits:
        counted: dict[datetime, int] = defaultdict(int)
        for subjects, row in by_subjects:
            if limit.subject_id in subjects and limit.counts(row["at"]):
                key = slot_of(row["at"], limit.window_seconds) if limit.per == "window" else limit.period(row["at"])
                counted[key] += units_of(limit.measure, row)
        if limit.is_in_redis:
            elsewhere += _asked_of(limit, counted)
            continue
        for place in sorted(counted):
            charge_one(tx, limit, place, counted[place])
    charge_in_redis(tx, elsewhere, counting)


def charge_in_redis(tx: Transaction, asked: Sequence[Asked], counting: Counting | None) -> None:
    """Count on limits in Redis: now held there, when this is committed used. Without `counting` they fall behind."""
    if asked and counting is not None:
        counting.charged(tx, asked)
        counting.end_afterwards(tx, [(one.place, one.spent) for one in asked])
    elif asked:
        fall_behind(tx, {one.limit.id for one in asked}, now())


def _asked_of(limit: Applied, counted: Mapping[datetime, int]) -> list[Asked]:
    if limit.per != "window":
        return [Asked(limit, place, units, spent={"used": units}) for place, units in counted.items() if units]
    gone = last_gone(now(), limit.window_seconds) - timedelta(seconds=limit.window_seconds)  # a clock may go back
    spent = {slot_field(slot): units for slot, units in counted.items() if units and slot > gone}
    return [Asked(limit, EPOCH, sum(spent.values()), spent=spent)] if spent else []


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
