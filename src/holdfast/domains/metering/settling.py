"""Settling: what was used of a hold is charged and kept as an event, the rest comes back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.domains.metering import charging, ledger
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering import queries as usage_queries
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.applying import applicable_to, hold_still, units_of
from holdfast.domains.metering.checks import Draft
from holdfast.domains.metering.counters import Asked, Stood, slot_field
from holdfast.domains.metering.counting import Counting, fall_behind
from holdfast.domains.metering.errors import HoldReleased
from holdfast.domains.metering.holds import Hold, end, find, settle_open
from holdfast.domains.metering.models import Settlement
from holdfast.domains.metering.periods import slot_of

_NONE = Decimal(0)


def settle(
    tx: Transaction,
    hold_id: UUID,
    draft: Draft,
    listed: Decimal | None,
    moment: datetime,
    *,
    plain: Mapping[str, Any],
    keep_operation: bool,
    counting: Counting,
) -> Settlement:
    """Charge what was used, give back the rest, keep the event; once, however often it is asked. `plain`: the event,
    where the tenant has no price of its own.

    Statements: the hold and its end, the limits, the event, its sums; one for each counter. Raises `HoldNotFound`,
    `HoldReleased`.
    """
    ledger.check_places(tx, [draft])
    found = settle_open(tx, hold_id, draft.model, moment) or _settle_expired(tx, hold_id, moment)
    if isinstance(found, Settlement):
        return found
    hold, has_own_price = found
    row = ledger.rows_of(tx, [draft], [listed], moment)[0] if has_own_price else dict(plain)
    _take_from(hold, row)
    if keep_operation:
        row["operation"] = hold.operation
    over_tokens = max(0, row["tokens"] - hold.tokens)
    over_cost = max(_NONE, (row["cost"] or _NONE) - hold.cost) if hold.cost > 0 else _NONE
    late = hold.status == "expired"
    exceeded = settle_counters(tx, hold, row, look=bool(over_tokens or over_cost or late), counting=counting)
    ledger.write(tx, [row])
    event = ledger.event_of(row)
    return Settlement(event=event, over_tokens=over_tokens, over_cost=over_cost, late=late, exceeded=exceeded)


def _settle_expired(tx: Transaction, hold_id: UUID, moment: datetime) -> tuple[Hold, bool] | Settlement:
    """A hold that is not open any more: settled now, if it had expired, or what it was settled for."""
    while True:
        hold = find(tx, hold_id)
        if hold.status == "released":
            raise HoldReleased(hold_id)
        if hold.status == "settled":
            return _settled_before(tx, hold)
        if end(tx, hold, "settled", moment):
            return hold, True


def _take_from(hold: Hold, row: dict[str, Any]) -> None:
    """What the event of a settled hold has of it: its id and its time are the hold's."""
    for name in ("workspace_id", "conversation_id"):
        row[name] = row[name] or getattr(hold, name)
    row |= {"id": hold.id, "at": hold.reserved_at, "user_id": hold.user_id, "credential_id": hold.credential_id}
    if row["cost"] is None and hold.cost > 0:
        row |= {"cost": hold.cost, "priced_by": "reserved"}


def settle_counters(
    tx: Transaction, hold: Hold, row: Mapping[str, Any], *, look: bool, counting: Counting | None = None
) -> tuple[UUID, ...]:
    """Charge every limit that applies now, also one that was set since. Those that are now over their amount."""
    hold_still(tx)
    held, exceeded, elsewhere = hold.held, [], []
    for limit in applicable_to(tx, row):
        units, (period, kept) = units_of(limit.measure, row), held.get(limit.id, (None, 0))
        if limit.is_in_redis:
            elsewhere.append((limit, units))
            continue
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
    exceeded += _settle_in_redis(tx, hold, row, elsewhere, counting)
    return tuple(exceeded)


def _settle_in_redis(
    tx: Transaction,
    hold: Hold,
    row: Mapping[str, Any],
    limits: Sequence[tuple[Applied, int]],
    counting: Counting | None,
) -> list[UUID]:
    """The same for limits that are counted there: what is above what they hold is held first. Those over, if known."""
    held, more, ended = hold.held, [], []
    for limit, units in limits:
        period, kept = held.get(limit.id, (None, 0))
        counted = limit.counts(row["at"])
        if period is None and not counted:
            continue
        name = slot_field(slot_of(row["at"], limit.window_seconds)) if limit.per == "window" else "used"
        spent = {name: units} if counted else {}
        asked = Asked(limit, period or limit.period(row["at"]), units, spent=spent)
        ended.append((asked.place, asked.spent))
        if counted and units > (kept if hold.status == "open" else 0):
            more.append(asked)
    if counting is None:
        fall_behind(tx, {limit.id for limit, _ in limits}, row["recorded_at"])
        return []
    stood = counting.charged(tx, more) if more else {}
    counting.end_afterwards(tx, ended)
    return [one.limit.id for one in more if one.limit.id in stood and _is_over(one, stood[one.limit.id])]


def _is_over(asked: Asked, stood: Stood) -> bool:
    return stood.used + asked.units > asked.limit.amount


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


def spend(tx: Transaction, hold: Hold, moment: datetime) -> None:
    """Charge an abandoned lease in full; it was ended before."""
    row = ledger.row_of_lease(tx, hold.__dict__, moment)
    settle_counters(tx, hold, row, look=False)
    ledger.write(tx, [row])
