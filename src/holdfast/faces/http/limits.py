"""Rate limits: a bucket of requests for each person and each tenant, filled evenly.

Each process counts for itself here; `shared_limits` counts for all of them, where there is a Redis.
"""

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from holdfast.faces.http.problems import TooManyRequests

REMEMBERED = 100_000
"""Of so many senders the bucket is kept; who comes back after that finds a full one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, and so many at once."""

    per_second: float
    burst: int

    @classmethod
    def of(cls, per_second: float) -> "Rate | None":
        """A rate with twice as many at once as a second brings; None, no limit, for 0."""
        return cls(per_second, max(1, math.ceil(2 * per_second))) if per_second > 0 else None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the RateLimit headers say: the bucket's size, what is left in it, and in how many seconds it is full."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """RateLimit-Limit, -Remaining and -Reset of the IETF draft."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset),
        ]


def network_of(address: str | None) -> str | None:
    """Where an address is one of many that a single sender has: of IPv6 its /64, else the address itself."""
    try:
        given = ipaddress.IPv6Address(address or "")
    except ValueError:
        return address
    return f"{int(given) >> 64:x}/64" if given.ipv4_mapped is None else str(given.ipv4_mapped)


class Buckets:
    """The buckets of one kind of sender (`whose`: person, tenant, address, account), of this process alone."""

    def __init__(self, whose: str, rate: Rate | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.whose = whose
        self.rate = rate
        self._clock = clock
        self._mutex = threading.Lock()
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, sender: Hashable) -> Allowance | None:
        """Take one request out of the sender's bucket: what is left. Raises `TooManyRequests` when it is empty."""
        rate = self.rate
        if rate is None:
            return None
        with self._mutex:
            left = self._left(sender, rate)
            if left >= 1:
                left -= 1
                self._buckets[sender] = (left, self._clock())
                self._buckets.move_to_end(sender)
                if len(self._buckets) > REMEMBERED:
                    self._buckets.popitem(last=False)
                return allowance(rate, left)
        raise refused(self.whose, rate, left)

    def give_back(self, sender: Hashable) -> None:
        """Put back what was taken for something that does not count after all."""
        rate = self.rate
        if rate is None:
            return
        with self._mutex:
            left = min(rate.burst, self._left(sender, rate) + 1)
            self._buckets[sender] = (left, self._clock())

    def _left(self, sender: Hashable, rate: Rate) -> float:
        left, since = self._buckets.get(sender, (float(rate.burst), 0.0))
        return min(rate.burst, left + (self._clock() - since) * rate.per_second)


def allowance(rate: Rate, left: float) -> Allowance:
    """What is told of a bucket that holds so much."""
    return Allowance(rate.burst, int(left), math.ceil((rate.burst - left) / rate.per_second))


def refused(whose: str, rate: Rate, left: float) -> TooManyRequests:
    """What is told of a bucket that holds less than one."""
    return TooManyRequests(whose, math.ceil((1 - left) / rate.per_second))
