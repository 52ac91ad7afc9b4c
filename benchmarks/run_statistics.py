"""Statistics of a month of runs: asked for in whole days and with edges.

Durations are lognormal, of a median of their own in each of ten workflows; 5 % end in an error, 2 % are cancelled,
0.1 % go on. They are written beside the API, in bulk.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.figures import Bound, Figure
from benchmarks.places import Place, person
from holdfast.core.clock import to_microseconds
from holdfast.core.ids import new_id
from holdfast.domains.runs.durations import bucket_of
from holdfast.migrations import functions_0032

MONTH = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)
COLUMNS = (
    "tenant_id", "id", "workflow_id", "status", "attempt", "waits", "started_by", "created_at", "started_at",
    "finished_at", "duration_ms", "duration_bucket",
)  # fmt: skip
ASKED = 20
SHARES = (("success", 0.929), ("error", 0.979), ("cancelled", 0.999), ("running", 1.0))


def measure(place: Place, count: int) -> Iterator[Figure]:
    """On one engine, the median of several."""
    with place.open() as store:
        runs = person(store).runs
        workflows = [runs.create_workflow(f"workflow {number}").id for number in range(10)]
        scope = runs.scope
        rows = list(_rows(scope.tenant_id, scope.actor_id, workflows, count))
        with store.engine.admin() as connection:
            _write(connection, rows, is_postgres=place.engine == "postgresql")
        since, until = MONTH
        asked: dict[str, Callable[[], Any]] = {
            "a month": lambda: runs.statistics(since=since, until=until),
            "a month with edges": lambda: runs.statistics(
                since=since + timedelta(hours=7, minutes=31), until=until - timedelta(hours=3, minutes=17)
            ),
            "one workflow": lambda: runs.statistics(since=since, until=until, workflow=workflows[0]),
        }
        if runs.statistics(since=since, until=until).total.runs != count:
            raise AssertionError("runs are missing from their sums")
        for name, ask in asked.items():
            taken = []
            for _ in range(ASKED):
                before = time.perf_counter()
                ask()
                taken.append(time.perf_counter() - before)
            taken.sort()
            yield Figure(
                table="runs",
                operation=f"statistics of {count:,} runs, {name}",
                engine=place.engine,
                unit="ms",
                ours=1000 * taken[len(taken) // 2],
                promise=(Bound(measure="ours", limit=300),),
            )


def _rows(tenant: Any, actor: Any, workflows: list[Any], count: int) -> Iterator[tuple[Any, ...]]:
    draw = random.Random(7)
    span = (MONTH[1] - MONTH[0]).total_seconds()
    for number in range(count):
        which = number % len(workflows)
        began = MONTH[0] + timedelta(seconds=draw.random() * span)
        chance, took = draw.random(), draw.lognormvariate(5 + which / 2, 1.0)
        status = (
            "success" if chance < 0.929 else "error" if chance < 0.979 else "cancelled" if chance < 0.999 else "running"
        )
        if status == "running":
            ended: tuple[Any, ...] = (None, None, None)
        else:
            ended = (began + timedelta(milliseconds=took), took, bucket_of(took))
        yield (tenant, new_id(), workflows[which], status, 1, 0, actor, began, began, *ended)


def _write(connection: Any, rows: list[tuple[Any, ...]], *, is_postgres: bool) -> None:
    """In bulk, and then summed as the migration sums what it finds: one by one the triggers take longer."""
    cursor = connection.connection.driver_connection.cursor()
    names = ", ".join(COLUMNS)
    if is_postgres:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL search_path = holdfast")
        with cursor.copy(f"COPY runs ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(functions_0032.ROLLUPS["postgresql"] + " ORDER BY e.day")  # as they come to be
        return
    places = ", ".join("?" * len(COLUMNS))
    for name in ("runs_counted", "runs_uncounted", "runs_recounted"):
        cursor.execute(f"DROP TRIGGER {name}")
    cursor.executemany(f"INSERT INTO runs ({names}) VALUES ({places})", map(_for_sqlite, rows))  # names above
    cursor.execute(functions_0032.ROLLUPS["sqlite"])
    for statement in functions_0032.ON_SQLITE:
        cursor.execute(statement)


def _for_sqlite(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        to_microseconds(value) if isinstance(value, datetime) else value.bytes if hasattr(value, "bytes") else value
        for value in row
    )
