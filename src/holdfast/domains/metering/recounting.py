"""Counting anew: a counter in Redis is built from the ledger and the open holds, while nobody charges."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast.core import trail
from holdfast.core.clock import EPOCH, from_microseconds
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.types import to_nano
from holdfast.core.scope import OPERATOR
from holdfast.core.telemetry import log
from holdfast.domains.metering import hold_queries
from holdfast.domains.metering import recount_queries as queries
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.applying import turn_of
from holdfast.domains.metering.counters import Asked, Away, Built, counters_of
from holdfast.domains.metering.errors import LimitNotFound
from holdfast.domains.metering.periods import end_of, last_gone, slot_length


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
    """What the ledger says is in a rolling window, by slot; what is ahead of this clock included. One statement, which
    reads the window's events.
    """
    length = slot_length(limit.window_seconds)
    asked = _window_of(tenant_id, limit, moment) | {"slot_microseconds": length // timedelta(microseconds=1)}
    rows = tx.all(queries.used_by_slot(limit.subject, limit.measure), asked)
    return {EPOCH + number * length: _units(limit, used) for number, used in rows if used}


def used_in_window(tx: Transaction, tenant_id: UUID, limit: Applied, moment: datetime) -> int:
    """The sum of these."""
    asked = _window_of(tenant_id, limit, moment)
    return _units(limit, tx.all(queries.used_since(limit.subject, limit.measure), asked)[0][0])


def _window_of(tenant_id: UUID, limit: Applied, moment: datetime) -> dict[str, Any]:
    first = last_gone(moment, limit.window_seconds) + slot_length(limit.window_seconds)
    begin = max(first, limit.counts_from)
    return {"in_tenant": tenant_id, "subject_id": limit.subject_id, "period": begin}


def held_of(tx: Transaction, tenant_id: UUID, limit_id: UUID, period: datetime) -> list[tuple[UUID, int, datetime]]:
    """The open holds of a limit in a period: their ids, units and expiries. Reads the tenant's open holds."""
    found = []
    for hold_id, parts, expires_at in tx.all(hold_queries.open_holds, {"in_tenant": tenant_id}):
        for name, began, units, *_ in parts:
            if name == limit_id.hex and from_microseconds(began) == period and units:
                found.append((hold_id, units, expires_at))
    return found


def _units(limit: Applied, value: Any) -> int:
    return to_nano(value) if limit.measure == "money" else int(value)


def recount_now(
    tx: Transaction, engine: Engine, tenant_id: UUID, limit_id: UUID, moment: datetime
) -> tuple[int | None, int | None]:
    """Set a counter to what the ledger says, whatever it said: that, used and reserved; None of one in Redis.

    Raises `LimitNotFound`.
    """
    tx.all(queries.wait_for_turn, {"turn": turn_of(tenant_id)})
    found = tx.first(queries.applied, {"in_tenant": tenant_id, "limit_id": limit_id})
    if found is None:
        raise LimitNotFound(limit_id)
    limit = Applied(*found)
    if limit.is_in_redis:
        _rebuild(tx, engine, tenant_id, limit, moment)
        return None, None
    return _set_here(tx, tenant_id, limit, moment)


def _rebuild(tx: Transaction, engine: Engine, tenant_id: UUID, limit: Applied, moment: datetime) -> None:
    """Count anew under the next epoch, so that nothing passes by the counter there is; told to Redis afterwards."""
    here = {"in_tenant": tenant_id, "limit_id": limit.id, "period": EPOCH}
    epoch, _ = tx.first(queries.count_in, here) or (0, None)
    which = Asked(limit, limit.period(moment), 0, epoch=epoch)
    built, _, _ = _count(tx, engine, tenant_id, which, moment)
    assert built is not None, "nobody else counts it meanwhile"
    tx.after_commit(lambda: _tell(engine, tenant_id, which, built))


def _tell(engine: Engine, tenant_id: UUID, which: Asked, built: Built) -> None:
    counters = counters_of(engine)
    if counters is None:
        return
    try:
        counters.build(tenant_id, which.place, built)
    except Away:
        return  # what is there counts for nothing: whoever asks next builds it


def _set_here(tx: Transaction, tenant_id: UUID, limit: Applied, moment: datetime) -> tuple[int, int]:
    """Alone with the counter's row from `hold_counter` on: whoever changes it did, or does after this."""
    period = limit.period(moment)
    place = {"in_tenant": tenant_id, "limit_id": limit.id, "period": period}
    tx.run(queries.open_counter, place)
    ((was_used, was_reserved),) = tx.all(queries.hold_counter, place)
    used = (
        _set_slots(tx, tenant_id, limit, moment) if limit.per == "window" else _in_events(tx, tenant_id, limit, period)
    )
    held = sum(units for _, units, _ in held_of(tx, tenant_id, limit.id, period))
    tx.run(queries.set_counter, {**place, "units": used, "held": held})
    return was_used, was_reserved


def _in_events(tx: Transaction, tenant_id: UUID, limit: Applied, period: datetime) -> int:
    bounds = {"period": period, "period_end": end_of(period, "day" if limit.per == "day" else "month")}
    asked = {"in_tenant": tenant_id, "subject_id": limit.subject_id, **bounds}
    return _units(limit, tx.all(queries.used_between(limit.subject, limit.measure), asked)[0][0])


def _set_slots(tx: Transaction, tenant_id: UUID, limit: Applied, moment: datetime) -> int:
    """The slots that are in the window, anew. Those that left it leave the counter when the next one reserves."""
    here = {"in_tenant": tenant_id, "limit_id": limit.id}
    gone = {**here, "gone": last_gone(moment, limit.window_seconds)}
    slots = used_in_slots(tx, tenant_id, limit, moment)
    tx.run(queries.drop_live_slots, gone)
    tx.many(queries.insert_slot, [{**here, "slot": slot, "units": units} for slot, units in slots.items()])
    return sum(slots.values()) + int(tx.all(queries.used_in_gone_slots, gone)[0][0])
