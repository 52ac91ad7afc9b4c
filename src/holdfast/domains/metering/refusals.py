"""Refusing: what is said of a limit that has not so much left."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from holdfast.core.database.types import from_nano
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.counters import Asked, Full
from holdfast.domains.metering.errors import LimitExceeded
from holdfast.domains.metering.periods import end_of, last_gone, slot_length


def refusal(
    limit: Applied,
    units: int,
    *,
    used: int,
    held: int,
    period: datetime,
    moment: datetime,
    expiry: Callable[[], datetime | None],
    slots: Callable[[], Iterable[tuple[datetime, int]]],
) -> LimitExceeded:
    """The error that names the limit, what is left of it, and when there is more.

    `expiry`: when the next hold expires; `slots`: what of a rolling window was used when. Asked where it matters.
    """
    shown: Callable[[int], Any] = from_nano if limit.measure == "money" else int
    again = _again_at(limit, limit.amount - used - units, period, moment, expiry, slots)
    return LimitExceeded(
        limit_id=limit.id,
        measure=limit.measure,
        whose=limit.subject,
        per=limit.per if limit.per != "window" else f"{limit.window_seconds} seconds",
        amount=shown(limit.amount),
        left=shown(max(0, limit.amount - used - held)),
        wanted=shown(units),
        resets_at=again,
        retry_after=max(1, -int(-(again - moment).total_seconds() // 1)),
    )


def refusal_of(asked: Asked, said: Full, moment: datetime) -> LimitExceeded:
    """The same of a counter in Redis."""
    gone = last_gone(moment, asked.limit.window_seconds) if asked.limit.per == "window" else moment
    return refusal(
        asked.limit,
        asked.units,
        used=said.used,
        held=said.held,
        period=asked.period,
        moment=moment,
        expiry=lambda: said.first,
        slots=lambda: [(slot, used) for slot, used in said.slots if slot > gone],
    )


def _again_at(
    limit: Applied,
    room: int,
    period: datetime,
    moment: datetime,
    expiry: Callable[[], datetime | None],
    slots: Callable[[], Iterable[tuple[datetime, int]]],
) -> datetime:
    """When there is more: the next hold expires, if what is held is all that is in the way; else the period ends."""
    if room >= 0:
        first = expiry()
        if first is not None and first > moment:
            return first
    if limit.per != "window":
        return end_of(period, "day" if limit.per == "day" else "month")
    length = timedelta(seconds=limit.window_seconds) + slot_length(limit.window_seconds)
    missing = -room
    for slot, used in slots():
        missing -= used
        if missing <= 0:
            return max(slot + length, moment)
    return moment + length
