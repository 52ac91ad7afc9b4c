"""Reserving: units are taken out of every limit that applies before a model is called, all of them or none.

A hold belongs to the period in which it was made, and so does what is settled of it: the event's time is the
reservation's. What is settled above the reservation has been used, so it is charged and reported, never refused. A hold
that nobody ends expires, and what it held comes back; what is settled after that is charged all the same.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.clock import to_microseconds
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.domains.metering import charging, hold_queries
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.applying import applicable_to, hold_still, units_of
from holdfast.domains.metering.counting import Counting
from holdfast.domains.metering.errors import (
    HoldSettled,
    LimitExceeded,
)
from holdfast.domains.metering.holds import CHECKED, UNCHECKED, Hold, end, find, give_back, held, holds_of
from holdfast.domains.metering.models import HoldState
from holdfast.domains.metering.refusals import refusal
from holdfast.domains.metering.settling import spend

RECLAIMED_AT_ONCE = 100


def reserve(
    tx: Transaction, row: dict[str, Any], cost: Callable[[Transaction], Decimal], counting: Counting
) -> HoldState:
    """Take units out of every limit that applies. `cost` is asked when there is one on money.

    Three statements for one limit, two more for a rolling window. Raises `LimitExceeded`, `CostNeeded`: then the
    transaction ends, and with it what was taken of other limits.
    """
    moment = row["reserved_at"]
    limits = applicable_to(tx, row)
    if any(limit.is_in_redis for limit in limits):
        hold_still(tx)
        limits = applicable_to(tx, row)
    if row["cost"] is None:
        row["cost"] = cost(tx) if any(limit.measure == "money" for limit in limits) else Decimal(0)
    parts = _in_redis(tx, row, limits, counting)
    for limit in limits:
        units, period = units_of(limit.measure, row), limit.period(moment)
        if limit.is_in_redis:
            continue
        if limit.per == "window":
            charging.leave_window(tx, limit, moment)
        _take(tx, limit, period, units, moment, counting)
        parts.append([limit.id.hex, to_microseconds(period), units])
    tx.run(hold_queries.insert_hold, {**row, "status": "open", "parts": parts, "ended_at": None})
    return held(row, parts)


def _in_redis(tx: Transaction, row: dict[str, Any], limits: Sequence[Applied], counting: Counting) -> list[list[Any]]:
    """The parts of a hold that are counted there."""
    asked = [
        (limit, limit.period(row["reserved_at"]), units_of(limit.measure, row)) for limit in limits if limit.is_in_redis
    ]
    unchecked = counting.reserved(tx, asked) if asked else set()
    return [
        [limit.id.hex, to_microseconds(period), units, UNCHECKED if limit.id in unchecked else CHECKED]
        for limit, period, units in asked
    ]


def _take(tx: Transaction, limit: Applied, period: datetime, units: int, moment: datetime, counting: Counting) -> None:
    asked = {"limit_id": limit.id, "period": period, "units": units}
    if tx.run(queries.reserve, asked):
        return
    tx.run(queries.open_counter, asked)
    if tx.run(queries.reserve, asked):
        return
    if reclaim(tx, moment, counting.engine) and tx.run(queries.reserve, asked):
        return
    raise _exceeded(tx, limit, period, units, moment)


def reclaim(tx: Transaction, moment: datetime, engine: Engine) -> int:
    """End holds that expired and give back what they held: how many.

    An abandoned lease is spent: nobody knows how much of it was used. What is charged for it is an event of whoever
    took it, so it is left to them, and to those who reach the whole tenant.
    """
    ended = []
    for hold in holds_of(tx.all(hold_queries.expired_holds, {"moment": moment, "most": RECLAIMED_AT_ONCE})):
        if hold.leased and tx.reach == "own" and hold.user_id != tx.scope.actor_id:
            continue
        if end(tx, hold, "settled" if hold.leased else "expired", moment):
            ended.append(hold)
    for hold in ended:  # only now: who settles one of these has it, and waits for the counter
        if hold.leased:
            spend(tx, hold, moment)
        else:
            give_back(tx, hold)
            _end_in_redis(tx, hold, Counting(engine, tx.scope.tenant_id, moment, hold.id))
    return len(ended)


def _end_in_redis(tx: Transaction, hold: Hold, counting: Counting) -> None:
    counting.end_afterwards(tx, [(place, {}) for place in hold.in_redis])


def release(tx: Transaction, hold_id: UUID, moment: datetime, counting: Counting) -> HoldState:
    """Give back what is held, unless it was already. Raises `HoldNotFound`, `HoldSettled`."""
    while True:
        hold = find(tx, hold_id)
        if hold.status == "settled":
            raise HoldSettled(hold_id)
        if hold.status != "open":
            return hold.state()
        if end(tx, hold, "released", moment):
            give_back(tx, hold)
            _end_in_redis(tx, hold, counting)
            return find(tx, hold_id).state()


def _exceeded(tx: Transaction, limit: Applied, period: datetime, units: int, moment: datetime) -> LimitExceeded:
    found = tx.first(queries.standing, {"limit_id": limit.id, "period": period})
    assert found is not None, "its counter was opened before"
    return refusal(
        limit,
        units,
        used=found[5],
        held=found[6],
        period=period,
        moment=moment,
        expiry=lambda: (tx.first(hold_queries.next_expiry) or (None,))[0],
        slots=lambda: tx.all(queries.slots, {"limit_id": limit.id}),
    )
