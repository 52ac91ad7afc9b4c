"""A store that is open: asked through scopes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING
from uuid import UUID
from weakref import WeakSet

from holdfast.core.access import Access
from holdfast.core.cache import StoreCache
from holdfast.core.clock import now
from holdfast.core.database.engine import Engine
from holdfast.core.inputs import check_text
from holdfast.core.scope import NIL, OPERATOR, Scope
from holdfast.core.settings import Settings
from holdfast.domains.audit.sealing import Sealer
from holdfast.domains.identity.authentication import PLATFORM_SCOPES, authenticate, check_standing
from holdfast.domains.identity.errors import UserNotFound
from holdfast.domains.identity.models import TenantProfile
from holdfast.domains.identity.profiles import published
from holdfast.domains.identity.queries import (
    every_tenant,
    member_standing_by_id,
    user_by_email,
)

if TYPE_CHECKING:
    from holdfast.core.jobs import Worker
    from holdfast.core.jobs.models import Claimed
    from holdfast.core.outside import OutsideReport
    from holdfast.domains.identity.cleaning import Cleaned
from holdfast.scopes import SystemScope, TenantScope, UserScope, access_to, find_tenant


class Store:
    """An open store. Safe to use from any number of threads; close it, or use it in a `with` statement."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.cache = StoreCache(engine.levels)
        """The application's own values that are the same for everybody."""
        self._workers: WeakSet[Worker] = WeakSet()
        self._sealer = Sealer(engine, settings, partial(_trails, engine))

    @property
    def url(self) -> str:
        """Where it is, without any password."""
        return self.engine.url

    def system(self) -> SystemScope:
        """The operator's scope."""
        return SystemScope(self.engine, self.settings)

    def tenant(self, slug: str) -> TenantScope:
        """A tenant by its slug. Raises `TenantNotFound`."""
        return TenantScope(self.engine, find_tenant(self.engine, slug), self.settings)

    def profile(self, slug: str) -> TenantProfile:
        """What a tenant shows before anybody has logged in, and nothing else. Raises `TenantNotFound`.

        Cached: without a Redis, what another process has changed shows after `cache_alone_seconds`.
        """
        wanted = check_text(slug, field="tenant", most_bytes=1_000)
        return published(self.engine, wanted)

    def platform(self, email: str, *, request_id: str | None = None) -> SystemScope:
        """The scope of somebody with a platform role. Raises `UserNotFound`."""
        asked = {"email": check_text(email, field="email", most_bytes=10_000).strip().lower()}

        def look_up() -> Scope:
            user = self.engine.read(OPERATOR, "all", lambda tx: tx.first(user_by_email, asked))
            role = None if user is None else PLATFORM_SCOPES.get(user.platform_role)
            if user is None or role is None:
                raise UserNotFound(email)
            return Scope(role=role, actor_id=user.id, request_id=request_id)

        return SystemScope(self.engine, self.settings, access_to(self.engine, look_up, self.settings))

    def authenticate(
        self,
        secret: str,
        *,
        request_id: str | None = None,
        address: str | None = None,
        agent: str | None = None,
        face: str = "library",
    ) -> UserScope | SystemScope:
        """The scope of whoever shows an API key or a session token; a platform user's is a `SystemScope`.

        `request_id`, `address` and `face` go into the trail of what is done with it; `agent` is kept with the session.
        Raises `NotAuthenticated`, `TenantSuspended`, `MembershipSuspended`.
        """

        def look_up() -> Scope:
            return authenticate(self.engine, secret, request_id=request_id, address=address, agent=agent, face=face)

        access = access_to(self.engine, look_up, self.settings)
        if access.scope.tenant_id is None:
            return SystemScope(self.engine, self.settings, access)
        return UserScope(self.engine, access, self.settings)

    def worker(self, *, threads: int | None = None, clock: Callable[[], datetime] = now) -> "Worker":
        """A worker for this store's jobs, not started: `start` and `stop` it, or have it `run_due`. Closing the store
        stops it. `threads`: how many jobs at a time, else `Settings.job_threads`. `clock` is for tests.
        """
        from holdfast.core.jobs import Worker

        standing = partial(_standing_of, self.engine, self.settings)
        made = Worker(self.engine, self.settings, standing, threads=threads, clock=clock)
        self._workers.add(made)
        return made

    def clean(self) -> "Cleaned":
        """Delete sessions that ended a week ago, visitors who can come back no more and left nothing, answers to
        repeated requests that were kept long enough, and records that expired: how many of the former. Bounded
        transactions; a worker does it hourly.
        """
        from holdfast.domains.identity.cleaning import clean
        from holdfast.domains.records.expiring import delete_expired

        delete_expired(self.engine)
        return clean(self.engine)

    def clear_outside(self) -> "OutsideReport":
        """Remove from outside vector indexes what was deleted here, of every tenant: how many vectors, and how many are
        left there by now, with why. It is done after each deletion; this is for what could not be reached then.
        """
        from holdfast.core.vectors import clear_outside

        return clear_outside(self.engine)

    def close(self) -> None:
        """Close every connection. What was acknowledged is on disk already; what is in the trail is sealed first.
        Workers end what they are at, or give it back.
        """
        for worker in list(self._workers):
            worker.stop()
        self._sealer.close()
        self.engine.levels.close()
        self.engine.embedders.close()
        self.engine.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _standing_of(engine: Engine, settings: Settings, job: "Claimed") -> Access:
    """As whom a job's body acts: who asked for it, as they stand now; or the operator, in a tenant or in none.

    Raises `UserNotFound`, `TenantSuspended`, `MembershipSuspended`.
    """
    if job.tenant_id == NIL:
        return Access(replace(OPERATOR, request_id=job.request_id, face="job", prepared={}))
    if job.requested_by == NIL:
        scope = Scope(role="operator", tenant_id=job.tenant_id, request_id=job.request_id, face="job")
        return Access(scope)
    asked = {"in_tenant": job.tenant_id, "of_user": job.requested_by}

    def look_up() -> Scope:
        found = engine.read(OPERATOR, "all", lambda tx: tx.first(member_standing_by_id, asked))
        if found is None:
            raise UserNotFound(str(job.requested_by))
        check_standing(found.tenant_status, found.status)
        return Scope(
            role=found.role,
            tenant_id=job.tenant_id,
            actor_id=found.user_id,
            request_id=job.request_id,
            face="job",
            levels=frozenset(found.clearance),
        )

    return access_to(engine, look_up, settings)


def _trails(engine: Engine) -> list[UUID]:
    """Whose trails there are: every tenant's, and the store's own."""
    return [NIL, *(tenant.id for tenant in engine.read(OPERATOR, "all", lambda tx: tx.all(every_tenant)))]
