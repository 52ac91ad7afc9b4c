"""Reports: sums of the ledger by group, read from the coarsest roll-ups that make up the period."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from holdfast.core.clock import EPOCH, as_utc
from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.scope import NIL
from holdfast.domains.metering import queries
from holdfast.domains.metering.models import UsageLine, UsageReport
from holdfast.domains.metering.periods import GRAINS, Grain, at_or_after, start_of, stretches

FOREVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A checked question."""

    groups: tuple[str, ...]
    only: dict[str, Any]
    since: datetime | None
    until: datetime | None

    @property
    def grain(self) -> Grain | None:
        """By which period it groups."""
        return next((grain for grain in GRAINS if grain in self.groups), None)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """By what else it groups."""
        return tuple(name for name in self.groups if name not in GRAINS)

    @property
    def of_conversations(self) -> bool:
        """Whether it is about conversations."""
        return "conversation" in (*self.groups, *self.only)


def check(groups: tuple[str, ...], only: dict[str, Any], since: datetime | None, until: datetime | None) -> Asked:
    """The question, its period widened to whole hours. Raises `InvalidInput`."""
    if len(set(groups)) != len(groups):
        raise InvalidInput("group_by: names something twice", field="group_by")
    if sum(name in GRAINS for name in groups) > 1:
        raise InvalidInput("group_by: of hour, day and month one is enough; the finest has them all", field="group_by")
    begin = None if since is None else start_of(as_utc(since, field="since"), "hour")
    end = None if until is None else at_or_after(as_utc(until, field="until"), "hour")
    if begin is not None and end is not None and begin >= end:
        raise InvalidInput(f"until: {end:%Y-%m-%dT%H:%MZ} is not after since, {begin:%Y-%m-%dT%H:%MZ}", field="until")
    asked = Asked(groups=groups, only=only, since=begin, until=end)
    if asked.of_conversations:
        elsewhere = {"hour", "day", "month", "workspace", "operation"} & {*groups, *only}
        if elsewhere or begin is not None or end is not None:
            raise InvalidInput(
                "group_by: by conversation there are sums over all time, by user, model and provider; "
                "metering.events(conversation=…) has each event",
                field="group_by",
            )
    return asked


def report(tx: Transaction, asked: Asked) -> UsageReport:
    """The sums, and the sum of them."""
    given = {f"only_{name}": value for name, value in asked.only.items()}
    filters = tuple(asked.only)
    if asked.of_conversations:
        rows = tx.all(queries.sums_of_conversations(by=asked.dimensions, filters=filters), given)
        lines = [_line((), asked.dimensions, row) for row in rows]
    else:
        parts = stretches(asked.since, asked.until, asked.grain or "month")
        query = queries.sums(
            by=asked.dimensions, filters=filters, periods=asked.grain is not None, stretches=len(parts)
        )
        for n, (grain, since, until) in enumerate(parts):
            given |= {f"grain_{n}": grain, f"since_{n}": since or EPOCH, f"until_{n}": until or FOREVER}
        rows = tx.all(query, given)
        lines = [_line(("period",) if asked.grain else (), asked.dimensions, row) for row in rows]
    lines = [line for line in lines if line.events]
    if asked.grain is not None:
        lines = _folded(lines, asked.grain)
    return UsageReport(
        since=asked.since,
        until=asked.until,
        group_by=asked.groups,
        lines=tuple(lines),
        total=sum_up(lines),
    )


def _line(period: tuple[str, ...], dimensions: tuple[str, ...], row: tuple[Any, ...]) -> UsageLine:
    names = (*period, *dimensions)
    keys, sums = row[: len(names)], row[len(names) :]
    found = dict(zip((*queries.SUMS, "slowest_ms"), sums, strict=True))
    slowest, latency, timed = found.pop("slowest_ms"), found.pop("latency_ms"), found["timed"]
    groups: dict[str, Any] = {name: None if key in ("", NIL) else key for name, key in zip(names, keys, strict=True)}
    return UsageLine(
        **groups, **found, latency_ms=latency / timed if timed else None, slowest_ms=slowest if timed else None
    )


def _folded(lines: list[UsageLine], grain: Grain) -> list[UsageLine]:
    """Lines of finer periods, at the edges of what was asked, added to those of their period."""
    made: dict[tuple[Any, ...], list[UsageLine]] = {}
    for line in lines:
        assert line.period is not None, "asked for by period"
        at = start_of(line.period, grain)
        key = (at, line.user, line.workspace, line.operation, line.model, line.provider)
        made.setdefault(key, []).append(replace(line, period=at))
    return [replace(sum_up(some), **_groups(some[0])) if len(some) > 1 else some[0] for some in made.values()]


def _groups(line: UsageLine) -> dict[str, Any]:
    names = ("period", "user", "workspace", "operation", "model", "provider", "conversation")
    return {name: getattr(line, name) for name in names}


COUNTS = ("events", "requests", "failures", "tokens", "tokens_in", "tokens_out", "tokens_cached", "unpriced", "timed")


def sum_up(lines: list[UsageLine]) -> UsageLine:
    """The sum of lines."""
    counts = {name: sum(getattr(line, name) for line in lines) for name in COUNTS}
    latency = sum(line.latency_ms * line.timed for line in lines if line.latency_ms is not None)
    slowest = [line.slowest_ms for line in lines if line.slowest_ms is not None]
    return UsageLine(
        **counts,
        cost=sum((line.cost for line in lines), Decimal(0)),
        latency_ms=latency / counts["timed"] if counts["timed"] else None,
        slowest_ms=max(slowest, default=None),
    )
