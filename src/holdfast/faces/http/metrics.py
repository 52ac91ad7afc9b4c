"""What /metrics tells Prometheus: requests by route and status, how long they took, what is in use. No identifiers."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from holdfast.faces.http.cache_metrics import CacheMetrics
from holdfast.faces.http.incoming import Incoming
from holdfast.faces.http.job_metrics import JobMetrics

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The folder through which several processes count together; set by `run` before they start."""
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counts of one process, or of all of a server's."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "holdfast_http_requests", "Requests answered", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "holdfast_http_request_seconds",
            "Time from the headers to the end of the answer",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._actions = Counter(
            "holdfast_actions", "Operations asked for, by outcome", ("operation", "outcome"), registry=self._registry
        )
        self.streams = Gauge(
            "holdfast_event_streams", "Open event streams", registry=self._registry, multiprocess_mode="livesum"
        )
        self.waiting = Gauge(
            "holdfast_waiting_requests",
            "Requests in a worker thread or waiting for one",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.connections = Gauge(
            "holdfast_store_connections",
            "Connections to the store that are in use",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.pool = Gauge(
            "holdfast_store_connections_most",
            "Connections to the store that there can be",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.cache = CacheMetrics(self._registry)
        self.jobs = JobMetrics(self._registry)
        self._known: dict[tuple[str, str, int, str], tuple[Counter, Histogram, Counter | None]] = {}

    def count(self, incoming: Incoming, seconds: float) -> None:
        """One request answered."""
        key = (incoming.method, incoming.route, incoming.status, incoming.operation)
        counters = self._known.get(key)
        if counters is None:
            counters = self._known[key] = self._counters(*key)
        requests, duration, actions = counters
        requests.inc()
        duration.observe(seconds)
        if actions is not None:
            actions.inc()

    def _counters(
        self, method: str, route: str, status: int, operation: str
    ) -> tuple[Counter, Histogram, Counter | None]:
        """Looked up once: labels cost more than counting."""
        outcome = "done" if status < 400 else "refused" if status < 500 else "failed"
        actions = self._actions.labels(operation, outcome) if operation else None
        return self._requests.labels(method, route, str(status)), self._seconds.labels(route), actions

    def page(self) -> bytes:
        """The page."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # so upstream
        return generate_latest(together)
