"""Counting anew: a counter in Redis is built from the ledger and the open holds, while nobody charges."""

from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core import trail
from holdfast.core.clock import EPOCH, from_microseconds
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.types import to_nano
from holdfast.core.scope import OPERATOR
from holdfast.core.telemetry import log
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering.applying import Applied, turn_of
from holdfast.domains.metering.counters import Asked, Away, Built, counters_of
from holdfast.domains.metering.periods import end_of, last_gone, slot_length, slot_of


def recount(engine: Engine, tenant_id: UUID, which: Asked, moment: datetime) -> tuple[int, bool]:
    """Build a counter anew, unless somebody did since `which` was read: its epoch now, and whether it was built here.

    One transaction, alone among those that charge the tenant's limits, then one round trip. Where
    something was charged that Redis could not be told, and the limit is overshot by now, the trail and the log say so.
    Raises `Away`.
    """
    counters = counters_of(engine)
    if counters is None:
        raise Away
    built, epoch, told = engine.write(OPERATOR, "all", lambda tx: _count(tx, engine, tenant_id, which, moment))
    if built is None:
        return epoch, False
    if told:
        engine.trail.written(tenant_id)
        log.warning("limits.recounted", limit=str(which.limit.id), **told)
    counters.build(tenant_id, which.place, built)
    return epoch, True


def _count(
    tx: Transaction, engine: Engine, tenant_id: UUID, which: Asked, moment: datetime
) -> tuple[Built | None, int, dict[str, Any]]:
    limit, here = which.limit, {"in_tenant": tenant_id, "limit_id": which.limit.id, "period": EPOCH}
    tx.all(queries.wait_for_turn, {"turn": turn_of(tenant_id)})
    epoch, behind_since = tx.first(queries.count_in, here) or (0, None)
    if epoch != which.epoch and behind_since is None:
        return None, epoch, {}
    tx.run(queries.begin_count, {**here, "new_epoch": epoch + 1})
    slots = used_in_slots(tx, tenant_id, limit, moment) if limit.per == "window" else {}
    used = 0 if limit.per == "window" else used_in_period(tx, tenant_id, limit, which.period)
    built = Built(epoch + 1, used, slots, held_of(tx, tenant_id, limit.id, which.period))
    told: dict[str, Any] = {}
    over = used + sum(slots.values()) - limit.amount
    if behind_since is not None and over > 0:
        told = {"over": over, "behind_since": behind_since.isoformat()}
        tx.record("limit", limit.id, tenant_id=tenant_id, **told)
        trail.write(tx, engine.trail, OPERATOR, "metering.recount", tx.recorded, "done")
    return built, epoch + 1, told


def used_in_period(tx: Transaction, tenant_id: UUID, limit: Applied, period: datetime) -> int:
    """What the ledger says was used of a limit in a day or month."""
    asked = {
        "in_tenant": tenant_id,
        "subject_id": limit.subject_id,
        "per": limit.per,
        "period": period,
        "period_end": end_of(period, "day" if limit.per == "day" else "month"),
    }
    return _units(limit, tx.all(queries.used_before(limit.subject, limit.measure), asked)[0][0])


def used_in_slots(tx: Transaction, tenant_id: UUID, limit: Applied, moment: datetime) -> dict[datetime, int]:
    """What the ledger says is in a rolling window, by slot; what is ahead of this clock included.

    A statement for each slot, sixty and a few: together they read the window's events once.
    """
    length, found = slot_length(limit.window_seconds), {}
    query = queries.used_between(limit.subject, limit.measure)
    slot, last = last_gone(moment, limit.window_seconds) + length, slot_of(moment, limit.window_seconds)
    asked: dict[str, Any] = {"in_tenant": tenant_id, "subject_id": limit.subject_id}
    while slot <= last:
        bounds = {"period": max(slot, limit.counts_from), "period_end": slot + length}
        if bounds["period"] < bounds["period_end"]:
            found[slot] = _units(limit, tx.all(query, asked | bounds)[0][0])
        slot += length
    ahead = asked | {"period": max(slot, limit.counts_from)}
    for at, units in tx.all(queries.used_from(limit.subject, limit.measure), ahead):
        place = slot_of(at, limit.window_seconds)
        found[place] = found.get(place, 0) + _units(limit, units or 0)
    return {slot: units for slot, units in found.items() if units}


def held_of(tx: Transaction, tenant_id: UUID, limit_id: UUID, period: datetime) -> list[tuple[UUID, int, datetime]]:
    """The open holds of a limit in a period: their ids, units and expiries. Reads the tenant's open holds."""
    found = []
    for hold_id, parts, expires_at in tx.all(queries.open_holds, {"in_tenant": tenant_id}):
        for name, began, units, *_ in parts:
            if name == limit_id.hex and from_microseconds(began) == period and units:
                found.append((hold_id, units, expires_at))
    return found


def _units(limit: Applied, value: Any) -> int:
    return to_nano(value) if limit.measure == "money" else int(value)
