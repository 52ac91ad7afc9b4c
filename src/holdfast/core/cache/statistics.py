"""What the cache has done in this process since the store was opened."""

from dataclasses import dataclass

from holdfast.core.resilience import BreakerCounts, State


@dataclass(frozen=True, kw_only=True)
class FamilyStats:
    """The counts of one name."""

    l1_hits: int
    """Found in this process."""
    l2_hits: int
    """Found in Redis."""
    misses: int
    """Found nowhere."""
    loads: int
    """Calls of a loader, those in the background included."""
    errors: int
    """Of these, failed ones."""
    stale: int
    """Hits on a value that was past its time."""

    @property
    def hit_rate(self) -> float:
        """The share that was found; 0 before anything was asked."""
        hits = self.l1_hits + self.l2_hits
        return hits / (hits + self.misses) if hits + self.misses else 0.0


@dataclass(frozen=True, kw_only=True)
class RedisStats:
    """The second level, as this process sees it."""

    breaker: State
    counts: BreakerCounts
    linked: bool
    """Whether it is heard what other processes do; without that the first level is not used."""
    in_use: int
    pool: int
    """How many connections are in use, of how many."""
    untold: int
    """Invalidations that Redis has not been told yet."""
    away: int
    """How often it could not be asked."""


@dataclass(frozen=True, kw_only=True)
class CacheStats:
    """What the cache has done, name by name, and what it holds."""

    names: dict[str, FamilyStats]
    entries: int
    bytes: int
    """In this process, as encoded."""
    redis: RedisStats | None
    """None without a Redis."""
