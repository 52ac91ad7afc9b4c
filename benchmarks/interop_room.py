"""Interop in a store: samples sealed and stored, and whole analyses with and without them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import holdfast
from benchmarks.figures import Bound, Figure
from benchmarks.messages import write
from benchmarks.places import KEY as RING
from benchmarks.places import Place, Places, person
from holdfast.core.crypto import running
from holdfast.domains.interop import queries
from holdfast.domains.interop.analysing import LOTS
from holdfast.domains.interop.keeping import rows_of
from holdfast.domains.interop.lots import lots_of
from holdfast.domains.interop.profiles import ProfileKey
from holdfast.store import UserScope

_ROUNDS = 3
_INSERT = "INSERT INTO raw_samples (vendor, digest, content) VALUES ({0}, {0}, {0})"
KEY = ProfileKey(b"profiles of the benchmark, for nobody")


def measure(places: Places, count: int) -> Iterator[Figure]:
    """Over one store on one engine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.hl7"
        write(path, count, seed=3)
        place = places.new()
        # an encrypted file has a ring of its own; samples are sealed on the other engines too
        with holdfast.open(place.url, place.key, keys=None if place.key else f"benchmark:{RING}") as store:
            amina = person(store)
            yield _storing(place, amina, path, count)
            yield _analysing(place, store, amina, path, count, keep_days=30)
            yield _analysing(place, store, amina, path, count, keep_days=None)


def _storing(place: Place, amina: UserScope, path: Path, count: int) -> Figure:
    """What a step of an analysis does to keep messages: read from their lots, sealed, stored, committed; beside the
    plain driver's insert of the same bytes in as many transactions, in turns.
    """
    lots = [lot.content for lot in lots_of(path, "HL7v2")]
    steps = [lots[at : at + LOTS] for at in range(0, len(lots), LOTS)]
    connection = place.raw.connect()
    binary = place.engine == "postgresql"
    kind = "BYTEA" if binary else "BLOB"
    connection._run(
        f"CREATE TABLE raw_samples (vendor TEXT, digest TEXT, content {kind}, PRIMARY KEY (vendor, digest))", [()]
    )
    insert = _INSERT.format("%s" if binary else "?")
    owner, best, raw, worked = amina.scope.actor_id, float("inf"), float("inf"), float("inf")
    for number in range(_ROUNDS):
        vendor = f"Vendor {number}"
        began = time.process_time()
        best = min(best, _seconds(lambda vendor=vendor: [_kept(amina, one, vendor, owner) for one in steps]))  # type: ignore[misc]
        worked = min(worked, time.process_time() - began)
        plain = [[(vendor, row["digest"], row["content"]) for row in _rows(one, vendor, owner)] for one in steps]
        raw = min(raw, _seconds(lambda plain=plain: [connection._run(insert, rows) for rows in plain]))  # type: ignore[misc]
    return Figure(
        table="interop",
        operation="sealed samples, stored",
        engine=place.engine,
        unit="/s",
        ours=count / best,
        raw=count / raw,
        ratio=raw / best,
        more={"/s of processor time": count / worked},
        promise=(Bound(measure="ours", limit=5_000, at_least=True),),
    )


def _rows(contents: list[bytes], vendor: str, owner: UUID | None) -> list[dict[str, object]]:
    return rows_of(contents, KEY, vendor=vendor, standard="HL7v2", days=30, owner=owner)


def _kept(amina: UserScope, contents: list[bytes], vendor: str, owner: UUID | None) -> None:
    rows = _rows(contents, vendor, owner)
    running.write(amina.engine, amina.scope, "own", lambda tx: tx.many(queries.insert_sample, rows))


def _analysing(
    place: Place, store: holdfast.Store, amina: UserScope, path: Path, count: int, *, keep_days: int | None
) -> Figure:
    """From `analyse` to the job's end: lots, counting, samples, configurations."""
    best = worked = float("inf")
    for number in range(_ROUNDS):
        vendor = f"Sender {number} {'kept' if keep_days else 'counted'}"
        began = time.process_time()
        best = min(best, _seconds(lambda vendor=vendor: _analysed(store, amina, path, vendor, keep_days)))  # type: ignore[misc]
        worked = min(worked, time.process_time() - began)
    return Figure(
        table="interop",
        operation=f"an analysis, {'samples kept' if keep_days else 'nothing kept'}, whole",
        engine=place.engine,
        unit="/s",
        ours=count / best,
        more={"/s of processor time": count / worked},
    )


def _analysed(store: holdfast.Store, amina: UserScope, path: Path, vendor: str, keep_days: int | None) -> None:
    job = amina.interop.analyse(path, vendor=vendor, keep_days=keep_days)
    store.worker().run_due()
    made = amina.jobs.get(job.id)
    assert made.status == "done", made.reason


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
