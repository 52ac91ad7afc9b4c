"""Runs: started and finished, one after the other and by eight at a time, beside the raw driver; telling; statistics.

The raw driver inserts a row and commits, then updates it and commits: no check of the workflow, no trail, no policies.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks import run_statistics
from benchmarks.figures import Figure, latencies
from benchmarks.places import Place, Places, person

MANY = 8
_TABLE = """
    CREATE TABLE runs (id TEXT PRIMARY KEY, workflow_id TEXT, status TEXT, input TEXT, output TEXT, started_at TEXT,
                       finished_at TEXT, duration_ms DOUBLE PRECISION)
"""
_BY_WORKFLOW = "CREATE INDEX runs_by_workflow ON runs (workflow_id, id)"
_BY_START = "CREATE INDEX runs_by_start ON runs (started_at)"
_START = "INSERT INTO runs VALUES ({0}, {0}, 'running', {0}, NULL, {0}, NULL, NULL)"
_FINISH = (
    "UPDATE runs SET status = 'success', output = {0}, finished_at = {0}, duration_ms = 1 WHERE id = {0}"
    " AND status = 'running'"
)
_GIVEN, _MADE = {"lead": 4711, "source": "web", "note": "Call back on Tuesday."}, {"score": 0.7, "sent": True}


def measure(places: Places, *, quick: bool, million: bool = False) -> Iterator[Figure]:
    """Every case on one engine; with `million` a million runs to count instead of a hundred thousand."""
    seconds, rounds = (0.3, 2) if quick else (2.0, 5)
    place = places.new()
    _make(place)
    for writers in (1, MANY):
        yield _started_and_finished(place, writers, seconds=seconds, rounds=rounds)
    with place.open() as store:
        runs = person(store).runs
        runs.create_workflow("told", external_id="n8n")
        yield from _told(place, runs, 50 if quick else 1_000)
    count = 2_000 if quick else 1_000_000 if million else 100_000
    yield from run_statistics.measure(places.new(), count)


def _make(place: Place) -> None:
    opened = place.raw.connect()
    for statement in (_TABLE, _BY_WORKFLOW, _BY_START):
        opened.connection.execute(statement)
    if isinstance(opened.connection, psycopg.Connection):
        opened.connection.commit()
    opened.close()


def _started_and_finished(place: Place, writers: int, *, seconds: float, rounds: int) -> Figure:
    ours: list[list[float]] = []
    raw: list[list[float]] = []
    with place.open() as store:
        runs = person(store).runs
        workflow = runs.create_workflow("measured").id

        def both() -> None:
            runs.finish(runs.start(workflow, input=_GIVEN).id, output=_MADE)

        connections = [place.raw.connect() for _ in range(writers)]
        for _ in range(rounds):
            ours.append(_round([both] * writers, seconds))
            raw.append(_round([_raw_pair(connection) for connection in connections], seconds))
        for connection in connections:
            connection.close()
    rates = [[len(taken) / seconds for taken in side] for side in (ours, raw)]
    return Figure(
        table="runs",
        operation=f"start and finish, {writers} at a time",
        engine=place.engine,
        unit="/s",
        ours=median(rates[0]),
        raw=median(rates[1]),
        ratio=median(rates[0]) / median(rates[1]),
        more=latencies(one for taken in ours for one in taken),
    )


def _raw_pair(opened: Any) -> Callable[[], None]:
    is_postgres = isinstance(opened.connection, psycopg.Connection)
    begin, finish = (text.format("%s" if is_postgres else "?") for text in (_START, _FINISH))

    def pair() -> None:
        run, moment = str(uuid4()), datetime.now(UTC).isoformat()
        for text, values in (
            (begin, (run, "w", json.dumps(_GIVEN), moment)),
            (finish, (json.dumps(_MADE), moment, run)),
        ):
            if not is_postgres:
                opened.connection.execute("BEGIN IMMEDIATE")
            opened.connection.execute(text, values)
            opened.connection.commit() if is_postgres else opened.connection.execute("COMMIT")

    return pair


def _round(pairs: list[Callable[[], None]], seconds: float) -> list[float]:
    """The seconds that each pair took."""
    taken: list[float] = []
    until = time.perf_counter() + seconds

    def go(pair: Callable[[], None]) -> None:
        while (before := time.perf_counter()) < until:
            pair()
            taken.append(time.perf_counter() - before)

    threads = [threading.Thread(target=go, args=(pair,)) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def _told(place: Place, runs: Any, count: int) -> Iterator[Figure]:
    began = datetime.now(UTC) - timedelta(days=7)
    taken = []
    for number in range(count):
        for status, at in (("running", began), ("success", began + timedelta(seconds=number % 90))):
            before = time.perf_counter()
            runs.tell("n8n", f"e-{number}", status=status, at=at + timedelta(minutes=number))
            taken.append(time.perf_counter() - before)
    yield Figure(
        table="runs",
        operation="tell",
        engine=place.engine,
        unit="/s",
        ours=len(taken) / sum(taken),
        more=latencies(taken),
    )
