"""How limits stand: from their counters, or for those in Redis from the ledger."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.clock import EPOCH
from holdfast.core.database import Transaction
from holdfast.core.database.types import from_nano
from holdfast.domains.metering import recount_queries, recounting, setting_queries
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.models import Limit
from holdfast.domains.metering.periods import end_of, last_gone, start_of


def live(tx: Transaction, tenant_id: UUID, moment: datetime) -> list[Limit]:
    """The limits of a tenant that are not ended, by their ids. One statement; one more for each with a rolling window,
    two for each that is counted in Redis.
    """
    at = {"in_tenant": tenant_id, "day": start_of(moment, "day"), "month": start_of(moment, "month"), "epoch": EPOCH}
    return [_limit(tx, tenant_id, row, moment) for row in tx.all(setting_queries.live_limits, at)]


def _limit(tx: Transaction, tenant_id: UUID, row: tuple[Any, ...], moment: datetime) -> Limit:
    (limit_id, subject, subject_id, measure, per, window, amount, set_by, created_at, updated_at, *counted) = row
    counter, when_away, counts_from, used, reserved, behind_since = counted
    if counter == "redis":
        applied = Applied(limit_id, subject, subject_id, measure, per, window, amount, counter, when_away, counts_from)
        used, reserved = _in_ledger(tx, tenant_id, applied, moment)
    elif per == "window":
        gone = {"in_tenant": tenant_id, "limit_id": limit_id, "gone": last_gone(moment, window)}
        used = tx.all(recount_queries.limit_used_in_window, gone)[0][0]
    shown = from_nano if measure == "money" else int
    used, reserved = used or 0, reserved or 0
    return Limit(
        id=limit_id,
        subject=subject,
        subject_id=subject_id,
        measure=measure,
        per=per,
        window_seconds=window or None,
        amount=shown(amount),
        used=shown(used),
        reserved=shown(reserved),
        left=shown(max(0, amount - used - reserved)),
        resets_at=None if per == "window" else end_of(start_of(moment, per), per),
        set_by=set_by,
        created_at=created_at,
        updated_at=updated_at,
        counter=counter,
        when_away=when_away,
        behind_since=behind_since,
        over=shown(max(0, used - amount)),
    )


def as_shown(limit: Limit, units: int | None) -> int | Decimal | None:
    """Units as callers see them: tokens, requests or US dollars."""
    return from_nano(units) if units is not None and limit.measure == "money" else units


def _in_ledger(tx: Transaction, tenant_id: UUID, limit: Applied, moment: datetime) -> tuple[int, int]:
    """How a limit stands that is counted in Redis: by what a count of it would be made of now."""
    period = limit.period(moment)
    if limit.per == "window":
        used = recounting.used_in_window(tx, tenant_id, limit, moment)
    else:
        used = recounting.used_in_period(tx, tenant_id, limit, period)
    return used, sum(units for _, units, _ in recounting.held_of(tx, tenant_id, limit.id, period))
