"""A circuit breaker: what is away is not asked again and again, and is found again by one caller, not by all.

    breaker = store.engine.breakers.breaker("redis", failing=(RedisError, OSError))
    with breaker.guarding():          # raises BreakerOpen at once while it is open
        answer = client.get(key)      # the client has its own time limit

closed     calls go through; after `failures` in a row, or a failing share of `rate` among the last ones, it opens
open       calls are refused until the pause is over
half-open  exactly one call goes through, the probe; if it succeeds the breaker closes, else it opens for twice as long

Written here because the known ones let every call through while half-open, or hold their lock during the call. Here the
lock is held to decide, never while something is asked; so a slow call delays nobody else's decision. A call belongs to
the period in which it was let in: what comes back from before the breaker opened says nothing about now, and changes
nothing. A probe that is interrupted gives its turn back.
"""

import os
import random
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Literal, TypeVar

from holdfast.core.errors import Unavailable

T = TypeVar("T")

State = Literal["closed", "half_open", "open"]


class BreakerOpen(Unavailable):
    """What is asked has failed repeatedly and is left alone for a moment. Nothing was sent."""

    code = "breaker_open"

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(
            f"{name} has failed repeatedly and is left alone for {seconds:.1f} s more; repeat the call then"
        )
        self.name = name
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class BreakerPolicy:
    """When a breaker opens, and for how long."""

    failures: int = 5
    """So many failures in a row open it."""
    rate: float = 0.5
    """So does this share of failures among the last `window` calls, once there were `least`."""
    window: int = 50
    least: int = 20
    pause: float = 0.5
    """Seconds until the first probe; doubled with each that fails, up to `longest`, and spread by a fifth."""
    longest: float = 15.0


@dataclass(frozen=True, kw_only=True)
class BreakerCounts:
    """What a breaker has seen since it was made."""

    succeeded: int
    failed: int
    refused: int
    opened: int
    probes: int


class Breaker:
    """One outside service, as seen from this process. Safe to use from any number of threads and tasks."""

    def __init__(
        self,
        name: str,
        *,
        failing: tuple[type[Exception], ...],
        policy: BreakerPolicy | None = None,
        clock: Callable[[], float] = monotonic,
        closed_again: Callable[[], None] = lambda: None,
    ) -> None:
        """`failing`: the exceptions that mean it is away; any other is an answer. `closed_again` is called, with no
        lock held, when a probe has succeeded.
        """
        self.name = name
        self._failing = failing
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._closed_again = closed_again
        self._succeeded = self._failed = self._refused = self._opened = self._probes = 0
        self._begin()
        _breakers.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._period = 0
        """Counts the changes of state: a call let in during another one does not count."""
        self._state: State = "closed"
        self._in_a_row = 0
        self._last: deque[bool] = deque(maxlen=self._policy.window)
        self._until = 0.0
        self._pause = self._policy.pause

    @property
    def state(self) -> State:
        """`closed`, `open`, or `half_open`: a probe is under way, or the next call will be one."""
        state = self._state
        return "half_open" if state == "open" and self._clock() >= self._until else state

    @property
    def counts(self) -> BreakerCounts:
        """What it has seen."""
        return BreakerCounts(
            succeeded=self._succeeded,
            failed=self._failed,
            refused=self._refused,
            opened=self._opened,
            probes=self._probes,
        )

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now."""
        return self._state != "closed" and (self._state == "half_open" or self._clock() < self._until)

    def call(self, ask: Callable[[], T]) -> T:
        """What `ask` gives. Raises `BreakerOpen`, and what `ask` raises."""
        period = self._enter()
        try:
            done = ask()
        except self._failing:
            self._leave(period, well=False)
            raise
        except Exception:
            self._leave(period, well=True)  # it answered, if not as wished
            raise
        except BaseException:
            self._abandon(period)
            raise
        self._leave(period, well=True)
        return done

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """`call` for a block, in a thread or in a task. Raises `BreakerOpen`."""
        period = self._enter()
        try:
            yield
        except self._failing:
            self._leave(period, well=False)
            raise
        except Exception:
            self._leave(period, well=True)  # it answered, if not as wished
            raise
        except BaseException:
            self._abandon(period)
            raise
        self._leave(period, well=True)

    def _enter(self) -> int:
        if self.state == "closed":
            return self._period
        with self._lock:
            left = self._until - self._clock()
            if self._state == "closed":
                return self._period
            if self._state == "half_open" or left > 0:
                self._refused += 1
                raise BreakerOpen(self.name, max(left, 0.0))
            self._turn("half_open")
            self._probes += 1
            return self._period

    def _leave(self, period: int, *, well: bool) -> None:
        closed = False
        with self._lock:
            self._succeeded += well
            self._failed += not well
            if period != self._period:
                return
            if self._state == "half_open":
                closed = well
                self._close() if well else self._open(longer=True)
            else:
                self._count(well=well)
        if closed:
            self._closed_again()

    def _count(self, *, well: bool) -> None:
        policy, last = self._policy, self._last
        last.append(well)
        self._in_a_row = 0 if well else self._in_a_row + 1
        if well:
            return
        too_many = len(last) >= policy.least and last.count(False) >= policy.rate * len(last)
        if self._in_a_row >= policy.failures or too_many:
            self._open(longer=False)

    def _open(self, *, longer: bool) -> None:
        self._pause = min(self._pause * 2, self._policy.longest) if longer else self._policy.pause
        self._until = self._clock() + self._pause * random.uniform(0.8, 1.2)
        self._opened += not longer
        self._turn("open")

    def _close(self) -> None:
        self._in_a_row = 0
        self._last.clear()
        self._turn("closed")

    def _abandon(self, period: int) -> None:
        """A probe that was interrupted has shown nothing: the next call is one."""
        with self._lock:
            if period == self._period and self._state == "half_open":
                self._until = self._clock()
                self._turn("open")

    def _turn(self, state: State) -> None:
        self._state = state
        self._period += 1


class Breakers:
    """The breakers of one store, by name: what /metrics shows."""

    def __init__(self) -> None:
        self._by_name: dict[str, Breaker] = {}

    def breaker(
        self,
        name: str,
        *,
        failing: tuple[type[Exception], ...],
        policy: BreakerPolicy | None = None,
        closed_again: Callable[[], None] = lambda: None,
    ) -> Breaker:
        """The breaker of that name, made when there is none yet; the arguments count only then."""
        found = self._by_name.get(name)
        if found is None:
            made = Breaker(name, failing=failing, policy=policy, closed_again=closed_again)
            found = self._by_name.setdefault(name, made)
        return found

    def __iter__(self) -> Iterator[Breaker]:
        return iter(list(self._by_name.values()))


_breakers: "weakref.WeakSet[Breaker]" = weakref.WeakSet()


def _begin_in_child() -> None:
    """The thread that was probing is not in the child."""
    for breaker in list(_breakers):
        breaker._begin()


os.register_at_fork(after_in_child=_begin_in_child)
