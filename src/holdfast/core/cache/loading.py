"""Finding a value: in the first level, in Redis, or by loading it, once for all who want it.

Written once for both faces, as a generator of steps; the face that runs it carries each out, in the caller's thread or
awaited. Why nothing old is ever kept:

- Before anything is read, a *mark* in the first level's log is taken. A value is put into the first level only if
  nothing with its tokens was dropped since (memory.py).
- Before the loader is called, the *epochs* of the value's tags are taken together with the lease. Redis stores the
  value only if all of them are unchanged and the lease is still held (scripts.py). So an invalidation, a put or a
  delete, in whatever process, between the beginning of the load and its end is noticed at the end, by whoever loads.
- Whoever comes after an invalidation does not join a load from before it: not in this process (flights.py), and not in
  another one, whose lease is void as soon as an epoch has changed.
- A value that is past its time is given only while it would still count: dropped by an invalidation, it is not there.
- When Redis cannot be asked, the value is loaded and kept nowhere.
- When who asks was cleared for something else while it was loaded, it is theirs alone: neither kept nor given to those
  who wait for it, who have the levels that the key says.
"""

from asyncio import CancelledError
from collections.abc import Callable, Generator
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from holdfast.core.cache import codec
from holdfast.core.cache.entries import Entry, Family, Terms
from holdfast.core.cache.flights import Flight
from holdfast.core.cache.keys import Address
from holdfast.core.cache.leases import Away, Contents, Lease, Place
from holdfast.core.cache.levels import Levels
from holdfast.core.cache.steps import Ask, Load, Step, Wait

POLL = (0.005, 0.1)
"""Seconds between two looks for what another process loads, at first and at most; it is also told when that is done."""

T = TypeVar("T")
Steps = Generator[Step, Any, T]


class Nothing:
    """What a loader gives to say that there is none; callers get None."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = Nothing()
"""There is none: kept for `negative_ttl`."""


@dataclass(slots=True)
class Wanted:
    """What a caller asked for."""

    at: Address
    place: Place
    family: Family
    terms: Terms
    negative: Terms
    """Of the answer that there is none."""
    owner: object
    """Who asks: a thread or a task."""
    is_same: Callable[[], bool] | None = None
    """Whether who asks is cleared as they were, where the key depends on it."""


@dataclass(slots=True)
class Found:
    """What there was. `due`: it is to be loaded anew, in the background. `own`: it is for this caller alone."""

    entry: Entry
    due: bool = False
    own: bool = False

    @property
    def shared(self) -> Entry | None:
        """What others may have of it."""
        return None if self.own else self.entry


@dataclass(slots=True)
class Look:
    """A look into Redis."""

    mark: int
    """The place in the first level's log before it."""
    seen: bytes
    """The version that lay there."""
    found: Found | None
    away: bool = False
    """Redis could not be asked."""


class Finder:
    """Finds values, in the levels of one process."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels

    def find(self, wanted: Wanted, look: Look | None = None) -> Steps[Found]:
        """The value, from wherever it is; `look`: the caller has looked in Redis. Raises what the loader raises."""
        give_up = monotonic() + self._levels.settings.cache_wait_seconds
        while True:
            flight, leads = self._levels.flights.board(
                wanted.at, (wanted.place.token, *wanted.place.tags), wanted.owner
            )
            if leads:
                return (yield from self._lead(wanted, flight, give_up, look))
            if flight.owner == wanted.owner:  # a loader that asks for what it is loading would wait for itself
                return (yield from self._alone(wanted))
            while not flight.finished and (left := give_up - monotonic()) > 0:
                yield Wait(flight, left)
            if flight.entry is not None:
                wanted.family.l1_hits += 1
                return Found(flight.entry)
            if flight.error is not None:
                raise flight.error
            look = None  # that was before
            if monotonic() >= give_up:
                return (yield from self._alone(wanted))

    def _lead(self, wanted: Wanted, flight: Flight, give_up: float, look: Look | None) -> Steps[Found]:
        found, error = None, None
        try:
            found = yield from self._find_for_all(wanted, flight, give_up, look)
            return found
        except Exception as raised:
            error = raised
            raise
        finally:  # after an interrupt it has neither, and another one flies
            self._levels.flights.land(flight, entry=None if found is None else found.shared, error=error)

    def _find_for_all(self, wanted: Wanted, flight: Flight, give_up: float, look: Look | None) -> Steps[Found]:
        entry = self._levels.memory.find(wanted.at)
        if entry is not None and monotonic() < entry.until:
            wanted.family.l1_hits += 1  # somebody was quicker
            return Found(entry)
        mark, lease = self._levels.memory.mark(), None
        if look is not None and look.away:
            self._levels.away += 1
        elif self._levels.remote is not None:
            try:
                mark, lease, found = yield from self._ask_remote(wanted, flight, give_up, look)
            except Away:
                self._levels.away += 1
            else:
                if found is not None:
                    return found
        wanted.family.misses += 1
        return (yield from self._load(wanted, mark, lease))

    def _ask_remote(
        self, wanted: Wanted, flight: Flight, give_up: float, look: Look | None
    ) -> Steps[tuple[int, Lease | None, Found | None]]:
        """What is in Redis, or the lease to load it; neither when another process takes too long. Raises `Away`."""
        remote = self._levels.in_redis
        pause, most = POLL
        while True:
            if look is None:
                look = yield Ask(lambda: self.look_in_redis(wanted))
            if look.found is not None:
                return look.mark, None, look.found
            mark, seen = look.mark, look.seen
            lease = yield Ask(lambda seen=seen: remote.take(wanted.place, seen=seen))  # type: ignore[misc]  # bound at once
            if lease is not None or monotonic() >= give_up:
                return mark, lease, None
            yield Wait(flight, pause)
            pause, look = min(2 * pause, most), None

    def look_in_redis(self, wanted: Wanted) -> Look:
        """What Redis has, put into the first level too. One round trip. Raises `Away`."""
        mark = self._levels.memory.mark()
        parcel, seen = self._levels.in_redis.read(wanted.place)
        if parcel is not None:
            entry = self._levels.keep_parcel(wanted.at, wanted.place.token, wanted.family, parcel, mark)
            now = monotonic()
            if now < entry.stale:
                wanted.family.l2_hits += 1
                wanted.family.stale += now >= entry.until
                return Look(mark, seen, Found(entry, due=now >= entry.due))
        return Look(mark, seen, None)

    def refresh(self, wanted: Wanted) -> Steps[None]:
        """Load a value anew while the old one is still given, unless somebody else is at it."""
        flight, leads = self._levels.flights.board(wanted.at, (wanted.place.token, *wanted.place.tags), wanted.owner)
        if not leads:
            return
        found = None
        try:
            mark, lease = self._levels.memory.mark(), None
            if self._levels.remote is not None:
                mark, lease, done = yield from self._turn_to_refresh(wanted)
                if done or lease is None:
                    return
            found = yield from self._load(wanted, mark, lease)
        except Away:
            return
        finally:
            self._levels.flights.land(flight, entry=None if found is None else found.shared)

    def _turn_to_refresh(self, wanted: Wanted) -> Steps[tuple[int, Lease | None, bool]]:
        """The lease; none when another process has it, or has done it already. Raises `Away`."""
        remote = self._levels.in_redis
        mark = self._levels.memory.mark()
        lease = yield Ask(lambda: remote.take(wanted.place))
        if lease is None:
            return mark, None, False
        parcel = (yield Ask(lambda: remote.read(wanted.place))).parcel
        share = self._levels.settings.cache_refresh_percent / 100
        if parcel is not None and parcel.age < share * parcel.terms.ttl:
            self._levels.keep_parcel(wanted.at, wanted.place.token, wanted.family, parcel, mark)
            yield Ask(lambda: remote.release(wanted.place, lease))
            return mark, None, True
        return mark, lease, False

    def _alone(self, wanted: Wanted) -> Steps[Found]:
        """Load for this caller only: whoever should have done it takes too long."""
        wanted.family.misses += 1
        return Found((yield from self._made(wanted, None))[0])

    def _load(self, wanted: Wanted, mark: int, lease: Lease | None) -> Steps[Found]:
        levels = self._levels
        with levels.keeping(wanted.place, lease):
            try:
                entry, contents = yield from self._made(wanted, lease)
            except Exception:
                found = yield from self._last_resort(wanted, lease)
                if found is None:
                    raise
                return found
            except (KeyboardInterrupt, SystemExit, CancelledError):
                yield from self._release(wanted, lease)  # or others would wait for its end
                raise
            if wanted.is_same is not None and not wanted.is_same():
                yield from self._release(wanted, lease)
                return Found(entry, own=True)
            if levels.remote is None:
                levels.memory.put(wanted.at, entry, mark)
            elif lease is not None:
                yield from self._store(wanted, entry, contents, mark, lease)
        return Found(entry)

    def _made(self, wanted: Wanted, lease: Lease | None) -> Steps[tuple[Entry, Contents]]:
        """Call the loader. Raises what it raises, and `NotCacheable`."""
        wanted.family.loads += 1
        try:
            value = yield Load()
        except Exception:
            wanted.family.errors += 1
            raise
        nothing = value is NOTHING
        encoded = codec.encode(None if nothing else value)
        terms = self._levels.jittered(wanted.negative if nothing else wanted.terms)
        entry = self._levels.entry(wanted.place, wanted.family, encoded, terms, nothing=nothing, lease=lease)
        return entry, Contents(encoded.data, encoded.shared, nothing, terms)

    def _store(self, wanted: Wanted, entry: Entry, contents: Contents, mark: int, lease: Lease) -> Steps[None]:
        """Into Redis, and only then into the first level: so that they never hold two different values for long.

        Whether it counts, Redis says, which knows what came before the load and what after. This process may hear of an
        invalidation from before the load only now: then the value is not put into the first level, needlessly, and the
        next caller finds it in Redis.
        """
        levels = self._levels
        if len(contents.data) > levels.settings.cache_value_bytes:
            yield from self._release(wanted, lease)
            return
        try:
            stored = yield Ask(lambda: levels.in_redis.store(wanted.place, lease, contents))
        except Away:
            levels.abandon(wanted.place)
            return
        if stored:
            levels.memory.put(wanted.at, entry, mark)

    def _release(self, wanted: Wanted, lease: Lease | None) -> Steps[None]:
        if lease is not None:
            try:
                yield Ask(lambda: self._levels.in_redis.release(wanted.place, lease))
            except Away:
                self._levels.abandon(wanted.place)

    def _last_resort(self, wanted: Wanted, lease: Lease | None) -> Steps[Found | None]:
        """After the loader failed: what there was, if it may be given for that, and still counts now."""
        yield from self._release(wanted, lease)
        levels = self._levels
        entry = levels.memory.find(wanted.at)
        if entry is None and levels.remote is not None and wanted.terms.error:
            mark = levels.memory.mark()
            try:
                parcel = (yield Ask(lambda: levels.in_redis.read(wanted.place))).parcel
            except Away:
                return None
            if parcel is not None:
                entry = levels.keep_parcel(wanted.at, wanted.place.token, wanted.family, parcel, mark)
        if entry is None or monotonic() >= entry.error:
            return None
        wanted.family.stale += 1
        return Found(entry)
