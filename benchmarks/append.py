"""Append: one writer and eight, as threads, asyncio tasks and processes, beside the raw driver."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.costs import PAGE, read_wal, server_fsyncs, server_wal_bytes, traced, written_bytes
from benchmarks.figures import Bound, Figure, latencies
from benchmarks.places import Place, Places
from benchmarks.raw import RawSqlite
from benchmarks.writers import (
    Round,
    Side,
    Threads,
    sides,
    threads_ours,
    threads_raw,
)
from benchmarks.writers import ours as new_ours
from benchmarks.writers import raw as new_raw

MANY = 8
SETTLED = 0.5
"""Seconds until the server's counts are complete."""
FAIR = 0.5
"""A writer is starved when it did less than this share of what the luckiest did."""


@dataclass(frozen=True)
class Case:
    """So many writers of a kind, each with its own conversation or all with one."""

    kind: str
    writers: int
    shared: bool = False

    def __str__(self) -> str:
        if self.writers == 1:
            return f"append, 1 writer{'' if self.kind == 'threads' else f' ({self.kind})'}"
        return f"append, {self.writers} {self.kind}{', one conversation' if self.shared else ''}"


CASES = (
    Case("threads", 1),
    Case("tasks", 1),
    *[Case(kind, MANY, shared) for kind in ("threads", "tasks", "processes") for shared in (False, True)],
)
QUICK = (Case("threads", 1), Case("threads", MANY), Case("processes", 2))


def promise(case: Case, engine: str) -> tuple[Bound, ...]:
    """What DESIGN.md §6 holds us to."""
    if case.kind != "threads" or case.shared:
        return ()
    sqlite = engine != "postgresql"
    if case.writers == 1:
        return Bound(measure="ratio", limit=0.6 if sqlite else 1.2, at_least=True), Bound(measure="p95 ms", limit=2)
    return (
        Bound(measure="ratio", limit=2.0 if sqlite else 1.3, at_least=True),
        Bound(measure="p99 ms", limit=25),
        Bound(measure="fairness", limit=FAIR, at_least=True),
    )


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Every case on one engine."""
    seconds, rounds = (0.2, 2) if quick else (2.0, 5)
    place = places.new()
    for case in QUICK if quick else CASES:
        yield _figure(place if quick else places.new(), case, seconds=seconds, rounds=rounds)
    for writers in (1,) if quick else (1, MANY):
        yield from _probe(place, writers)


def _figure(place: Place, case: Case, *, seconds: float, rounds: int) -> Figure:
    ours, raw = _rounds(*sides(place, case.kind, case.writers, shared=case.shared), seconds=seconds, rounds=rounds)
    pairs = [mine.rate / theirs.rate for mine, theirs in zip(ours, raw, strict=True)]
    return Figure(
        table="append",
        operation=str(case),
        engine=place.engine,
        unit="/s",
        ours=median(r.rate for r in ours),
        raw=median(r.rate for r in raw),
        ratio=median(r.rate for r in ours) / median(r.rate for r in raw),
        more={
            **latencies(taken for r in ours for writer in r.writers for taken in writer),
            "fairness": min(_fairness(r) for r in ours),
            "cpu ms": _cpu(ours, "client"),
            "server cpu ms": _cpu(ours, "server"),
            **{f"raw {name}": value for name, value in _raw_side(raw).items()},
            "lowest ratio": min(pairs),
            "highest ratio": max(pairs),
        },
        promise=promise(case, place.engine),
    )


def _raw_side(raw: list[Round]) -> dict[str, float]:
    return {
        **latencies(taken for r in raw for writer in r.writers for taken in writer),
        "fairness": min(_fairness(r) for r in raw),
        "cpu ms": _cpu(raw, "client"),
        "server cpu ms": _cpu(raw, "server"),
    }


def _rounds(ours: Side, raw: Side, *, seconds: float, rounds: int) -> tuple[list[Round], list[Round]]:
    """Taken in turn, raw first, after a short round each that does not count."""
    for side in (raw, ours):
        side.round(seconds / 5)
    done = [(raw.round(seconds), ours.round(seconds)) for _ in range(rounds)]
    raw.close()
    ours.close()
    return [mine for _, mine in done], [theirs for theirs, _ in done]


def _fairness(done: Round) -> float:
    """What the least served writer did, as a share of what the best served did."""
    counts = [len(writer) for writer in done.writers]
    return min(counts) / max(counts)


def _cpu(rounds: list[Round], where: str) -> float:
    """Milliseconds of processor time for each append."""
    spent: float = sum(getattr(r.spent, where) for r in rounds)
    return 1000 * spent / sum(r.count for r in rounds)


def _probe(place: Place, writers: int) -> Iterator[Figure]:
    """Statements or round trips, fsyncs and bytes for each append, counted apart: counting takes time."""
    count = _in_file if place.server is None else _on_server
    ours = count(place, place.file, place.url, lambda: threads_ours(place, new_ours(place, writers, shared=False)))
    file = None if place.file is None else Path(place.raw.place)
    raw = count(place, file, place.raw.place, lambda: threads_raw(place, new_raw(place, writers, shared=False)))
    for name, value in ours.items():
        yield Figure(
            table="append, costs",
            operation=f"{name} for each append, {'1 writer' if writers == 1 else f'{writers} threads'}",
            engine=place.engine,
            unit="KiB" if "written" in name else "",
            ours=value,
            raw=raw[name],
        )


def _on_server(place: Place, file: Path | None, url: str, start: Callable[[], Threads]) -> dict[str, float]:
    """Sessions report their fsyncs when they end."""
    with traced() as seen:
        writers = start()
        writers.round(0.1)
        trips = seen.round_trips()
        done = writers.round(0.3)
        trips = seen.round_trips() - trips
        writers.close()
    writers = start()
    time.sleep(SETTLED)
    bytes_before, fsyncs_before = server_wal_bytes(url), server_fsyncs(url)
    counted = writers.round(0.5).count
    log = server_wal_bytes(url) - bytes_before
    writers.close()
    time.sleep(SETTLED)
    return {
        "round trips": trips / done.count,
        "fsyncs": (server_fsyncs(url) - fsyncs_before) / counted,
        "log written": log / counted / 1024,
    }


def _in_file(place: Place, file: Path | None, url: str, start: Callable[[], Threads]) -> dict[str, float]:
    """The log is emptied first and read before it is begun anew, at a thousand frames."""
    assert file is not None
    with traced() as seen:
        writers = start()
        writers.round(0.05)
        statements = seen.count
        traced_count = writers.round(0.1).count
        statements = seen.count - statements
        writers.close()
    writers = start()
    writers.round(0.05)
    aside = RawSqlite(str(file), place.key).connect()
    aside.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    few = writers.round(0.02).count
    log = read_wal(file)
    bytes_before = written_bytes()
    many = writers.round(0.5).count
    all_bytes = written_bytes() - bytes_before
    aside.close()
    writers.close()
    return {
        "statements": statements / traced_count,
        "fsyncs of the log": log.commits / few,
        "log written": log.frames * PAGE / few / 1024,
        "written, checkpoints included": all_bytes / many / 1024,
    }
