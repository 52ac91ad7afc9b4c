"""The cache for asyncio programs: the same names, awaited; `stats` and a hit in this process take no hop to a thread.

A loader may be a plain function, which runs in a worker thread, or a coroutine function, which is awaited on the event
loop of its caller. No thread waits for another caller's loading or for a loader, so that loaders that ask the store
themselves, or the cache again, always find one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

from holdfast.core.cache.cache import AGAIN_SECONDS, Cache, StoreCache
from holdfast.core.cache.keys import CacheKey
from holdfast.core.cache.loading import Wanted
from holdfast.core.cache.statistics import CacheStats
from holdfast.core.cache.steps import AsyncLoader, carry_out_async
from holdfast.core.hop import Hop
from holdfast.core.telemetry import log

T = TypeVar("T")


class AsyncCache:
    """`Cache`, awaited."""

    def __init__(self, hop: Hop, cache: Cache) -> None:
        self._hop = hop
        self._cache = cache
        self._refreshing: set[asyncio.Task[None]] = set()

    @overload
    async def get_or_load(
        self,
        name: str,
        key: CacheKey,
        loader: Callable[[], Awaitable[T]],
        *,
        ttl: float | None = None,
        tags: Sequence[str] = (),
        stale: float | None = None,
        stale_if_error: float | None = None,
        negative_ttl: float | None = None,
        vary: Sequence[str] = (),
        per_clearance: bool = False,
    ) -> T: ...

    @overload
    async def get_or_load(
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
    ) -> T: ...

    async def get_or_load(
        self,
        name: str,
        key: CacheKey,
        loader: AsyncLoader,
        *,
        ttl: float | None = None,
        tags: Sequence[str] = (),
        stale: float | None = None,
        stale_if_error: float | None = None,
        negative_ttl: float | None = None,
        vary: Sequence[str] = (),
        per_clearance: bool = False,
    ) -> Any:
        """`Cache.get_or_load`. `loader` may be a plain function or a coroutine function."""
        await self._check_access()
        terms = (ttl, stale, stale_if_error, negative_ttl)
        owner = asyncio.current_task()
        wanted = self._cache.wanted(name, key, terms, tags, vary, per_clearance=per_clearance, owner=owner)
        entry, due = self._cache.look(wanted)
        if entry is None:
            found = await carry_out_async(self._cache.finder.find(wanted), loader, self._hop)
            entry, due = found.entry, found.due
        if due:
            task = asyncio.create_task(self._refresh(wanted, loader))
            self._refreshing.add(task)
            task.add_done_callback(self._refreshing.discard)
        return entry.give()

    async def _refresh(self, wanted: Wanted, loader: AsyncLoader) -> None:
        try:
            await carry_out_async(self._cache.finder.refresh(wanted), loader, self._hop)
        except Exception as error:  # noqa: BLE001  # nobody is there to hear it
            log.warning("cache.refresh_failed", name=wanted.at.name, error=type(error).__name__, again=AGAIN_SECONDS)

    async def get(
        self, name: str, key: CacheKey, default: Any = None, *, vary: Sequence[str] = (), per_clearance: bool = False
    ) -> Any:
        """`Cache.get`."""
        return await self._hop(self._cache.get, name, key, default, vary=vary, per_clearance=per_clearance)

    async def put(
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
        """`Cache.put`."""
        put = self._cache.put
        await self._hop(put, name, key, value, ttl=ttl, tags=tags, vary=vary, per_clearance=per_clearance)

    async def delete(self, name: str, key: CacheKey) -> None:
        """`Cache.delete`."""
        await self._hop(self._cache.delete, name, key)

    async def invalidate(self, *tags: str) -> None:
        """`Cache.invalidate`."""
        await self._hop(self._cache.invalidate, *tags)

    async def clear(self, name: str) -> None:
        """`Cache.clear`."""
        await self._hop(self._cache.clear, name)

    async def clear_all(self) -> None:
        """`Cache.clear_all`."""
        await self._hop(self._cache.clear_all)

    async def warm(
        self,
        name: str,
        loaders: Mapping[Any, Callable[[], Any]],
        *,
        ttl: float | None = None,
        tags: Sequence[str] = (),
    ) -> int:
        """`Cache.warm`; loaders as in `get_or_load`."""
        for key, loader in loaders.items():
            await self.get_or_load(name, key, loader, ttl=ttl, tags=tags)
        return len(loaders)

    async def _check_access(self) -> None:
        """In place, unless it has to be looked up."""
        access = self._cache.access
        if access is not None:
            if access.is_known:
                access.checked()
            else:
                await self._hop(access.checked)


class AsyncStoreCache(AsyncCache):
    """`StoreCache`, awaited."""

    def __init__(self, hop: Hop, cache: StoreCache) -> None:
        super().__init__(hop, cache)
        self._store_cache = cache

    async def stats(self) -> CacheStats:
        """`StoreCache.stats`."""
        return self._store_cache.stats()
