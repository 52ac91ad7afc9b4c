"""A store for asyncio programs: the same names as `store`, awaited."""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from uuid import UUID

from holdfast import opening
from holdfast.asynchronous import (
    AsyncAudit,
    AsyncConfigurations,
    AsyncConnections,
    AsyncConversations,
    AsyncIdentity,
    AsyncInterop,
    AsyncJobs,
    AsyncKeys,
    AsyncKnowledge,
    AsyncMemory,
    AsyncRecords,
    AsyncRuns,
)
from holdfast.core.cache import AsyncCache, AsyncStoreCache
from holdfast.core.clock import now
from holdfast.core.crypto.ring import KeyRing
from holdfast.core.hop import Hop
from holdfast.core.jobs import Worker
from holdfast.core.outside import OutsideReport
from holdfast.core.scope import Scope
from holdfast.core.settings import Settings, from_environment
from holdfast.domains.identity import TenantProfile
from holdfast.domains.identity.cleaning import Cleaned
from holdfast.holding_async import AsyncHoldingMetering
from holdfast.scopes import SystemScope, TenantScope, UserScope
from holdfast.store import Store


class AsyncUserScope:
    """What one person may touch within one tenant."""

    def __init__(self, hop: Hop, scope: UserScope) -> None:
        self._scope = scope
        self.identity = AsyncIdentity(hop, scope.identity)
        self.conversations = AsyncConversations(hop, scope.conversations)
        self.memory = AsyncMemory(hop, scope.memory)
        self.connections = AsyncConnections(hop, scope.connections)
        self.knowledge = AsyncKnowledge(hop, scope.knowledge)
        self.configurations = AsyncConfigurations(hop, scope.configurations)
        self.interop = AsyncInterop(hop, scope.interop)
        self.records = AsyncRecords(hop, scope.records)
        self.metering = AsyncHoldingMetering(hop, scope.metering)
        self.audit = AsyncAudit(hop, scope.audit)
        self.runs = AsyncRuns(hop, scope.runs)
        self.jobs = AsyncJobs(hop, scope.jobs)
        self.cache = AsyncCache(hop, scope.cache)

    @property
    def scope(self) -> Scope:
        """Who is asking, within which tenant."""
        return self._scope.scope


class AsyncSystemScope:
    """The operator, or a platform user."""

    def __init__(self, hop: Hop, scope: SystemScope) -> None:
        self.identity = AsyncIdentity(hop, scope.identity)
        self.keys = AsyncKeys(hop, scope.keys)
        self.connections = AsyncConnections(hop, scope.connections)
        self.metering = AsyncHoldingMetering(hop, scope.metering)
        self.audit = AsyncAudit(hop, scope.audit)
        self.jobs = AsyncJobs(hop, scope.jobs)
        self._hop = hop
        self._scope = scope

    @property
    def scope(self) -> Scope:
        """Who is asking."""
        return self._scope.scope

    async def audit_of(self, tenant: str | UUID) -> AsyncAudit:
        """The trail of a tenant, by its slug; by its id also of one that was deleted. Raises `TenantNotFound`."""
        return AsyncAudit(self._hop, await self._hop(self._scope.audit_of, tenant))


class AsyncTenantScope:
    """One tenant, before it is known who asks."""

    def __init__(self, hop: Hop, scope: TenantScope) -> None:
        self.tenant = scope.tenant
        self._hop = hop
        self._scope = scope

    async def user(self, email: str, *, request_id: str | None = None) -> AsyncUserScope:
        """The scope of a member, found by e-mail address. `request_id` goes on all that it leaves in the trail.

        Raises `UserNotFound`, `TenantSuspended`, `MembershipSuspended`.
        """
        return AsyncUserScope(self._hop, await self._hop(self._scope.user, email, request_id=request_id))


class AsyncStore:
    """An open store; close it, or use it in an `async with` statement."""

    def __init__(self, hop: Hop, store: Store) -> None:
        self.cache = AsyncStoreCache(hop, store.cache)
        self._hop = hop
        self._store = store

    @property
    def url(self) -> str:
        """Where it is, without any password."""
        return self._store.url

    def system(self) -> AsyncSystemScope:
        """The operator's scope."""
        return AsyncSystemScope(self._hop, self._store.system())

    async def tenant(self, slug: str) -> AsyncTenantScope:
        """A tenant by its slug. Raises `TenantNotFound`."""
        return AsyncTenantScope(self._hop, await self._hop(self._store.tenant, slug))

    async def profile(self, slug: str) -> TenantProfile:
        """What a tenant shows before anybody has logged in, and nothing else. Raises `TenantNotFound`."""
        return await self._hop(self._store.profile, slug)

    async def platform(self, email: str) -> AsyncSystemScope:
        """The scope of somebody with a platform role. Raises `UserNotFound`."""
        return AsyncSystemScope(self._hop, await self._hop(self._store.platform, email))

    async def authenticate(
        self,
        secret: str,
        *,
        request_id: str | None = None,
        address: str | None = None,
        agent: str | None = None,
        face: str = "library",
    ) -> AsyncUserScope | AsyncSystemScope:
        """The scope of whoever shows an API key or a session token; a platform user's is an `AsyncSystemScope`.

        Raises `NotAuthenticated`, `TenantSuspended`, `MembershipSuspended`.
        """
        scope = await self._hop(
            self._store.authenticate, secret, request_id=request_id, address=address, agent=agent, face=face
        )
        if isinstance(scope, SystemScope):
            return AsyncSystemScope(self._hop, scope)
        return AsyncUserScope(self._hop, scope)

    def worker(self, *, threads: int | None = None, clock: Callable[[], datetime] = now) -> Worker:
        """A worker for this store's jobs, as `Store.worker` gives it: it works in threads of its own."""
        return self._store.worker(threads=threads, clock=clock)

    async def clean(self) -> Cleaned:
        """Delete what ended long ago, as `Store.clean` does."""
        return await self._hop(self._store.clean)

    async def clear_outside(self) -> OutsideReport:
        """See `Store.clear_outside`."""
        return await self._hop(self._store.clear_outside)

    async def close(self) -> None:
        """Wait for what is running, close every connection, end the worker threads."""
        await self._hop(self._store.close)
        self._hop.close()

    async def __aenter__(self) -> "AsyncStore":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


async def create_async(
    url: str,
    key: str | bytes | None = None,
    *,
    keys: KeyRing | str | None = None,
    cache: str | None = None,
    settings: Settings | None = None,
) -> AsyncStore:
    """`create`, for asyncio programs."""
    return await _store(opening.create, url, key, keys, cache, settings)


async def open_async(
    url: str,
    key: str | bytes | None = None,
    *,
    keys: KeyRing | str | None = None,
    cache: str | None = None,
    settings: Settings | None = None,
) -> AsyncStore:
    """`open`, for asyncio programs."""
    return await _store(opening.open, url, key, keys, cache, settings)


async def _store(
    make: Callable[..., Store],
    url: str,
    key: str | bytes | None,
    keys: KeyRing | str | None,
    cache: str | None,
    settings: Settings | None,
) -> AsyncStore:
    chosen = settings or from_environment()
    hop = Hop(chosen.pool)
    try:
        return AsyncStore(hop, await hop(make, url, key, keys=keys, cache=cache, settings=chosen))
    except BaseException:
        hop.close()
        raise
