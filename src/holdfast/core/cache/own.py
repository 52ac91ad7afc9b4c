"""What Holdfast itself caches, apart from what the application does: in realms of its own.

Without a Redis nothing is heard of other processes, so what Holdfast caches then lasts only `cache_alone_seconds`: the
same second after which a scope is looked up again (core/access.py). What decides whether somebody gets in is not cached
at all.
"""

from uuid import UUID

from holdfast.core.cache.cache import Cache
from holdfast.core.cache.keys import EVERYBODY
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import Transaction

_OWN = b"holdfast"


def own_cache(engine: Engine, tenant_id: UUID | None = None) -> Cache:
    """Holdfast's own values about a tenant, or about no tenant in particular."""
    return Cache(engine.levels, realm=_OWN + (EVERYBODY if tenant_id is None else tenant_id.bytes))


def own_ttl(engine: Engine) -> float:
    """How long they are good, in seconds."""
    settings = engine.levels.settings
    return settings.cache_alone_seconds if engine.levels.remote is None else settings.cache_ttl_seconds


def call_back(tx: Transaction, engine: Engine, *tags: str, tenant_id: UUID | None = None) -> None:
    """Within a transaction that changes what was cached: invalidate these tags once it is committed."""
    tx.after_commit(lambda: own_cache(engine, tenant_id).invalidate(*tags))


def call_back_tenant(tx: Transaction, engine: Engine, tenant_id: UUID) -> None:
    """The same for all there is of a tenant, the application's values included."""

    def call() -> None:
        own_cache(engine, tenant_id).clear_all()
        Cache(engine.levels, realm=tenant_id.bytes).clear_all()

    tx.after_commit(call)
