"""The cache: a hit in this process beside a plain dict, a hit in Redis beside plain redis-py."""

import json
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import TYPE_CHECKING, Any

import holdfast
from benchmarks.figures import Bound, Figure, ratio_of_medians
from benchmarks.places import Places

if TYPE_CHECKING:
    from support.redis_server import RedisServer

ARTICLE = {
    "id": "kbli-62019",
    "title": "Repaying a loan early",
    "sections": [
        {"heading": f"Section {n}", "text": "A loan is repaid in equal parts. " * 15, "tags": ["loan", "early"]}
        for n in range(9)
    ],
}
"""About 5 KB as JSON."""


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Once: which engine is below makes no difference to a hit."""
    if places.engine != "sqlite":
        return
    server = _server()
    place = places.new()
    try:
        settings = holdfast.Settings(cache=server.url, cache_entries=100)
        with holdfast.open(place.url, place.key, settings=settings) as store:
            store.cache.get("warm", "up")
            while not store.cache.stats().redis.linked:  # type: ignore[union-attr]  # it has one
                time.sleep(0.01)
            yield from _in_process(store, 5_000, 10 if quick else 100)
        for sealed in (True, False):
            chosen = holdfast.Settings(cache=server.url, cache_entries=1, cache_sealed=sealed)
            with holdfast.open(place.url, place.key, settings=chosen) as store:
                yield from _in_redis(store, server, 200, 5 if quick else 100, sealed=sealed)
    finally:
        server.stop()


def _server() -> "RedisServer":
    from support.redis_server import RedisServer  # looks for its program, so only when it is needed

    return RedisServer()


def _rate(call: Callable[[], Any], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return times / (time.perf_counter() - began)


def _never() -> object:
    raise AssertionError("it is there")


def _in_process(store: holdfast.Store, times: int, rounds: int) -> Iterator[Figure]:
    values = {"a text": "x" * 200, "a small dict": {"colour": "green", "logo": "/logo.svg"}, "5 KB": ARTICLE}
    for name, value in values.items():
        store.cache.put("bench", name, value)
        ours, raw = _side_by_side(store, name, value, times, rounds)
        promise = (Bound(measure="ours", limit=300_000, at_least=True),) if name == "a text" else ()
        yield Figure(
            table="cache",
            operation=f"hit in this process, {name}",
            engine="dict",
            unit="/s",
            ours=max(ours),
            raw=max(raw),
            ratio=ratio_of_medians(ours, raw),
            more={"median /s": median(ours)},
            promise=promise,
        )


def _side_by_side(
    store: holdfast.Store, name: str, value: object, times: int, rounds: int
) -> tuple[list[float], list[float]]:
    plain, get = {("bench", name): value}, store.cache.get_or_load
    ours, raw = [], []
    for _ in range(rounds):
        ours.append(_rate(lambda: get("bench", name, _never), times))
        raw.append(_rate(lambda: plain["bench", name], times))
    return ours, raw


def _in_redis(
    store: holdfast.Store, server: "RedisServer", times: int, rounds: int, *, sealed: bool
) -> Iterator[Figure]:
    """Two values and room for one: every call goes to Redis."""
    client = server.client()
    for key in ("a", "b"):
        client.set(f"plain {key}", json.dumps(ARTICLE))
        store.cache.put("bench", key, ARTICLE)
    get = store.cache.get_or_load
    ours, raw = [], []

    def both() -> None:
        get("bench", "a", _never)
        get("bench", "b", _never)

    def plain() -> None:
        json.loads(client.get("plain a"))  # type: ignore[arg-type]  # a synchronous client
        json.loads(client.get("plain b"))  # type: ignore[arg-type]

    for _ in range(rounds):
        ours.append(2 * _rate(both, times // 2))
        raw.append(2 * _rate(plain, times // 2))
    before = store.cache.stats().names["bench"]
    assert before.l2_hits >= rounds * times * 0.9, before
    yield Figure(
        table="cache",
        operation=f"hit in Redis, 5 KB, compressed{' and sealed' if sealed else ''}",
        engine="redis-py",
        unit="/s",
        ours=max(ours),
        raw=max(raw),
        ratio=max(ours) / max(raw),
        more={"ratio of medians": ratio_of_medians(ours, raw)},
        promise=(Bound(measure="ratio", limit=0.8, at_least=True),),
    )
    client.close()
