"""What a server's /metrics says, in figures that a person reads: response times, errors, the pool, the cache."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families

STATES = ("closed", "half_open", "open")
Buckets = dict[float, float]
"""Of a histogram: how many took at most so many seconds."""


@dataclass(frozen=True, kw_only=True)
class Responses:
    """How requests of a route, or of all, were answered since the server began. Times in milliseconds.

    `half` and `most` (95 of a hundred) are estimated within the bounds of the histogram; None without requests.
    `refused`: answered with 4xx; `failed`: with 5xx.
    """

    route: str
    requests: int
    refused: int
    failed: int
    mean_ms: float | None
    half_ms: float | None
    most_ms: float | None


@dataclass(frozen=True, kw_only=True)
class CacheUse:
    """The lookups of a family of the cache, and the share that was found; None before the first."""

    name: str
    lookups: int
    hit_rate: float | None


@dataclass(frozen=True, kw_only=True)
class ServerFigures:
    """A server, all its processes together."""

    total: Responses
    routes: tuple[Responses, ...]
    """The busiest first."""
    connections: int
    pool: int
    """So many connections are in use, of so many at most."""
    waiting: int
    """Requests in a worker thread, or waiting for one."""
    cache: CacheUse
    caches: tuple[CacheUse, ...]
    breakers: dict[str, str]
    """The state of each: closed, half_open, open."""


class _Page:
    """The samples of a page, by name: labels and value."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples[sample.name].append((sample.labels, sample.value))

    def of(self, name: str) -> list[tuple[dict[str, str], float]]:
        return self._samples[name]

    def total(self, name: str) -> int:
        return int(sum(value for _, value in self.of(name)))


def read_figures(text: str) -> ServerFigures:
    """The figures of a page. Raises ValueError for a text that is no such page."""
    page = _Page(text)
    if not page.of("holdfast_store_connections"):
        raise ValueError("no holdfast_store_connections")
    seconds = _sums(page, "holdfast_http_request_seconds_sum")
    buckets = _buckets(page)
    answered: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for labels, value in page.of("holdfast_http_requests_total"):
        answered[labels["route"]].append((labels["status"], int(value)))
    routes = [_responses(route, answered[route], seconds[route], buckets[route]) for route in answered]
    everything = [one for some in answered.values() for one in some]
    lookups = _lookups(page)
    return ServerFigures(
        total=_responses("", everything, sum(seconds.values()), _added(buckets.values())),
        routes=tuple(sorted(routes, key=lambda one: (-one.requests, one.route))),
        connections=page.total("holdfast_store_connections"),
        pool=page.total("holdfast_store_connections_most"),
        waiting=page.total("holdfast_waiting_requests"),
        cache=_cache("", [one for some in lookups.values() for one in some]),
        caches=tuple(_cache(name, lookups[name]) for name in sorted(lookups)),
        breakers={labels["name"]: STATES[int(value)] for labels, value in page.of("holdfast_breaker_state")},
    )


def _responses(route: str, answered: Iterable[tuple[str, int]], seconds: float, buckets: Buckets) -> Responses:
    counts = dict.fromkeys("12345", 0)
    for status, count in answered:
        counts[status[0]] = counts.get(status[0], 0) + count
    requests = sum(counts.values())
    return Responses(
        route=route,
        requests=requests,
        refused=counts["4"],
        failed=counts["5"],
        mean_ms=1_000 * seconds / requests if requests else None,
        half_ms=_share_took(buckets, 0.5),
        most_ms=_share_took(buckets, 0.95),
    )


def _share_took(buckets: Buckets, share: float) -> float | None:
    """So many milliseconds that a share of the requests took no longer; in a bucket they are taken as spread evenly.

    Of those beyond the last bound no more is known than that bound.
    """
    bounds = sorted(buckets.items())
    if not bounds or not bounds[-1][1]:
        return None
    wanted = share * bounds[-1][1]
    for (low, before), (high, through) in pairwise([(0.0, 0.0), *bounds]):
        if through >= wanted:
            if high == float("inf"):
                return 1_000 * low
            return 1_000 * (low + (high - low) * (wanted - before) / (through - before))
    return None


def _sums(page: _Page, name: str) -> dict[str, float]:
    made: dict[str, float] = defaultdict(float)
    for labels, value in page.of(name):
        made[labels["route"]] += value
    return made


def _buckets(page: _Page) -> dict[str, Buckets]:
    made: dict[str, Buckets] = defaultdict(dict)
    for labels, value in page.of("holdfast_http_request_seconds_bucket"):
        made[labels["route"]][float(labels["le"])] = value
    return made


def _added(some: Iterable[Buckets]) -> Buckets:
    made: Buckets = defaultdict(float)
    for buckets in some:
        for bound, count in buckets.items():
            made[bound] += count
    return made


def _lookups(page: _Page) -> dict[str, list[tuple[str, int]]]:
    made: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for labels, value in page.of("holdfast_cache_lookups_total"):
        made[labels["name"]].append((labels["result"], int(value)))
    return made


def _cache(name: str, lookups: Iterable[tuple[str, int]]) -> CacheUse:
    asked = list(lookups)
    count = sum(number for _, number in asked)
    found = sum(number for result, number in asked if result != "miss")
    return CacheUse(name=name, lookups=count, hit_rate=found / count if count else None)
