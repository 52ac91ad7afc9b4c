"""Periods: hours, days and months of UTC, and the slots of a rolling window."""

from datetime import datetime, timedelta
from typing import Literal

from holdfast.core.clock import EPOCH

Grain = Literal["hour", "day", "month"]
GRAINS: tuple[Grain, ...] = ("hour", "day", "month")
SLOTS = 60
"""Into so many slots a rolling window is cut. A slot leaves the window as a whole, when the last of it does."""


def start_of(at: datetime, grain: Grain) -> datetime:
    """When the hour, day or month began that a moment is in."""
    began = at.replace(minute=0, second=0, microsecond=0)
    if grain == "hour":
        return began
    began = began.replace(hour=0)
    return began if grain == "day" else began.replace(day=1)


def end_of(start: datetime, grain: Grain) -> datetime:
    """When the period ends that began at `start`: when the next one begins."""
    if grain == "month":
        return start_of(start + timedelta(days=32), "month")
    return start + (timedelta(hours=1) if grain == "hour" else timedelta(days=1))


def at_or_after(at: datetime, grain: Grain) -> datetime:
    """The first beginning of a period from a moment on."""
    start = start_of(at, grain)
    return start if start == at else end_of(start, grain)


def slot_of(at: datetime, window_seconds: int) -> datetime:
    """The slot of a rolling window that a moment is in."""
    slot = slot_length(window_seconds)
    return EPOCH + (at - EPOCH) // slot * slot


def slot_length(window_seconds: int) -> timedelta:
    """How long the slots of a window are."""
    return timedelta(seconds=window_seconds) / SLOTS


def last_gone(now: datetime, window_seconds: int) -> datetime:
    """The last slot of which nothing is in the window any more."""
    return slot_of(now - timedelta(seconds=window_seconds), window_seconds) - slot_length(window_seconds)


def stretches(
    since: datetime | None, until: datetime | None, finest: Grain
) -> list[tuple[Grain, datetime | None, datetime | None]]:
    """Which roll-ups make up a period, the coarsest possible: (grain, from, until), each without overlap.

    `since` and `until` are whole hours. `finest`: of no coarser grain than this. None is open.
    """
    made: list[tuple[Grain, datetime | None, datetime | None]] = []
    _cut(since, until, GRAINS[: GRAINS.index(finest) + 1], made)
    return made


def _cut(
    since: datetime | None,
    until: datetime | None,
    grains: tuple[Grain, ...],
    made: list[tuple[Grain, datetime | None, datetime | None]],
) -> None:
    *finer, grain = grains
    begin = None if since is None else at_or_after(since, grain)
    end = None if until is None else start_of(until, grain)
    if begin is not None and end is not None and begin >= end and finer:
        _cut(since, until, tuple(finer), made)
        return
    if since is not None and begin is not None and since < begin and finer:
        _cut(since, begin, tuple(finer), made)
    if begin is None or end is None or begin < end:
        made.append((grain, begin, end))
    if until is not None and end is not None and end < until and finer:
        _cut(end, until, tuple(finer), made)
