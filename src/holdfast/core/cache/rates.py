"""Buckets of requests that all processes share, in Redis: each is filled evenly, and emptied by whoever takes.

Redis' own clock counts, so that the clocks of machines need not agree. A bucket that nobody used for as long as it
takes to fill is gone, which is the same as a full one. Whose it is is a keyed hash: Redis sees no person, no address.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple

from holdfast.core.cache.keys import Tokens
from holdfast.core.cache.leases import Away
from holdfast.core.cache.lines import FAILING, LOST, Line, Lines
from holdfast.core.cache.scripts import Script
from holdfast.core.resilience import BreakerOpen, BreakerPolicy, Breakers

POLICY = BreakerPolicy(failures=3, pause=0.5, longest=5.0)

POUR = Script.of(
    """-- KEYS: bucket. ARGV: a second's filling, its size, how much is wanted (below 0: put back).
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local rate, size, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local left = size
local kept = redis.call('GET', KEYS[1])
if kept then
  local was, since = string.match(kept, '^(%S+) (%S+)$')
  left = math.min(size, tonumber(was) + math.max(0, now - tonumber(since)) * rate / 1000000)
end
local given = math.min(wanted, math.floor(left))
left = math.min(size, left - given)
redis.call('SET', KEYS[1], string.format('%.9f %.0f', left, now), 'PX', math.ceil((size - left) / rate * 1000) + 1)
return {given, string.format('%.9f', left)}
"""
)


class Poured(NamedTuple):
    """So many that were given, and what is left in the bucket."""

    given: int
    left: float


class SharedRates:
    """The buckets of one store. Safe to use from any number of threads."""

    def __init__(self, lines: Lines, tokens: Tokens, breakers: Breakers) -> None:
        self._lines = lines
        self._tokens = tokens
        self._breaker = breakers.breaker("rates", failing=FAILING, policy=POLICY)

    def pour(self, bucket: tuple[Hashable, ...], *, per_second: float, size: int, wanted: int) -> Poured:
        """Take up to `wanted` out of a bucket, or put back what is below 0. One round trip. Raises `Away`."""
        key = b"holdfast:{%b}:rate:%b" % (self._tokens.store.encode(), self._tokens.rate(bucket).hex().encode())
        said = (repr(float(per_second)).encode(), size, wanted)

        def work(line: Line) -> Poured:
            given, left = line.run(POUR, [key], *said)
            return Poured(given, float(left))

        try:
            return self._breaker.call(lambda: self._on_line(work, again=wanted > 0))
        except (*FAILING, BreakerOpen) as error:
            raise Away from error

    def _on_line(self, work: Callable[[Line], Poured], *, again: bool) -> Poured:
        """Twice where the line was lost: at worst as many again are taken, so that fewer get in, never more."""
        try:
            return self._lines.call(work)
        except LOST:
            self._lines.drop_idle()
            if not again:
                raise
            return self._lines.call(work)
