"""Interop: HL7 v2 and FHIR from a file to a profile, validation, messages made, samples stored; beside what others do.

What needs no database is measured once, with the first engine asked for. By the clock; the processor's time beside it,
for a machine that others use too. `million`: 1,000,000 messages in a process of its own too, for its peak of memory.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import configurations, interop_peers, interop_room
from benchmarks.figures import Bound, Figure
from benchmarks.messages import write, write_resources
from benchmarks.places import ENGINES, Places
from holdfast.domains.interop import fhir
from holdfast.domains.interop.documents import documents, inferred
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.profiles import ProfileKey, profile_messages, profile_shared
from holdfast.domains.interop.synthesis import synthesise
from holdfast.domains.interop.validation import Validator

SECRET = b"profiles of the benchmark, for nobody"
KEY = ProfileKey(SECRET)
MESSAGES, MORE, MILLION = 20_000, 100_000, 1_000_000
_FEW = 400
_ROUNDS = 3


def measure(places: Places, *, quick: bool, million: bool = False, first: str = ENGINES[0]) -> Iterator[Figure]:
    """Every figure of one engine; with the `first` those that need none."""
    if places.engine == first:
        with tempfile.TemporaryDirectory() as folder:
            yield from _without_a_store(Path(folder), quick=quick, million=million)
    yield from interop_room.measure(places, _FEW if quick else MESSAGES)
    if not quick:
        yield from (one for one in configurations.measure(places, quick=True) if one.promise)


def _without_a_store(folder: Path, *, quick: bool, million: bool) -> Iterator[Figure]:
    path, count = folder / "messages.hl7", _FEW if quick else MESSAGES
    size = write(path, count) / count
    profile_messages(path.read_bytes()[:100_000], KEY)  # the standard's definitions are read once
    yield from _profiles(path, count, size)
    yield from _more(folder / "more.hl7", 2 * count if quick else MORE)
    yield from _resources(folder / "resources.ndjson", count)
    yield from _from_configurations(path, folder / "others.hl7", count, 50 if quick else 5_000)
    yield from interop_peers.measure(path, count, rate)
    if million:
        yield _million(folder / "million.hl7")


def _profiles(path: Path, count: int, size: float) -> Iterator[Figure]:
    what = f"HL7 v2 of {size:,.0f} bytes"
    yield rate(f"{what}: file to profile, one core", count, lambda: profile_messages(path, KEY), least=5_000)
    with_rules = lambda: documents(profile_messages(path, KEY), vendor="Benchmark")  # noqa: E731
    yield rate(f"{what}: file to configurations, rules among them, one core", count, with_rules, least=5_000)
    yield rate(f"{what}: read", count, lambda: sum(isinstance(one, Message) for one in read(path)))
    again = lambda: [one.write() for one in read(path) if isinstance(one, Message)]  # noqa: E731
    yield rate(f"{what}: read and written back", count, again)


def _more(path: Path, count: int) -> Iterator[Figure]:
    """On more messages, where the start of a process is less of the whole."""
    write(path, count)
    what = f"{count:,} messages of HL7 v2: file to profile"
    yield rate(f"{what}, one core", count, lambda: profile_messages(path, KEY), least=5_000, rounds=2)
    shared = lambda: profile_shared(path, SECRET, processes=2)  # noqa: E731
    yield rate(f"{what}, two processes", count, shared, least=8_000, rounds=2)


def _resources(path: Path, count: int) -> Iterator[Figure]:
    what = f"FHIR of {write_resources(path, count) / count:,.0f} bytes"
    profiled = lambda: profile_messages(path, KEY, standard="FHIR")  # noqa: E731
    yield rate(f"{what}: file to profile, one core", count, profiled, least=8_000)
    yield rate(f"{what}: read", count, lambda: sum(1 for _ in fhir.read(path)))
    yield rate(f"{what}: `json` alone", count, lambda: [json.loads(line) for line in path.open("rb")])


def _from_configurations(path: Path, others: Path, count: int, made: int) -> Iterator[Figure]:
    """Validation of messages that the configuration was not inferred from, from a file; messages made from it."""
    known = documents(profile_messages(path, KEY), vendor="Benchmark")
    write(others, count, seed=2)
    texts = [one for one in read(others) if isinstance(one, Message)]
    for kind, document in known.items():
        mine = [one.raw for one in texts if one.type == kind]
        source = b"".join(mine)

        def judged(document: dict[str, object] = document, source: bytes = source) -> None:
            check = Validator(inferred(document))
            for one in check.messages(source):
                check(one)

        yield rate(f"{kind}: validation, bytes to differences", len(mine), judged, least=2_000)
        create = lambda document=document: [*synthesise(document, made, seed=1)]  # noqa: E731
        yield rate(f"{kind}: synthesis", made, create, least=2_000)


def _million(path: Path) -> Figure:
    write(path, MILLION)
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.interop_alone", str(path)], stdout=subprocess.PIPE, check=True
    )
    told: dict[str, float] = json.loads(run.stdout)
    assert told.pop("messages") == MILLION, "each was counted"
    return _figure(
        f"{MILLION:,} messages of HL7 v2: file to profile, one process",
        told.pop("rate"),
        told,
        Bound(measure="ours", limit=5_000, at_least=True),
        Bound(measure="peak MiB", limit=400),
    )


def rate(
    operation: str, count: int, run: Callable[[], object], *, least: float | None = None, rounds: int = _ROUNDS
) -> Figure:
    """How many a second by the clock, of the best round; and a second of this process's processor time."""
    best = worked = float("inf")
    for _ in range(rounds):
        begun, began = time.perf_counter(), time.process_time()
        run()
        best = min(best, time.perf_counter() - begun)
        worked = min(worked, time.process_time() - began)
    promise = [] if least is None else [Bound(measure="ours", limit=least, at_least=True)]
    return _figure(operation, count / best, {"/s of processor time": count / worked}, *promise)


def _figure(operation: str, ours: float, more: dict[str, float], *promise: Bound) -> Figure:
    return Figure(table="interop", operation=operation, engine="none", unit="/s", ours=ours, more=more, promise=promise)
