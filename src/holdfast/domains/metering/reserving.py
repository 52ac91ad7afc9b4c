"""Reserving: units are taken out of every limit that applies before a model is called, all of them or none.

A hold belongs to the period in which it was made, and so does what is settled of it: the event's time is the
reservation's. What is settled above the reservation has been used, so it is charged and reported, never refused. A hold
that nobody ends expires, and what it held comes back; what is settled after that is charged all the same.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.clock import to_microseconds
from holdfast.core.database import Transaction
from holdfast.core.database.types import from_nano
from holdfast.core.ids import new_id
from holdfast.domains.metering import charging
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering.charging import Applied
from holdfast.domains.metering.errors import (
    HoldSettled,
    LimitExceeded,
)
from holdfast.domains.metering.holds import Hold, end, find, give_back, holds_of
from holdfast.domains.metering.models import HoldState
from holdfast.domains.metering.periods import end_of, slot_length
from holdfast.domains.metering.settling import spend

RECLAIMED_AT_ONCE = 100


def reserve(tx: Transaction, row: dict[str, Any], cost: Callable[[Transaction], Decimal]) -> HoldState:
    """Take units out of every limit that applies. `cost` is asked when there is one on money.

    Three statements for one limit, two more for a rolling window. Raises `LimitExceeded`, `CostNeeded`: then the
    transaction ends, and with it what was taken of other limits.
    """
    moment = row["reserved_at"]
    limits = charging.applicable(tx, charging.subjects_of(tx, row))
    if row["cost"] is None:
        row["cost"] = cost(tx) if any(limit.measure == "money" for limit in limits) else Decimal(0)
    parts = []
    for limit in limits:
        units, period = charging.units_of(limit.measure, row), limit.period(moment)
        if limit.per == "window":
            charging.leave_window(tx, limit, moment)
        _take(tx, limit, period, units, moment)
        parts.append([limit.id.hex, to_microseconds(period), units])
    made = {**row, "id": new_id(), "status": "open", "parts": parts, "ended_at": None}
    tx.run(queries.insert_hold, made)
    return Hold(**{part.name: made[part.name] for part in fields(Hold)}).state()


def _take(tx: Transaction, limit: Applied, period: datetime, units: int, moment: datetime) -> None:
    asked = {"limit_id": limit.id, "period": period, "units": units}
    if tx.run(queries.reserve, asked):
        return
    tx.run(queries.open_counter, asked)
    if tx.run(queries.reserve, asked):
        return
    if reclaim(tx, moment) and tx.run(queries.reserve, asked):
        return
    raise _exceeded(tx, limit, period, units, moment)


def reclaim(tx: Transaction, moment: datetime) -> int:
    """End holds that expired and give back what they held: how many.

    An abandoned lease is spent: nobody knows how much of it was used. What is charged for it is an event of whoever
    took it, so it is left to them, and to those who reach the whole tenant.
    """
    count = 0
    for hold in holds_of(tx.all(queries.expired_holds, {"moment": moment, "most": RECLAIMED_AT_ONCE})):
        if hold.leased:
            if tx.reach == "own" and hold.user_id != tx.scope.actor_id:
                continue
            count += spend(tx, hold, moment)
        elif end(tx, hold, "expired", moment):
            give_back(tx, hold)
            count += 1
    return count


def release(tx: Transaction, hold_id: UUID, moment: datetime) -> HoldState:
    """Give back what is held, unless it was already. Raises `HoldNotFound`, `HoldSettled`."""
    while True:
        hold = find(tx, hold_id)
        if hold.status == "settled":
            raise HoldSettled(hold_id)
        if hold.status != "open":
            return hold.state()
        if end(tx, hold, "released", moment):
            give_back(tx, hold)
            return find(tx, hold_id).state()


def _exceeded(tx: Transaction, limit: Applied, period: datetime, units: int, moment: datetime) -> LimitExceeded:
    """The error that names the limit, what is left of it, and when there is more."""
    found = tx.first(queries.standing, {"limit_id": limit.id, "period": period})
    assert found is not None, "its counter was opened before"
    subject, measure, per, window, amount, used, reserved = found
    again = _again_at(tx, limit, period, amount - used - units, moment)
    shown: Callable[[int], Any] = from_nano if measure == "money" else int
    return LimitExceeded(
        limit_id=limit.id,
        measure=measure,
        whose=subject,
        per=per if per != "window" else f"{window} seconds",
        amount=shown(amount),
        left=shown(max(0, amount - used - reserved)),
        wanted=shown(units),
        resets_at=again,
        retry_after=max(1, -int(-(again - moment).total_seconds() // 1)),
    )


def _again_at(tx: Transaction, limit: Applied, period: datetime, room: int, moment: datetime) -> datetime:
    """When there is more: the next hold expires, if what is held is all that is in the way; else the period ends."""
    if room >= 0:
        expiry = tx.first(queries.next_expiry)
        if expiry is not None and expiry[0] is not None and expiry[0] > moment:
            return expiry[0]  # type: ignore[no-any-return]  # a row of Query[Any]
    if limit.per != "window":
        return end_of(period, "day" if limit.per == "day" else "month")
    length = timedelta(seconds=limit.window_seconds) + slot_length(limit.window_seconds)
    missing = -room
    for slot, used in tx.all(queries.slots, {"limit_id": limit.id}):
        missing -= used
        if missing <= 0:
            return max(slot + length, moment)  # type: ignore[no-any-return]  # a row of Query[Any]
    return moment + length
