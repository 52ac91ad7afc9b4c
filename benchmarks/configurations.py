"""Configurations: the current version from the cache and past it, and what is done to documents of 300 KB."""

import copy
import json
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from benchmarks.figures import Bound, Figure
from benchmarks.places import Place, Places, person
from holdfast.scopes import UserScope

SMALL = {"prompt": "You answer questions about loans. Be brief. " * 10, "model": "small", "temperature": 0.2}


def profile(shift: int) -> dict[str, Any]:
    """What a sender of messages looks like: 300 KB as JSON. Of two shifts one field in eight differs."""
    segments: dict[str, Any] = {}
    for number in range(30):
        fields = {
            str(field): {
                "present": 4_000 + (shift if field % 8 == 0 else 0),
                "length": {"min": 1, "max": 20 + field, "counts": {str(n): n * number for n in range(8)}},
                "formats": {"upper-case word": 3_000, "integer": 1_000},
                "values": [f"code {number} {field} {n}" for n in range(4)],
            }
            for field in range(1, 40)
        }
        segments[f"Z{number:02}"] = {"messages": 4_000, "fields": fields}
    return {"standard": "HL7v2", "segments": segments}


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Every operation on one engine, over one store."""
    place, rounds = places.new(), 3 if quick else 12
    with place.open() as store:
        amina = person(store)
        c = amina.configurations
        for number in range(20 if quick else 500):
            c.put(f"vendor-{number}/agents/prompt", {**SMALL, "n": number}, reason="filled")
        c.put("Epic/HL7v2/ADT^A01", profile(0), reason="first")
        places.settle(place)
        yield from _reads(place, amina, rounds)
        yield from _large(place, amina, rounds)


def _reads(place: Place, amina: UserScope, rounds: int) -> Iterator[Figure]:
    c = amina.configurations
    for name, address in (("500 bytes", "vendor-7/agents/prompt"), ("300 KB", "Epic/HL7v2/ADT^A01")):
        best = _best(lambda at=address: c.get(at), 2_000, rounds)  # type: ignore[misc]  # bound now
        yield _figure(place, f"get, cached, {name}", 1e6 * best, "µs", Bound(measure="ours", limit=10))
    uncached = _best(lambda: c.read("vendor-7/agents/prompt"), 200, rounds)
    yield _figure(place, "get, not cached, 500 bytes", 1e3 * uncached, "ms", Bound(measure="ours", limit=1))
    found = _best(lambda: c.find("vendor-7/*/*"), 100, rounds)
    yield _figure(place, "find vendor-7/*/*", 1e3 * found, "ms")


def _large(place: Place, amina: UserScope, rounds: int) -> Iterator[Figure]:
    c, address, size = amina.configurations, "Epic/HL7v2/ADT^A01", len(json.dumps(profile(0)))
    times: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[[], object]) -> None:
        began = time.perf_counter()
        call()
        times.setdefault(name, []).append(1e3 * (time.perf_counter() - began))

    c.branch(address, "trial")
    for number in range(1, rounds + 1):
        document = profile(number)
        if number > 1:  # what was merged before stays merged
            document["segments"]["Z01"]["messages"] = number - 1
        timed("put", lambda d=document: c.put(address, d, reason="changed"))  # type: ignore[misc]  # bound now
        newest = c.get(address).version
        timed("read", lambda: c.read(address))
        timed("difference of 120 fields", lambda n=newest: c.diff(address, n - 1, n))  # type: ignore[misc]
        mine = copy.deepcopy(c.get(address, branch="trial").document)
        mine["segments"]["Z01"]["messages"] = number  # type: ignore[index]  # a profile
        timed("put on a branch", lambda d=mine: c.put(address, d, reason="tried", branch="trial"))  # type: ignore[misc]
        timed("merge of one field", lambda: c.merge(address, "trial", reason="merged"))
        assert c.get(address).version == newest + 1, "it was merged"
        timed("search", lambda: c.search("Z17 upper-case"))
        timed("similar", lambda: c.similar(address))
    for name, found in times.items():
        yield _figure(place, f"{name}, {size / 1024:.0f} KiB", median(found), "ms")


def _best(call: Callable[[], object], times: int, rounds: int) -> float:
    """Seconds for one call, of the best round: others use the machine too."""
    call()
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(times):
            call()
        best = min(best, (time.perf_counter() - began) / times)
    return best


def _figure(place: Place, operation: str, ours: float, unit: str, *promise: Bound) -> Figure:
    return Figure(
        table="configurations", operation=operation, engine=place.engine, unit=unit, ours=ours, promise=promise
    )
