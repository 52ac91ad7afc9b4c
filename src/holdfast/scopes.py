"""Scopes: who asks, and the rooms that they may enter. The one place that puts rooms together."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from holdfast.core.access import Access
from holdfast.core.cache import Cache
from holdfast.core.database import Query, Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.schema import scoped_tables
from holdfast.core.database.types import Id
from holdfast.core.inputs import check_text
from holdfast.core.rooms import Room
from holdfast.core.scope import NIL, OPERATOR, Scope
from holdfast.core.settings import Settings
from holdfast.domains.audit import Audit
from holdfast.domains.identity.authentication import check_standing
from holdfast.domains.identity.errors import TenantNotFound, UserNotFound
from holdfast.domains.identity.models import Tenant
from holdfast.domains.identity.queries import (
    member_standing,
    tenant_by_slug,
)

if TYPE_CHECKING:
    from holdfast.core.crypto.keys import Keys
    from holdfast.core.jobs import Jobs
    from holdfast.domains.configurations import Configurations
    from holdfast.domains.connections import Connections
    from holdfast.domains.conversations import Conversations
    from holdfast.domains.identity import Identity
    from holdfast.domains.interop import Interop
    from holdfast.domains.knowledge import Knowledge
    from holdfast.domains.memory import Memory
    from holdfast.domains.metering import Metering
    from holdfast.domains.records import Records
    from holdfast.domains.runs import Runs


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


def access_to(engine: Engine, look_up: Callable[[], Scope], settings: Settings) -> Access:
    """What `look_up` finds now, and again when it may have changed."""
    return Access(look_up(), engine.access, look_up, seconds=settings.access_seconds)


def find_tenant(engine: Engine, slug: str) -> Tenant:
    """A tenant by its slug. Raises `TenantNotFound`."""
    asked = {"slug": check_text(slug, field="tenant", most_bytes=1_000)}
    tenant = engine.read(OPERATOR, "all", lambda tx: tx.first(tenant_by_slug, asked))
    if tenant is None:
        raise TenantNotFound(slug)
    return tenant
