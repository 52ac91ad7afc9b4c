"""Durations in buckets whose bounds grow by a constant factor, as DDSketch has them: counted apart, added up later.

A bucket holds the durations above `FACTOR ** (number - 1)` and up to `FACTOR ** number` milliseconds, and stands for
the one in its middle that is within `ERROR` of each of them. So a percentile over buckets is within 2 % of the one over
the runs themselves (nearest rank), however many there are, and sums of counts give the same whatever their order.
"""

from collections.abc import Mapping
from math import ceil, log

ERROR = 0.02
FACTOR = (1 + ERROR) / (1 - ERROR)
_LOG = log(FACTOR)
SHORTEST = 0.001
"""Milliseconds: moments are kept to the microsecond."""
NOTHING = -1_000
"""The bucket of no duration at all: begun and ended at one moment."""
UNTIMED = -2_000
"""Stands in the roll-ups for runs whose durations do not count."""


def bucket_of(duration_ms: float | None) -> int | None:
    """The bucket of a duration."""
    if duration_ms is None:
        return None
    return NOTHING if duration_ms < SHORTEST else ceil(log(duration_ms) / _LOG)


def middle_of(bucket: int) -> float:
    """The duration, in milliseconds, that a bucket stands for."""
    return 0.0 if bucket == NOTHING else float(2 * FACTOR**bucket / (FACTOR + 1))


def percentile(counts: Mapping[int, int], percent: int) -> float | None:
    """The duration at a percentile, by nearest rank among the counted; None where nothing was."""
    rank, seen = (sum(counts.values()) * percent + 99) // 100, 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank > 0:
            return middle_of(bucket)
    return None
