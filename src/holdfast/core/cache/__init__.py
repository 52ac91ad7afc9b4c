"""The two-level cache: what was loaded is kept in this process and in Redis, and is never older than an invalidation.

Written here because every cache that was measured stored what was loaded before an invalidation after it, and left
first levels disagreeing after simultaneous writes. `loading.py` and `scripts.py` say why this one does not.
"""

from holdfast.core.cache.cache import Cache, StoreCache
from holdfast.core.cache.cache_async import AsyncCache, AsyncStoreCache
from holdfast.core.cache.codec import cacheable
from holdfast.core.cache.levels import Levels
from holdfast.core.cache.loading import NOTHING
from holdfast.core.cache.statistics import CacheStats, FamilyStats, RedisStats

__all__ = [
    "NOTHING",
    "AsyncCache",
    "AsyncStoreCache",
    "Cache",
    "CacheStats",
    "FamilyStats",
    "Levels",
    "RedisStats",
    "StoreCache",
    "cacheable",
]
