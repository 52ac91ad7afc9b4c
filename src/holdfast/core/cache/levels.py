"""The two levels of one store in one process, and what belongs to them."""

import os
import random
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from holdfast.core.cache.codec import Encoded
from holdfast.core.cache.entries import Entry, Family, Terms
from holdfast.core.cache.flights import Flights
from holdfast.core.cache.keys import Address, Token, Tokens
from holdfast.core.cache.leases import Lease, Parcel, Place, new_version
from holdfast.core.cache.memory import Memory
from holdfast.core.database.errors import StoreClosed
from holdfast.core.errors import InvalidInput
from holdfast.core.resilience import BreakerPolicy, Breakers
from holdfast.core.settings import Settings

if TYPE_CHECKING:  # they need the extra `redis`
    from holdfast.core.cache.keeper import Keeper
    from holdfast.core.cache.lines import Lines
    from holdfast.core.cache.link import Link
    from holdfast.core.cache.rates import SharedRates
    from holdfast.core.cache.remote import Remote

REFRESHERS = 8
"""The most refreshes in the background at a time; more wait for a later hit."""


class Levels:
    """The first level alone, until `connect` adds Redis. Safe to use from any number of threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.memory = Memory(entries=int(settings.cache_entries), size=int(settings.cache_memory_mib * 2**20))
        self.remote: Remote | None = None
        self.rates: SharedRates | None = None
        """Buckets of requests that processes share, where there is a Redis."""
        self.tokens = Tokens(b"")
        self.families: dict[str, Family] = {}
        self.away = 0
        """How often Redis could not be asked."""
        self.closing: list[Callable[[], None]] = []
        """What else is closed with the store, of those who use Redis for themselves."""
        self._closed = False
        self._lines: Lines | None = None
        self._link: Link | None = None
        self._keeper: Keeper | None = None
        self._begin()
        _levels.add(self)

    def _begin(self) -> None:
        self.flights = Flights()
        self.refreshing = threading.BoundedSemaphore(REFRESHERS)
        self.refreshers: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._process = os.getpid()

    def connect(self, *, secret: bytes | None, place: str, breakers: Breakers) -> None:
        """Use the Redis of `settings.cache`, if any. Nothing is asked of it yet: it may be away.

        `secret`: the store's own key, if it has one; else `place` tells this store from others.
        """
        self.tokens = Tokens(secret or place.encode())
        settings = self.settings
        lines = lines_of(settings)
        if lines is None:
            return
        from holdfast.core.cache.keeper import Keeper
        from holdfast.core.cache.lines import FAILING
        from holdfast.core.cache.link import Link
        from holdfast.core.cache.parcel import Packer
        from holdfast.core.cache.rates import SharedRates
        from holdfast.core.cache.remote import Remote

        self.rates = SharedRates(lines, self.tokens, breakers)
        packer = Packer(
            compress_from=int(settings.cache_compress_bytes),
            most_bytes=int(settings.cache_value_bytes),
            secret=secret if settings.cache_sealed else None,
        )
        policy = BreakerPolicy(failures=3, pause=0.25, longest=settings.cache_settle_seconds / 3)
        breaker = breakers.breaker("cache", failing=FAILING, policy=policy, closed_again=self._closed_again)
        remote = self.remote = Remote(lines, packer, self.tokens, settings, breaker)
        self.memory.distrust()
        self._lines = lines
        self._link = Link(lines, remote, self.memory, self.flights, seconds=settings.cache_link_seconds)
        self._keeper = Keeper(remote, lease_seconds=settings.cache_lease_seconds)

    def _closed_again(self) -> None:
        if self.remote is not None:
            self.remote.settle()

    @property
    def in_redis(self) -> "Remote":
        """The second level, where it is known that there is one."""
        assert self.remote is not None
        return self.remote

    @property
    def is_linked(self) -> bool:
        """Whether it is heard from Redis what others do."""
        return self._link is not None and self._link.is_up

    def use(self) -> None:
        """Begin to listen, at the first use. Raises `StoreClosed`."""
        if self._closed:
            raise StoreClosed
        if self._link is not None:
            self._link.start()

    def family(self, name: str) -> Family:
        """The counts of a name."""
        found = self.families.get(name)
        return self.families.setdefault(name, Family()) if found is None else found

    def jittered(self, terms: Terms) -> Terms:
        """A little shorter, at random, so that what was stored together does not end together."""
        share = random.uniform(0.0, self.settings.cache_jitter_percent / 100)
        return terms._replace(ttl=terms.ttl * (1.0 - share))

    def entry(
        self, place: Place, family: Family, encoded: Encoded, terms: Terms, *, nothing: bool, lease: Lease | None
    ) -> Entry:
        """What the first level is to hold of a new value."""
        return Entry(
            encoded,
            family=family,
            tokens=(place.token, *place.tags),
            version=new_version() if lease is None else lease.version,
            terms=terms,
            refresh_share=1.0 if nothing else self.settings.cache_refresh_percent / 100,
            nothing=nothing,
        )

    def keep_parcel(self, at: Address, token: Token, family: Family, parcel: Parcel, mark: int) -> Entry:
        """What Redis had, in the first level too. Raises `Unreadable`."""
        entry = Entry(
            Encoded(parcel.data, parcel.shared),
            family=family,
            tokens=(token, *parcel.tags),
            version=parcel.version,
            terms=parcel.terms,
            age=parcel.age,
            refresh_share=1.0 if parcel.nothing else self.settings.cache_refresh_percent / 100,
            nothing=parcel.nothing,
        )
        self.memory.put(at, entry, mark)
        return entry

    @contextmanager
    def keeping(self, place: Place, lease: Lease | None) -> Iterator[None]:
        """Keep a lease for as long as the block runs."""
        if lease is None or self._keeper is None:
            yield
            return
        self._keeper.hold(place, lease)
        try:
            yield
        finally:
            self._keeper.let_go(lease)

    def abandon(self, place: Place) -> None:
        """A lease that could not be given back: as soon as Redis answers, so that others need not wait for its end."""
        self.away += 1
        self.in_redis.abandon(place)
        if self._keeper is not None:
            self._keeper.tell()

    def forget(self, *, values: Iterable[Token] = (), tags: Iterable[Token] = ()) -> None:
        """Invalidate, here at once and then in every process. Costs one round trip with Redis; never fails."""
        values, tags = list(values), list(tags)
        gone = [*values, *tags]
        self.memory.drop(gone)
        self.flights.drop(gone)
        if self.remote is not None and gone and not self.remote.forget(values=values, tags=tags):
            self.away += 1
            if self._keeper is not None:
                self._keeper.tell()

    def close(self) -> None:
        """End the threads, close the connections. Nothing is given afterwards, nothing kept."""
        self._closed = True
        for close in self.closing:
            close()
        self.memory.distrust()
        if self._process == os.getpid():
            for thread in list(self.refreshers):
                thread.join(5)
        if self._keeper is not None:
            self._keeper.close()
        if self._link is not None:
            self._link.close()
        if self.remote is not None and self._process == os.getpid():
            self.remote.close()

    def begin_in_child(self) -> None:
        """Locks of this process, no threads and no connections of the parent's; the first level begins empty."""
        self._begin()
        self.memory.begin()
        if self._lines is not None and self.remote is not None and self._link is not None and self._keeper is not None:
            self.memory.distrust()
            self._lines.begin()
            self.remote.begin()
            self._keeper.begin()
            self._link.begin(self.flights)


def lines_of(settings: Settings) -> "Lines | None":
    """The way to the Redis of these settings, if they name one. Raises `InvalidInput`."""
    if settings.cache is None:
        return None
    try:
        import zstandard  # noqa: F401  # of use later

        from holdfast.core.cache.lines import Lines
    except ImportError as error:
        text = f"cache: {error.name} is not installed; install holdfast[redis]"
        raise InvalidInput(text, field="cache") from error
    try:
        return Lines(settings.cache, seconds=settings.cache_redis_seconds, most=int(settings.cache_pool))
    except ValueError:
        text = "cache: not the address of a Redis (not repeated: it may hold a password); give redis://host:port/0"
        raise InvalidInput(text, field="cache") from None


def check_cache(settings: Settings) -> None:
    """Raise `InvalidInput` for a Redis that is not named rightly, or cannot be used. It is not asked."""
    lines_of(settings)


_levels: "weakref.WeakSet[Levels]" = weakref.WeakSet()


def _begin_in_child() -> None:
    for levels in list(_levels):
        levels.begin_in_child()


os.register_at_fork(after_in_child=_begin_in_child)
