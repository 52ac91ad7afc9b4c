"""What /metrics tells of the cache and the breakers of this process. Names of families, no keys and no tenants."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from holdfast.core.cache import CacheStats
from holdfast.core.resilience import Breakers

NAMES = 100
"""The most families shown by name; the others are counted together as "other"."""
_STATES = {"closed": 0, "half_open": 1, "open": 2}
_RESULTS = {"l1_hits": "l1", "l2_hits": "l2", "misses": "miss"}


class CacheMetrics:
    """Counts are taken over from the store when the page is asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lookups = Counter(
            "holdfast_cache_lookups",
            "Values asked for: found in l1, in l2, or a miss",
            ("name", "result"),
            registry=registry,
        )
        self._loads = Counter("holdfast_cache_loads", "Calls of loaders", ("name", "outcome"), registry=registry)
        self._rate = Gauge(
            "holdfast_cache_hit_rate",
            "Share of lookups that found a value, since the process began",
            ("name",),
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._held = _gauge("holdfast_cache_entries", "Values held in memory", registry)
        self._bytes = _gauge("holdfast_cache_bytes", "Bytes of these, as encoded", registry)
        self._in_use = _gauge("holdfast_cache_redis_connections", "Connections to Redis in use", registry)
        self._linked = _gauge("holdfast_cache_linked", "Whether invalidations are heard from Redis", registry)
        self._untold = _gauge("holdfast_cache_untold_invalidations", "Invalidations Redis was not told yet", registry)
        self._breakers = Gauge(
            "holdfast_breaker_state",
            "0 closed, 1 half-open, 2 open",
            ("name",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._opened = Counter("holdfast_breaker_opened", "How often it opened", ("name",), registry=registry)
        self._seen: dict[tuple[Counter, tuple[str, ...]], int] = {}

    def note(self, stats: CacheStats, breakers: Breakers) -> None:
        """Bring the page up to date."""
        totals: dict[tuple[Counter, tuple[str, ...]], int] = {}
        for number, (name, family) in enumerate(stats.names.items()):
            shown = name if number < NAMES else "other"
            for field, result in _RESULTS.items():
                _add(totals, self._lookups, (shown, result), getattr(family, field))
            _add(totals, self._loads, (shown, "failed"), family.errors)
            _add(totals, self._loads, (shown, "done"), max(0, family.loads - family.errors))
            if number < NAMES:
                self._rate.labels(shown).set(family.hit_rate)
        self._held.set(stats.entries)
        self._bytes.set(stats.bytes)
        if stats.redis is not None:
            self._in_use.set(stats.redis.in_use)
            self._linked.set(stats.redis.linked)
            self._untold.set(stats.redis.untold)
        for breaker in breakers:
            self._breakers.labels(breaker.name).set(_STATES[breaker.state])
            _add(totals, self._opened, (breaker.name,), breaker.counts.opened)
        self._take_over(totals)

    def _take_over(self, totals: dict[tuple[Counter, tuple[str, ...]], int]) -> None:
        for place, total in totals.items():
            counter, labels = place
            counter.labels(*labels).inc(max(0, total - self._seen.get(place, 0)))
            self._seen[place] = total


def _gauge(name: str, text: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, text, registry=registry, multiprocess_mode="livesum")


def _add(
    totals: dict[tuple[Counter, tuple[str, ...]], int], counter: Counter, labels: tuple[str, ...], count: int
) -> None:
    totals[counter, labels] = totals.get((counter, labels), 0) + count
