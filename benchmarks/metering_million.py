"""A month of five million events in the ledger, made by the server itself; Holdfast sums them up, and reports."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select

from benchmarks.figures import Bound, Figure, latencies
from benchmarks.places import Places, person
from holdfast.core.database import TENANT, Query
from holdfast.core.database.types import Time
from holdfast.domains.metering import ledger, queries
from holdfast.domains.metering.tables import usage_events
from holdfast.store import Store, UserScope

MILLIONS = 5_000_000
MONTH = timedelta(days=28)
_SHARED = """
    INSERT INTO {table} (tenant_id, at, id, user_id, operation, model, provider, outcome, requests, tokens,
                         tokens_in, tokens_out, tokens_cached, cost, priced_by, latency_ms, recorded_by, recorded_at)
    SELECT {tenant}, {at}, {id}, {user},
           CASE n % 3 WHEN 0 THEN 'chat' WHEN 1 THEN 'summary' ELSE 'embedding' END,
           CASE n % 5 WHEN 0 THEN 'gpt-4o-mini' WHEN 1 THEN 'gpt-4o' WHEN 2 THEN 'claude-sonnet-4-5'
                      WHEN 3 THEN 'gemini-2.5-pro' ELSE 'home-made:7b' END,
           NULL, CASE WHEN n % 97 = 0 THEN 'error' ELSE 'success' END,
           1, 500 + n % 700 + n % 200, 500 + n % 700, n % 200, 0,
           CASE WHEN n % 5 = 4 THEN NULL ELSE 1000 + n % 100000 END,
           CASE WHEN n % 5 = 4 THEN 'unknown' ELSE 'catalogue' END, 200 + n % 3000, {user}, {at}
    FROM {numbers}
"""
_POSTGRES = {
    "table": "holdfast.usage_events",
    "at": "%(month)s::timestamptz + n::bigint * %(step)s::bigint * interval '1 microsecond'",
    "id": "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
    "tenant": "%(tenant)s",
    "user": "%(user)s",
    "numbers": "generate_series(0, %(count)s - 1) AS n",
}
_SQLITE = {
    "table": "usage_events",
    "at": ":month + n * :step",
    "id": "CAST(printf('%016d', n) AS BLOB)",
    "tenant": ":tenant",
    "user": ":user",
    "numbers": "numbers",
}
_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count) "

_e = usage_events.c
_COLUMNS = (
    "at", "user_id", "workspace_id", "operation", "model", "provider", "outcome", "requests", "tokens", "tokens_in",
    "tokens_out", "tokens_cached", "cost", "latency_ms",
)  # fmt: skip
_of_a_day = Query(
    select(*(_e[name] for name in _COLUMNS)).where(
        _e.tenant_id == TENANT, _e.at >= bindparam("since", type_=Time), _e.at < bindparam("until", type_=Time)
    )
)
_whole = Query(
    select(queries.sum_of(_e.requests), queries.sum_of(_e.tokens), queries.sum_of(_e.cost)).where(
        _e.tenant_id == TENANT
    )
)


def measure(places: Places, *, count: int = MILLIONS) -> Iterator[Figure]:
    """How long each step takes; that the sums are the ledger's; the report's latency."""
    place, month = places.new(), last_month()
    with place.open() as store:
        store.engine.make_partitions(moment=month)
        me, rounds = person(store), []
        rounds.append(("made in the ledger by the server", _timed(lambda: _make(store, me, month, count))))
        rounds.append(("rolled up from the ledger", _timed(lambda: _roll_up(store, me, month))))
        places.settle(place)
        ((requests, tokens, cost),) = store.engine.read(me.scope, "tenant", lambda tx: tx.all(_whole))
        total = me.metering.report(since=month, until=month + timedelta(days=31)).total
        assert (total.requests, total.tokens, total.cost) == (requests, tokens, cost), "the sums are the ledger's"
        assert total.events == count
        for what, seconds in rounds:
            yield Figure(
                table="metering",
                operation=f"{count:,} events {what}",
                engine=places.engine,
                unit="/s",
                ours=count / seconds,
                more={"seconds": seconds},
            )
        yield reported(me.metering, places.engine, month, f"a month's report, {count:,} events in the ledger")


def reported(metering: Any, engine: str, month: datetime, operation: str, *, times: int = 30) -> Figure:
    """A month by model and day, and once more from the middle of an hour to that of another."""
    seconds = []
    for n in range(times):
        edge = timedelta(hours=7, minutes=20) if n % 2 else timedelta(0)
        began = time.perf_counter()
        found = metering.report(group_by=["model", "day"], since=month + edge, until=month + timedelta(days=30) - edge)
        seconds.append(time.perf_counter() - began)
        assert len(found.lines) > 5 and found.total.cost > Decimal(0)
    spread = latencies(seconds)
    return Figure(
        table="metering",
        operation=operation,
        engine=engine,
        unit="ms",
        ours=spread["p50 ms"],
        more=spread,
        promise=(Bound(measure="p95 ms", limit=300),),
    )


def _make(store: Store, me: UserScope, month: datetime, count: int) -> None:
    """One statement, as the owner of the store; keys to members, checks and triggers are as ever."""
    engine: Any = store.engine
    tenant, user, step = me.scope.tenant_id, me.scope.actor_id, MONTH // timedelta(microseconds=1) // count
    assert tenant is not None and user is not None
    given: dict[str, Any] = {"count": count, "step": step}
    if engine.dialect.name == "postgresql":
        with engine.connect_admin() as connection:
            text = _SHARED.replace("n % ", "n %% ").format(**_POSTGRES)
            connection.execute(text, {**given, "month": month, "tenant": tenant, "user": user})
        return
    connection = engine.connect()
    given |= {"month": round(month.timestamp()) * 1_000_000, "tenant": tenant.bytes, "user": user.bytes}
    connection.execute("BEGIN IMMEDIATE")
    head, rest = _SHARED.format(**_SQLITE).split("SELECT", 1)
    connection.execute(f"{head}{_NUMBERS}SELECT{rest}", given)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # or everything after reads past a log as large as the file
    connection.close()


def _roll_up(store: Store, me: UserScope, month: datetime) -> None:
    """As recording does it, a day at a time: `ledger.rollups` of the events, added to the sums."""
    for day in range(MONTH // timedelta(days=1)):
        since = month + timedelta(days=day)
        given = {"since": since, "until": since + timedelta(days=1)}
        found = store.engine.read(me.scope, "tenant", lambda tx, given=given: tx.all(_of_a_day, given))
        sums = ledger.rollups(dict(zip(_COLUMNS, row, strict=True)) for row in found)
        store.engine.write(me.scope, "tenant", lambda tx, sums=sums: tx.many(queries.add_to_rollup, sums))


def _timed(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def last_month() -> datetime:
    """The first of the month before this one."""
    this = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (this - timedelta(days=1)).replace(day=1)
