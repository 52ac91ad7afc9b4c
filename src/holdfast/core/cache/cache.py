"""The cache: values by name and key, in this process and in Redis.

`store.cache` is for what is the same for everybody; `scope.cache` is confined to its tenant: the tenant is in every key
and every tag. Who asks for what tells nothing about who may have it: cache what everybody who can ask with that key may
see, and put what decides into the key (`vary`, `per_clearance`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from threading import Thread, get_ident
from time import monotonic
from typing import Any, TypeVar

from holdfast.core.access import Access
from holdfast.core.cache import codec
from holdfast.core.cache.entries import Entry, Terms
from holdfast.core.cache.errors import TooLargeToCache
from holdfast.core.cache.keys import EVERYBODY, CacheKey, address, check_tags
from holdfast.core.cache.leases import Away, Contents, Place
from holdfast.core.cache.levels import Levels
from holdfast.core.cache.loading import Finder, Look, Wanted
from holdfast.core.cache.statistics import CacheStats, FamilyStats, RedisStats
from holdfast.core.cache.steps import carry_out
from holdfast.core.errors import InvalidInput
from holdfast.core.telemetry import log

T = TypeVar("T")

AGAIN_SECONDS = 1.0
"""A refresh that failed is not tried again before."""


class Cache:
    """Values of one realm: of a tenant, or of everybody. Safe to use from any number of threads."""

    def __init__(self, levels: Levels, *, realm: bytes = EVERYBODY, access: Access | None = None) -> None:
        self._levels = levels
        self._realm = realm
        self._access = access
        self._memory = levels.memory
        self._finder = Finder(levels)

    def get_or_load(
        self,
        name: str,
        key: CacheKey,
        loader: Callable[[], T],
        *,
        ttl: float | None = None,
        tags: Sequence[str] = (),
        stale: float | None = None,
        stale_if_error: float | None = None,
        negative_ttl: float | None = None,
        vary: Sequence[str] = (),
        per_clearance: bool = False,
    ) -> T:
        """The value of `key` in the family `name`; `loader()` when there is none, called once however many ask.

        `ttl`: seconds it is good, less a random part. `tags`: what `invalidate` calls it back by. For `stale` seconds
        after its time it is still given while it is loaded anew in the background; for `stale_if_error` seconds when
        the loader fails. A loader that returns `NOTHING` says that there is none: callers get None, for `negative_ttl`.
        `vary`: what the value depends on beside its key; `per_clearance`: on the scope's levels.

        The loader can be called later, in another thread, with the caller's context variables; it must read what is
        committed. Values that can be changed are new objects for each caller. A hit in this process costs about 1 µs,
        or decoding; one in Redis a round trip. Without Redis, or while it is away, nothing is shared between processes;
        while it is away nothing is kept. Raises `NotCacheable`, and what the loader raises.
        """
        if self._access is not None:
            self._access.checked()
        if type(key) is str and not vary and not per_clearance:
            entry = self._memory.entries.get((self._realm, name, key, ()))  # type: ignore[call-overload]  # an Address
            if entry is not None:
                now = monotonic()
                if now < entry.due and now < self._memory.trusted_until:
                    entry.used = True
                    entry.family.l1_hits += 1
                    return entry.value if entry.shared else codec.decode(entry.data)  # type: ignore[no-any-return]
        terms = (ttl, stale, stale_if_error, negative_ttl)
        wanted = self.wanted(name, key, terms, tags, vary, per_clearance=per_clearance, owner=get_ident())
        entry, due = self.look(wanted)
        if entry is None:
            look = self._look_in_redis(wanted)
            found = look.found if look is not None else None
            if found is None:
                found = carry_out(self._finder.find(wanted, look), loader)
            entry, due = found.entry, found.due
        if due:
            self._refresh(wanted, loader)
        return entry.give()  # type: ignore[no-any-return]  # what the loader gave, or an equal one

    def get(
        self, name: str, key: CacheKey, default: Any = None, *, vary: Sequence[str] = (), per_clearance: bool = False
    ) -> Any:
        """The value if there is one that is good, else `default`. Costs a round trip when it is not in this process."""
        if self._access is not None:
            self._access.checked()
        wanted = self.wanted(name, key, (None, None, None, None), (), vary, per_clearance=per_clearance, owner=None)
        entry, _ = self.look(wanted, fresh=True)
        if entry is None:
            entry = self._from_redis(wanted)
        if entry is None:
            wanted.family.misses += 1
            return default
        return default if entry.nothing else entry.give()

    def put(
        self,
        name: str,
        key: CacheKey,
        value: object,
        *,
        ttl: float | None = None,
        tags: Sequence[str] = (),
        vary: Sequence[str] = (),
        per_clearance: bool = False,
    ) -> None:
        """Put a value in the place of what is there; what is being loaded for it is not kept. Two round trips.

        When Redis is away nothing is kept, and what it holds does not count any more. Raises `NotCacheable`,
        `TooLargeToCache`.
        """
        wanted = self._of_own(name, key, (ttl, None, None, None), tags, vary, per_clearance=per_clearance)
        encoded = codec.encode(value)
        most = self._levels.settings.cache_value_bytes
        if len(encoded.data) > most:
            raise TooLargeToCache(len(encoded.data), int(most))
        levels, token = self._levels, wanted.place.token
        self._drop([token])
        mark, terms = self._memory.mark(), levels.jittered(wanted.terms)
        lease = None
        if levels.remote is not None:
            try:
                lease = levels.remote.take(wanted.place, over=True)
                contents = Contents(encoded.data, encoded.shared, False, terms)
                if lease is None or not levels.remote.store(wanted.place, lease, contents):
                    return  # somebody else's came later, or an invalidation
            except Away:
                levels.forget(values=[token])
                return
        entry = levels.entry(wanted.place, wanted.family, encoded, terms, nothing=False, lease=lease)
        self._memory.put(wanted.at, entry, mark)

    def delete(self, name: str, key: CacheKey) -> None:
        """Take a value away, in every process, in all its variants. One round trip; never fails for Redis."""
        wanted = self._of_own(name, key, (None, None, None, None), (), ())
        self._levels.forget(values=[wanted.place.token], tags=[self._levels.tokens.variants(wanted.at)])

    def invalidate(self, *tags: str) -> None:
        """Call back every value that has one of these tags, in every process. Call it after the commit of the change.

        What is being loaded now is not kept. When this returns, no call in this process gets an older value, and in
        others none that begins after they were told, which takes about as long as a message. One round trip; never
        fails for Redis: what it could not be told it is told before anything in it is trusted again.
        """
        self._check_access()
        tokens = self._levels.tokens
        self._levels.forget(tags=[tokens.tag(self._realm, tag) for tag in check_tags(tags)])

    def clear(self, name: str) -> None:
        """Call back every value of a family, in every process. One round trip."""
        self._check_access()
        at = address(self._realm, name, "", ())
        self._levels.forget(tags=[self._levels.tokens.family(at.realm, at.name)])

    def clear_all(self) -> None:
        """Call back every value of this tenant; of `store.cache`, of everybody's. One round trip."""
        self._check_access()
        self._levels.forget(tags=[self._levels.tokens.realm(self._realm)])

    def warm(
        self,
        name: str,
        loaders: Mapping[Any, Callable[[], object]],
        *,
        ttl: float | None = None,
        tags: Sequence[str] = (),
    ) -> int:
        """Load what is not there yet, one after the other: how many keys there are now. Raises what a loader raises."""
        for key, loader in loaders.items():
            self.get_or_load(name, key, loader, ttl=ttl, tags=tags)
        return len(loaders)

    # for this and the async face

    def wanted(
        self,
        name: str,
        key: CacheKey,
        terms: tuple[float | None, float | None, float | None, float | None],
        tags: Sequence[str],
        vary: Sequence[str],
        *,
        per_clearance: bool,
        owner: object,
    ) -> Wanted:
        """What a caller asks for, checked. Raises `InvalidInput`."""
        self._levels.use()
        is_same = None
        if per_clearance:
            access, levels = self._access, frozenset[str]()
            if access is not None:
                scope = access.scope
                levels, is_same = scope.levels, lambda: access.scope is scope
            vary = (*vary, "levels", *sorted(levels))
        at = address(self._realm, name, key, vary)
        tokens = self._levels.tokens
        place = Place(self._realm, tokens.value(at), tokens.tags(at, tags))
        good, negative = self._terms(*terms)
        return Wanted(at, place, self._levels.family(name), good, negative, owner, is_same)

    def look(self, wanted: Wanted, *, fresh: bool = False) -> tuple[Entry | None, bool]:
        """What this process holds, if it may be given; and whether this caller is to have it loaded anew."""
        entry = self._memory.find(wanted.at)
        now = monotonic()
        if entry is None or now >= (entry.until if fresh else entry.stale):
            return None, False
        entry.used = True
        wanted.family.l1_hits += 1
        wanted.family.stale += now >= entry.until
        if now < entry.due or now < entry.again:
            return entry, False
        entry.again = now + AGAIN_SECONDS
        entry.due = min(entry.until, entry.again)
        return entry, True

    @property
    def access(self) -> Access | None:
        """Who asks; None for what is everybody's."""
        return self._access

    @property
    def finder(self) -> Finder:
        """What finds values."""
        return self._finder

    def _terms(
        self, ttl: float | None, stale: float | None, error: float | None, negative: float | None
    ) -> tuple[Terms, Terms]:
        settings = self._levels.settings
        given = (
            _seconds("ttl", ttl, settings.cache_ttl_seconds),
            _seconds("stale", stale, settings.cache_stale_seconds, zero=True),
            _seconds("stale_if_error", error, settings.cache_error_seconds, zero=True),
        )
        longest = settings.cache_longest_seconds
        good = min(given[0], longest)
        terms = Terms(good, min(given[1], longest - good), min(given[2], longest - good))
        return terms, Terms(min(_seconds("negative_ttl", negative, settings.cache_negative_seconds), longest), 0.0, 0.0)

    def _look_in_redis(self, wanted: Wanted) -> Look | None:
        """A first look, before anybody is waited for. None without a Redis."""
        if self._levels.remote is None:
            return None
        try:
            return self._finder.look_in_redis(wanted)
        except Away:
            return Look(self._memory.mark(), b"", None, away=True)

    def _from_redis(self, wanted: Wanted) -> Entry | None:
        levels = self._levels
        if levels.remote is None:
            return None
        mark = self._memory.mark()
        try:
            parcel = levels.remote.read(wanted.place).parcel
        except Away:
            levels.away += 1
            return None
        if parcel is None:
            return None
        entry = levels.keep_parcel(wanted.at, wanted.place.token, wanted.family, parcel, mark)
        if monotonic() >= entry.until:
            return None
        wanted.family.l2_hits += 1
        return entry

    def _of_own(self, *given: Any, per_clearance: bool = False) -> Wanted:
        self._check_access()
        return self.wanted(*given, per_clearance=per_clearance, owner=None)

    def _check_access(self) -> None:
        if self._access is not None:
            self._access.checked()

    def _drop(self, tokens: list[bytes]) -> None:
        self._memory.drop(tokens)
        self._levels.flights.drop(tokens)

    def _refresh(self, wanted: Wanted, loader: Callable[[], object]) -> None:
        """In a thread of its own, unless there are too many already."""
        if not self._levels.refreshing.acquire(blocking=False):
            return
        thread = Thread(target=copy_context().run, args=(self._run_refresh, wanted, loader), daemon=True)
        self._levels.refreshers.add(thread)
        thread.start()

    def _run_refresh(self, wanted: Wanted, loader: Callable[[], object]) -> None:
        try:
            carry_out(self._finder.refresh(wanted), loader)
        except Exception as error:  # noqa: BLE001  # nobody is there to hear it
            log.warning("cache.refresh_failed", name=wanted.at.name, error=type(error).__name__)
        finally:
            self._levels.refreshing.release()


class StoreCache(Cache):
    """`store.cache`: what is the same for everybody."""

    def stats(self) -> CacheStats:
        """What this process has found, missed and loaded, name by name, tenants together; and how Redis is."""
        levels, remote = self._levels, self._levels.remote
        redis = None
        if remote is not None:
            redis = RedisStats(
                breaker=remote.breaker.state,
                counts=remote.breaker.counts,
                linked=levels.is_linked,
                in_use=remote.in_use,
                pool=int(levels.settings.cache_pool),
                untold=len(remote.pending),
                away=levels.away,
            )
        names = {
            name: FamilyStats(**{field: getattr(family, field) for field in family.__slots__})
            for name, family in list(levels.families.items())
        }
        return CacheStats(names=names, entries=len(self._memory.entries), bytes=self._memory.size, redis=redis)


def _seconds(name: str, given: float | None, default: float, *, zero: bool = False) -> float:
    value = default if given is None else given
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (value > 0 or (zero and value == 0)):
        raise InvalidInput(f"cache: {name}: {value!r} is not a positive number of seconds", field=name)
    return float(value)
