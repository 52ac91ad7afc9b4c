"""What /metrics tells of the background work that this process does. Names of kinds, no tenants."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from holdfast.core.jobs import WorkerStats


class JobMetrics:
    """Counts are taken over from the worker when the page is asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter("holdfast_jobs_ended", "Jobs, by how they ended", ("kind", "outcome"), registry=registry)
        self._seconds = Counter("holdfast_jobs_seconds", "Time that jobs took", ("kind",), registry=registry)
        self._running = Gauge("holdfast_jobs_running", "Jobs under way", registry=registry, multiprocess_mode="livesum")
        self._waiting = Gauge(
            "holdfast_jobs_waiting_seconds",
            "For how long the job that waits longest could have been taken",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._seen = WorkerStats()

    def note(self, stats: WorkerStats) -> None:
        """Bring the page up to date."""
        for (kind, outcome), count in stats.ended.items():
            self._ended.labels(kind, outcome).inc(count - self._seen.ended.get((kind, outcome), 0))
        for kind, seconds in stats.seconds.items():
            self._seconds.labels(kind).inc(seconds - self._seen.seconds.get(kind, 0.0))
        self._running.set(stats.running)
        self._waiting.set(stats.waiting_seconds)
        self._seen = stats
