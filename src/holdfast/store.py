"""A store: opened by URL, asked through scopes."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakSet

from sqlalchemy import bindparam, func, select

from holdfast.core.access import Access
from holdfast.core.cache import Cache, StoreCache
from holdfast.core.cache.levels import check_cache
from holdfast.core.clock import now
from holdfast.core.crypto.derived import DerivedRing
from holdfast.core.crypto.ring import KeyRing
from holdfast.core.crypto.rings import find_ring
from holdfast.core.database import Query, Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.errors import (
    NotAStore,
    SchemaTooNew,
    SchemaTooOld,
    StoreExists,
)
from holdfast.core.database.opening import encrypted_file, engine_for_existing, engine_for_new
from holdfast.core.database.rekeying import opens_with, rekey_file
from holdfast.core.database.schema import scoped_tables
from holdfast.core.database.sqlite_file import derive_key
from holdfast.core.database.types import Id
from holdfast.core.inputs import check_text
from holdfast.core.rooms import Room
from holdfast.core.scope import NIL, OPERATOR, Scope
from holdfast.core.settings import Settings, from_environment
from holdfast.domains.audit import Audit
from holdfast.domains.audit.errors import TrailNotSettled
from holdfast.domains.audit.sealing import Sealer, anchor
from holdfast.domains.identity.authentication import PLATFORM_SCOPES, authenticate, check_standing
from holdfast.domains.identity.errors import TenantNotFound, UserNotFound
from holdfast.domains.identity.models import Tenant, TenantProfile
from holdfast.domains.identity.profiles import published
from holdfast.domains.identity.queries import (
    every_tenant,
    member_standing,
    member_standing_by_id,
    tenant_by_slug,
    user_by_email,
)
from holdfast.migrations import NEWEST, REVISIONS, upgrade

if TYPE_CHECKING:
    from holdfast.core.crypto.keys import Keys
    from holdfast.core.jobs import Jobs, Worker
    from holdfast.core.jobs.models import Claimed
    from holdfast.core.outside import OutsideReport
    from holdfast.domains.configurations import Configurations
    from holdfast.domains.connections import Connections
    from holdfast.domains.conversations import Conversations
    from holdfast.domains.identity import Identity
    from holdfast.domains.identity.cleaning import Cleaned
    from holdfast.domains.interop import Interop
    from holdfast.domains.knowledge import Knowledge
    from holdfast.domains.memory import Memory
    from holdfast.domains.metering import Metering
    from holdfast.domains.records import Records
    from holdfast.domains.runs import Runs

SETTLING_SECONDS = 10.0
"""How long a store that gets its first key ring waits for transactions that are under way."""


class UserScope:
    """What one person may touch within one tenant. A room is imported when it is first asked for."""

    identity: "Room[Identity]" = Room("holdfast.domains.identity")
    conversations: "Room[Conversations]" = Room("holdfast.domains.conversations")
    memory: "Room[Memory]" = Room("holdfast.domains.memory")
    connections: "Room[Connections]" = Room("holdfast.domains.connections")
    knowledge: "Room[Knowledge]" = Room("holdfast.domains.knowledge")
    configurations: "Room[Configurations]" = Room("holdfast.domains.configurations")
    interop: "Room[Interop]" = Room("holdfast.domains.interop")
    records: "Room[Records]" = Room("holdfast.domains.records")
    metering: "Room[Metering]" = Room("holdfast.domains.metering")
    audit: "Room[Audit]" = Room("holdfast.domains.audit")
    runs: "Room[Runs]" = Room("holdfast.domains.runs")
    jobs: "Room[Jobs]" = Room("holdfast.core.jobs")

    def __init__(self, engine: Engine, access: Access, settings: Settings) -> None:
        self.engine = engine
        self.access = access
        self.settings = settings
        self.cache = Cache(engine.levels, realm=(access.scope.tenant_id or NIL).bytes, access=access)
        """The application's own values, confined to this tenant."""

    @property
    def scope(self) -> Scope:
        """Who is asking, within which tenant."""
        return self.access.scope


class SystemScope:
    """The operator (whoever holds the store) or a platform user. Makes tenants and users; reads no conversation here.

    A super_admin may make an API key for anybody of a tenant, and so act as them, which the trail then says. A
    platform_admin makes no API keys and no owners, and sets no owner's password; but may give the others of a tenant
    roles and passwords. Give platform roles to those who may see what tenants keep.
    """

    identity: "Room[Identity]" = Room("holdfast.domains.identity")
    connections: "Room[Connections]" = Room("holdfast.domains.connections")
    """The queue of revocations, for every tenant."""
    metering: "Room[Metering]" = Room("holdfast.domains.metering")
    """Limits and prices of every tenant."""
    keys: "Room[Keys]" = Room("holdfast.core.crypto.keys")
    jobs: "Room[Jobs]" = Room("holdfast.core.jobs")
    """Background work of every tenant, and of the store itself."""

    def __init__(self, engine: Engine, settings: Settings, access: Access | None = None) -> None:
        self.engine = engine
        self.access = access or Access(OPERATOR)
        self.settings = settings
        self.audit = Audit(engine, Access(self._within(NIL)), settings)
        """What was done to no tenant in particular."""

    def audit_of(self, tenant: str | UUID) -> Audit:
        """The trail of a tenant, by its slug; by its id also of one that was deleted. Raises `TenantNotFound`."""
        tenant_id = tenant if isinstance(tenant, UUID) else find_tenant(self.engine, tenant).id
        return Audit(self.engine, Access(self._within(tenant_id)), self.settings)

    @property
    def scope(self) -> Scope:
        """Who is asking."""
        return self.access.scope

    def _within(self, tenant_id: UUID) -> Scope:
        return replace(self.access.scope, tenant_id=tenant_id, prepared={})

    def counts(self, tenant: str) -> dict[str, int]:
        """How many rows a tenant has in each table. Reads an index of each. Raises `TenantNotFound`."""

        def work(tx: Transaction) -> dict[str, int]:
            found = tx.first(tenant_by_slug, {"slug": tenant})
            if found is None:
                raise TenantNotFound(tenant)
            return {name: tx.all(query, {"in_tenant": found.id})[0][0] for name, query in _row_counts().items()}

        return self.engine.read(OPERATOR, "all", work)


@cache
def _row_counts() -> dict[str, Query[tuple[Any, ...]]]:
    """For each scoped table that holds more than an index, the number of a tenant's rows."""
    tenant_id = bindparam("in_tenant", type_=Id)
    return {
        table.name: Query(select(func.count()).where(table.c.tenant_id == tenant_id), operator=True)
        for table in scoped_tables()
        if not table.info.get("index")
    }


class TenantScope:
    """One tenant, before it is known who asks."""

    def __init__(self, engine: Engine, tenant: Tenant, settings: Settings) -> None:
        self.tenant = tenant
        self._engine = engine
        self._settings = settings

    def user(self, email: str, *, request_id: str | None = None) -> UserScope:
        """The scope of a member, found by e-mail address. `request_id` goes on all that it leaves in the trail.

        Raises `UserNotFound`, `TenantSuspended`, `MembershipSuspended`.
        """
        address = check_text(email, field="email", most_bytes=10_000).strip().lower()
        asked = {"in_tenant": self.tenant.id, "email": address}

        def look_up() -> Scope:
            found = self._engine.read(OPERATOR, "all", lambda tx: tx.first(member_standing, asked))
            if found is None:
                raise UserNotFound(email)
            check_standing(found.tenant_status, found.status)
            return Scope(
                role=found.role,
                tenant_id=self.tenant.id,
                actor_id=found.user_id,
                request_id=request_id,
                levels=frozenset(found.clearance),
            )

        return UserScope(self._engine, access_to(self._engine, look_up, self._settings), self._settings)


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


def access_to(engine: Engine, look_up: Callable[[], Scope], settings: Settings) -> Access:
    """What `look_up` finds now, and again when it may have changed."""
    return Access(look_up(), engine.access, look_up, seconds=settings.access_seconds)


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


def find_tenant(engine: Engine, slug: str) -> Tenant:
    """A tenant by its slug. Raises `TenantNotFound`."""
    asked = {"slug": check_text(slug, field="tenant", most_bytes=1_000)}
    tenant = engine.read(OPERATOR, "all", lambda tx: tx.first(tenant_by_slug, asked))
    if tenant is None:
        raise TenantNotFound(slug)
    return tenant


def create(
    url: str,
    key: str | bytes | None = None,
    *,
    keys: KeyRing | str | None = None,
    cache: str | None = None,
    settings: Settings | None = None,
) -> Store:
    """Make a new store at the newest schema and open it.

    `url`: `sqlite:///app.db` or `postgresql://…` (the database is there, a Holdfast schema is not). `key` encrypts
    a SQLite file: a passphrase, 64 hex digits or 32 bytes. `keys` is the key ring that protects each tenant's secrets
    (docs/how-to/keys.md); without one, that of HOLDFAST_KEYRING, else an encrypted file's own key, else none.
    `cache`: the Redis that processes share a cache through (docs/how-to/cache.md), else that of the settings.
    Raises `StoreExists`, `UnsupportedUrl`, `InvalidKey`, `InvalidKeyRing`.
    """
    chosen = _chosen(settings, cache)
    engine = engine_for_new(url, key, chosen, keys)
    try:
        if engine.revision() is not None:
            raise StoreExists(engine.url)
        upgrade(engine)
        _start(engine)
    except BaseException:
        engine.discard()
        raise
    return Store(engine, chosen)


def open(
    url: str,
    key: str | bytes | None = None,
    *,
    keys: KeyRing | str | None = None,
    cache: str | None = None,
    settings: Settings | None = None,
) -> Store:
    """Open an existing store.

    Raises `StoreMissing`, `NotADatabase`, `NotAStore`, `WrongKey`, `KeyNeeded`, `NotEncrypted`, `SchemaTooOld`,
    `SchemaTooNew`: each says what to do. Never changes the schema; `migrate` does. `keys` and `cache` as in `create`:
    a ring that is not the one the store's keys were wrapped with raises `KeyRingNeeded`, `RingKeyMissing`,
    `WrongRingKey`.
    """
    chosen = _chosen(settings, cache)
    engine = engine_for_existing(url, key, chosen, keys)
    try:
        check_schema(engine)
        _start(engine)
    except BaseException:
        engine.close()
        raise
    return Store(engine, chosen)


def migrate(
    url: str,
    key: str | bytes | None = None,
    *,
    keys: KeyRing | str | None = None,
    settings: Settings | None = None,
) -> str:
    """Bring an existing store to the newest schema, in one transaction. Returns the revision it had before.

    Also needed on PostgreSQL after a restore into another server, at whatever revision.
    """
    engine = engine_for_existing(url, key, settings or from_environment(), keys)
    try:
        found = engine.revision()
        if found is None:
            raise NotAStore(engine.url)
        if found not in REVISIONS:
            raise SchemaTooNew(engine.url, found, NEWEST)
        upgrade(engine)
        _start(engine)
        return found
    finally:
        engine.close()


def rekey(
    url: str,
    key: str | bytes,
    new_key: str | bytes,
    *,
    keys: KeyRing | str | None = None,
    settings: Settings | None = None,
) -> None:
    """Encrypt a SQLite file with another key, in place. Nobody else may have it open.

    Safe to interrupt: one of the two keys opens the file then; call it again to finish. Where the data keys are wrapped
    by the file's own key, they are wrapped for both keys before, and for the new one alone after. Needs free space of
    the file's size. Raises `StoreInUse`, `WrongKey`, `InvalidKey`.
    """
    path, old = encrypted_file(url, key)
    new, ring = derive_key(new_key, old.salt), find_ring(keys)
    if not opens_with(path, new):
        with open(url, key, keys=ring or DerivedRing(old.raw, old.salt, also=new.raw), settings=settings) as store:
            if ring is None:
                store.system().keys.rewrap()
        rekey_file(path, old, new)
    if ring is None:
        with open(url, new_key, keys=DerivedRing(new.raw, new.salt), settings=settings) as store:
            store.system().keys.rewrap()


def _chosen(settings: Settings | None, cache: str | None) -> Settings:
    """The settings to open with. Raises `InvalidInput` before anything is opened or made."""
    chosen = settings or from_environment()
    if cache is not None:
        chosen = replace(chosen, cache=cache)
    check_cache(chosen)
    return chosen


def _start(engine: Engine) -> None:
    """Have the store's own key at hand, with which the trail is keyed. Raises the named error of a wrong ring."""
    _start_vault(engine)
    engine.trail.key = engine.vault.audit_key()
    engine.levels.connect(secret=engine.trail.key, place=engine.url, breakers=engine.breakers)


def _start_vault(engine: Engine) -> None:
    """A first ring waits for transactions under way."""
    with suppress(TrailNotSettled):
        engine.vault.start(engine, _vouch_for_older_lines)
        return
    import stamina  # for the rare case: it brings tenacity and more along

    for attempt in stamina.retry_context(on=TrailNotSettled, timeout=SETTLING_SECONDS, wait_initial=0.02, wait_max=0.5):
        with attempt:
            engine.vault.start(engine, _vouch_for_older_lines)


def _vouch_for_older_lines(tx: Transaction, key: bytes) -> None:
    """A store that had no key ring before has lines without a key's code: every tenant's, and its own."""
    anchor(tx, key, [NIL, *(tenant.id for tenant in tx.all(every_tenant))])


def _trails(engine: Engine) -> list[UUID]:
    """Whose trails there are: every tenant's, and the store's own."""
    return [NIL, *(tenant.id for tenant in engine.read(OPERATOR, "all", lambda tx: tx.all(every_tenant)))]


def check_schema(engine: Engine) -> None:
    """Raise the named error unless the store has the schema this version knows."""
    found = engine.revision()
    if found is None:
        raise NotAStore(engine.url)
    if found not in REVISIONS:
        raise SchemaTooNew(engine.url, found, NEWEST)
    if found != NEWEST:
        raise SchemaTooOld(engine.url, found, NEWEST)
