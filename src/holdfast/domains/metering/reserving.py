"""Reserving: units are taken out of every limit that applies before a model is called, all of them or none.

A hold belongs to the period in which it was made, and so does what is settled of it: the event's time is the
reservation's. What is settled above the reservation has been used, so it is charged and reported, never refused. A hold
that nobody ends expires, and what it held comes back; what is settled after that is charged all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.clock import from_microseconds, to_microseconds
from holdfast.core.database import Transaction
from holdfast.core.database.types import from_nano
from holdfast.core.ids import new_id
from holdfast.domains.metering import charging, ledger
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering import queries as usage_queries
from holdfast.domains.metering.charging import Applied
from holdfast.domains.metering.checks import Draft
from holdfast.domains.metering.errors import (
    HoldNotFound,
    HoldReleased,
    HoldSettled,
    LimitExceeded,
)
from holdfast.domains.metering.models import HoldState, HoldStatus, Settlement
from holdfast.domains.metering.periods import end_of, slot_length, slot_of

RECLAIMED_AT_ONCE = 100


@dataclass(frozen=True)
class Hold:
    """A row of holds."""

    id: UUID
    status: HoldStatus
    user_id: UUID
    workspace_id: UUID | None
    conversation_id: UUID | None
    credential_id: UUID | None
    operation: str
    requests: int
    tokens: int
    cost: Decimal
    parts: list[list[Any]]
    leased: int
    reserved_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    @property
    def held(self) -> dict[UUID, tuple[datetime, int]]:
        """Of each limit the period and the units that it holds."""
        return {UUID(limit): (from_microseconds(period), units) for limit, period, units in self.parts}

    def state(self) -> HoldState:
        """As callers see it."""
        shown = {part.name: getattr(self, part.name) for part in fields(HoldState) if part.name != "limits"}
        return HoldState(**shown, limits=len(self.parts))


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
    for hold in _holds(tx.all(queries.expired_holds, {"moment": moment, "most": RECLAIMED_AT_ONCE})):
        if hold.leased:
            if tx.reach == "own" and hold.user_id != tx.scope.actor_id:
                continue
            count += _spend(tx, hold, moment)
        elif _end(tx, hold, "expired", moment):
            _give_back(tx, hold)
            count += 1
    return count


def settle(
    tx: Transaction,
    hold_id: UUID,
    draft: Draft,
    listed: Decimal | None,
    moment: datetime,
    *,
    keep_operation: bool,
) -> Settlement:
    """Charge what was used, give back the rest, keep the event; once, however often it is asked.

    Statements: the hold, its end, the limits, the event and its sums; one for each counter. Raises `HoldNotFound`,
    `HoldReleased`.
    """
    ledger.check_places(tx, [draft])
    while True:
        hold = find(tx, hold_id)
        if hold.status == "released":
            raise HoldReleased(hold_id)
        if hold.status == "settled":
            return _settled_before(tx, hold)
        if _end(tx, hold, "settled", moment):
            break
    row = _event_row(tx, hold, draft, listed, moment)
    if keep_operation:
        row["operation"] = hold.operation
    over_tokens = max(0, row["tokens"] - hold.tokens)
    over_cost = max(Decimal(0), (row["cost"] or Decimal(0)) - hold.cost) if hold.cost > 0 else Decimal(0)
    late = hold.status == "expired"
    exceeded = _settle_counters(tx, hold, row, look=bool(over_tokens or over_cost or late))
    ledger.write(tx, [row])
    event = ledger.event_of(row)
    return Settlement(event=event, over_tokens=over_tokens, over_cost=over_cost, late=late, exceeded=exceeded)


def release(tx: Transaction, hold_id: UUID, moment: datetime) -> HoldState:
    """Give back what is held, unless it was already. Raises `HoldNotFound`, `HoldSettled`."""
    while True:
        hold = find(tx, hold_id)
        if hold.status == "settled":
            raise HoldSettled(hold_id)
        if hold.status != "open":
            return hold.state()
        if _end(tx, hold, "released", moment):
            _give_back(tx, hold)
            return find(tx, hold_id).state()


def find(tx: Transaction, hold_id: UUID) -> Hold:
    """A hold of the caller's, or of anybody's for those who reach the tenant. Raises `HoldNotFound`."""
    found = _holds(tx.all(queries.hold, {"id": hold_id}))
    if not found or (tx.reach == "own" and found[0].user_id != tx.scope.actor_id):
        raise HoldNotFound(hold_id)
    return found[0]


def _holds(rows: list[tuple[Any, ...]]) -> list[Hold]:
    return [Hold(*row) for row in rows]


def _end(tx: Transaction, hold: Hold, status: HoldStatus, moment: datetime) -> bool:
    """Whether this call is the one that ended it."""
    ended = {"id": hold.id, "seen": hold.status, "new_status": status, "moment": moment}
    return tx.run(queries.end_hold, ended) == 1


def _give_back(tx: Transaction, hold: Hold) -> None:
    for limit_id, (period, units) in hold.held.items():
        tx.run(queries.give_back, {"limit_id": limit_id, "period": period, "held": units})


def _event_row(tx: Transaction, hold: Hold, draft: Draft, listed: Decimal | None, moment: datetime) -> dict[str, Any]:
    """The event of a settled hold: its id and its time are the hold's."""
    row = ledger.rows_of(tx, [draft], [listed], moment)[0]
    for name in ("workspace_id", "conversation_id"):
        row[name] = row[name] or getattr(hold, name)
    row |= {"id": hold.id, "at": hold.reserved_at, "user_id": hold.user_id, "credential_id": hold.credential_id}
    if row["cost"] is None and hold.cost > 0:
        row |= {"cost": hold.cost, "priced_by": "reserved"}
    return row


def _settle_counters(tx: Transaction, hold: Hold, row: Mapping[str, Any], *, look: bool) -> tuple[UUID, ...]:
    """Charge every limit that applies now, also one that was set since. Those that are now over their amount."""
    charging.hold_still(tx)
    held, exceeded = hold.held, []
    for limit in charging.applicable(tx, charging.subjects_of(tx, row)):
        units, (period, kept) = charging.units_of(limit.measure, row), held.get(limit.id, (None, 0))
        if period is None:
            if row["at"] >= limit.counts_from:
                place = limit.period(row["at"])
                charging.charge_one(
                    tx, limit, slot_of(row["at"], limit.window_seconds) if limit.per == "window" else place, units
                )
            period = limit.period(row["at"])
        else:
            kept = 0 if hold.status == "expired" else kept
            tx.run(queries.settle, {"limit_id": limit.id, "period": period, "units": units, "held": kept})
            if limit.per == "window" and units:
                slot = {"limit_id": limit.id, "slot": slot_of(row["at"], limit.window_seconds), "units": units}
                tx.run(queries.add_to_slot, slot)
        if look:
            found = tx.first(queries.standing, {"limit_id": limit.id, "period": period})
            if found is not None and found[5] > found[4]:
                exceeded.append(limit.id)
    return tuple(exceeded)


def _settled_before(tx: Transaction, hold: Hold) -> Settlement:
    event = tx.first(usage_queries.event, {"id": hold.id, "at": hold.reserved_at})
    assert event is not None, "a settled hold has its event"
    over = max(Decimal(0), (event.cost or Decimal(0)) - hold.cost) if hold.cost > 0 else Decimal(0)
    return Settlement(
        event=event,
        over_tokens=max(0, event.tokens - hold.tokens),
        over_cost=over,
        late=False,
        exceeded=(),
        replayed=True,
    )


def _spend(tx: Transaction, hold: Hold, moment: datetime) -> bool:
    """Charge an abandoned lease in full."""
    if not _end(tx, hold, "settled", moment):
        return False
    row = ledger.row_of_lease(tx, hold.__dict__, moment)
    _settle_counters(tx, hold, row, look=False)
    ledger.write(tx, [row])
    return True


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
