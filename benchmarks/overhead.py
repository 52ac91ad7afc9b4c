"""What using Holdfast costs before the first message: importing it, opening a store."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Figure
from benchmarks.places import Places, person
from benchmarks.reads import alone

_IMPORT = "import time; begun = time.perf_counter(); import holdfast; print(time.perf_counter() - begun)"


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Import time, and opening a store up to a person's scope."""
    taken = [_run() for _ in range(2 if quick else 5)]
    yield Figure(
        table="overhead", operation="import holdfast", engine=places.engine, unit="ms", ours=1000 * median(taken)
    )
    place = places.new()

    def open_and_close() -> None:
        with place.open() as store:
            person(store)

    yield alone(place, "open a store, find a person, close", open_and_close, 5 if quick else 30, table="overhead")


def _run() -> float:
    return float(subprocess.run([sys.executable, "-c", _IMPORT], check=True, capture_output=True, text=True).stdout)


def fsync_time() -> float:
    """The machine: the median milliseconds of making 8 KiB durable, beside which all else is to be seen."""
    taken = []
    with tempfile.NamedTemporaryFile() as file:
        for number in range(200):
            os.pwrite(file.fileno(), b"x" * 8192, number * 8192)
            before = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - before)
    return 1000 * median(taken)
