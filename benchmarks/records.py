"""Records: stored many at a time beside the plain driver, found by indexed paths, picked by weight.

The plain driver stores the same JSON under the same key with one index. `filter`: one page of 50 by an equality, a
range and a prefix on indexed paths, of a set of a hundred thousand records, or of a million with `--million`.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.figures import Bound, Figure, latencies
from benchmarks.places import Places, person
from benchmarks.raw import RawPostgres
from holdfast.domains.records.pool_rows import Row

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "region": {"type": "string"},
        "status": {"enum": ["active", "closed"]},
        "count": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["id", "region"],
    "additionalProperties": False,
}
LOT = 1_000
_INSERT = "INSERT INTO raw_records (id, region, data) VALUES ({0}, {0}, {0})"


def row(chance: random.Random, number: int) -> dict[str, object]:
    """A record of 180 bytes."""
    return {
        "id": f"{number:09d}",
        "name": f"Provider {chance.randrange(10**6)} of the {chance.choice(('north', 'south', 'east', 'west'))}",
        "region": f"R{chance.randrange(1_000):03d}",
        "status": chance.choice(("active", "active", "active", "closed")),
        "count": chance.randrange(10_000),
        "tags": ["one", "two"],
    }


def measure(places: Places, *, quick: bool, million: bool = False) -> Iterator[Figure]:
    """Bulk, filters, picks."""
    place = places.new()
    bulk = 2_000 if quick else 50_000
    size = 1_000_000 if million else 2_000 if quick else 100_000
    chance = random.Random(7)
    raw = _raw_rate(place.raw, [row(chance, number) for number in range(bulk)])
    with place.open() as store:
        room = person(store).records
        room.define("things", schema=SCHEMA, key="id", indexed=["region", "count"])
        rows = [row(chance, number) for number in range(bulk)]
        rate = bulk / _seconds(lambda: room.put_many("things", rows))
        yield Figure(
            table="Records",
            operation="put_many, records/s",
            engine=places.engine,
            unit="/s",
            ours=rate,
            raw=raw,
            ratio=rate / raw,
            promise=(Bound(measure="ours", limit=15_000, at_least=True),),
        )
        if size > bulk:
            room.put_many("things", (row(chance, number) for number in range(bulk, size)))
        yield _filters(room, places.engine, size, 20 if quick else 300)
        yield from _picks(room, places.engine, min(size, 100_000), 20 if quick else 2_000)


def _filters(room: Any, engine: str, size: int, rounds: int) -> Figure:
    chance = random.Random(5)

    def ask() -> None:
        region, count = f"R{chance.randrange(1_000):03d}", chance.randrange(10_000)
        asked: tuple[dict[str, Any], ...] = (
            {"where": {"region": region}},
            {"where": {"region": region, "status": "active"}},
            {"where": {"count": {">=": count, "<": count + 5}}, "order": "count"},
            {"where": {"region": {"prefix": region[:3]}}, "order": "region"},
        )
        room.find("things", **chance.choice(asked))

    for _ in range(20):
        ask()
    taken = latencies(_seconds(ask) for _ in range(rounds))
    return Figure(
        table="Records",
        operation=f"a filter on an indexed path of {size:,}",
        engine=engine,
        unit="ms",
        ours=taken["p50 ms"],
        more=taken,
        promise=(Bound(measure="p95 ms", limit=10.0),),
    )


def _picks(room: Any, engine: str, size: int, rounds: int) -> Iterator[Figure]:
    """From memory; and a weight changed in memory, then picked: what a commit adds to it, others measure."""
    room.define("weighted", key="id", weight="count")
    chance = random.Random(3)
    room.put_many("weighted", (row(chance, number) for number in range(size)))
    room.pick("weighted", where={"status": "active"})
    pool = room._pool("weighted")
    one = Row(*pool._rows[next(iter(pool._rows))])

    def change() -> None:
        pool.put([one._replace(weight=float(chance.randrange(1_000)))])
        room.pick("weighted")

    asked: tuple[tuple[str, Callable[[], object], float], ...] = (
        (f"a weighted pick from {size:,}", lambda: room.pick("weighted"), 10.0),
        ("the same, filtered", lambda: room.pick("weighted", where={"status": "active"}), 10.0),
        ("a changed weight, then a pick", change, 50.0),
    )
    for operation, call, limit in asked:
        best = min(_seconds(lambda call=call: _again(call, rounds)) for _ in range(5)) / rounds  # type: ignore[misc]
        yield Figure(
            table="Records",
            operation=operation,
            engine=engine,
            unit="µs",
            ours=1e6 * best,
            promise=(Bound(measure="ours", limit=limit),),
        )


def _again(call: Callable[[], object], times: int) -> None:
    """What it gives is let go at once, as by who uses one after the other."""
    for _ in range(times):
        call()


def _raw_rate(raw: Any, rows: list[dict[str, object]]) -> float:
    """The plain driver: the same rows, a thousand in a transaction."""
    connection = raw.connect()
    binary = isinstance(raw, RawPostgres)
    connection._run(
        f"CREATE TABLE raw_records (id TEXT PRIMARY KEY, region TEXT, data {'JSON' if binary else 'TEXT'})", [()]
    )
    connection._run("CREATE INDEX raw_records_region ON raw_records (region, id)", [()])
    insert = _INSERT.format("%s" if binary else "?")

    def store() -> None:
        for start in range(0, len(rows), LOT):
            lot = rows[start : start + LOT]
            connection._run(insert, [(str(one["id"]), str(one["region"]), json.dumps(one)) for one in lot])

    return len(rows) / _seconds(store)


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
