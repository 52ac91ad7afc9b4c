"""Rate limits that all processes share, in Redis; while it is away each process counts for itself.

A process takes some requests at a time out of a shared bucket, a fiftieth of its size, so that few requests pay a
round trip. What it holds is soon used or void: no more get in than the bucket gave, and one process keeps back from the
others what fills a bucket of the usual size (two seconds' requests) in 40 ms. A bucket found empty is not asked again
before it can hold something.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, NamedTuple

from holdfast.core.cache.leases import Away
from holdfast.faces.http.limits import REMEMBERED, Allowance, Buckets, Rate, allowance, refused

if TYPE_CHECKING:  # it needs the extra `redis`
    from holdfast.core.cache.rates import SharedRates

SHARE = 50
"""This part of a bucket is taken at a time, at least one request."""
GOOD_SECONDS = 1.0
"""For so long what was taken may be used."""


class _Held(NamedTuple):
    """What this process holds of a sender's bucket, and how the bucket was when it was last asked."""

    requests: int
    left: float
    until: float


class SharedBuckets:
    """`Buckets` for all processes: the same operations."""

    def __init__(self, alone: Buckets, rates: "SharedRates", *, clock: Callable[[], float] = time.monotonic) -> None:
        """`alone`: what counts while Redis is away; its buckets are full when that begins."""
        self._alone = alone
        self._rates = rates
        self._clock = clock
        self._mutex = threading.Lock()
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()

    def take(self, sender: Hashable) -> Allowance | None:
        """As `Buckets.take`. Costs a round trip for each fiftieth of a bucket; none for one that was just empty."""
        rate = self._alone.rate
        if rate is None:
            return None
        with self._mutex:
            held = self._held.get(sender)
            if held is not None and held.until > self._clock():
                if held.requests == 0:
                    raise refused(self._alone.whose, rate, held.left)
                return self._use(sender, held, rate)
        try:
            given, left = self._pour(sender, rate, max(1, rate.burst // SHARE))
        except Away:
            return self._alone.take(sender)
        with self._mutex:
            return self._keep(sender, rate, given, left)

    def give_back(self, sender: Hashable) -> None:
        """As `Buckets.give_back`. One round trip."""
        rate = self._alone.rate
        if rate is None:
            return
        with self._mutex:
            self._held.pop(sender, None)  # it may have been found empty meanwhile
        try:
            self._pour(sender, rate, -1)
        except Away:
            self._alone.give_back(sender)

    def _pour(self, sender: Hashable, rate: Rate, wanted: int) -> tuple[int, float]:
        parts = sender if isinstance(sender, tuple) else (sender,)
        bucket = (self._alone.whose, *("" if part is None else part for part in parts))
        return self._rates.pour(bucket, per_second=rate.per_second, size=rate.burst, wanted=wanted)

    def _keep(self, sender: Hashable, rate: Rate, given: int, left: float) -> Allowance:
        """Use one of what was given and hold the rest; that there was nothing, until there can be something."""
        if given == 0:
            self._note(sender, _Held(0, left, self._clock() + (1 - left) / rate.per_second))
            raise refused(self._alone.whose, rate, left)
        before = self._held.get(sender)
        more = before.requests if before is not None and before.until > self._clock() else 0
        return self._use(sender, _Held(given + more, left, self._clock() + GOOD_SECONDS), rate)

    def _use(self, sender: Hashable, held: _Held, rate: Rate) -> Allowance:
        rest = held._replace(requests=held.requests - 1)
        if rest.requests:
            self._note(sender, rest)
        else:
            self._held.pop(sender, None)
        return allowance(rate, min(rate.burst, rest.left + rest.requests))

    def _note(self, sender: Hashable, held: _Held) -> None:
        self._held[sender] = held
        self._held.move_to_end(sender)
        if len(self._held) > REMEMBERED:
            self._held.popitem(last=False)
