"""What callers get from identity."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from holdfast.core.cache import cacheable
from holdfast.core.scope import Role

Status = Literal["active", "suspended"]
PlatformRole = Literal["user", "admin", "super_admin"]
WorkspaceRole = Literal["editor", "viewer"]


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A customer: the wall that nothing crosses. `slug` is its name in URLs. Suspended, it refuses everybody."""

    id: UUID
    slug: str
    name: str
    settings: dict[str, object] = field(hash=False)
    created_at: datetime
    status: Status = "active"


@dataclass(frozen=True, kw_only=True)
class DeletedTenant:
    """What became of a tenant that was deleted for good: how many rows of each table there were.

    `backups_too`: no older copy of the database shows its secrets any more. `id` finds its trail.
    """

    id: UUID
    slug: str
    rows: dict[str, int] = field(hash=False)
    backups_too: bool


@cacheable
@dataclass(frozen=True, kw_only=True)
class TenantProfile:
    """What a tenant shows before anybody has logged in: how it looks, and where its visitors are sent."""

    slug: str
    name: str
    branding: dict[str, object] = field(default_factory=dict, hash=False)
    settings: dict[str, object] = field(default_factory=dict, hash=False)
    routing: dict[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class User:
    """A person, known by e-mail address; what they may do, and what they are called, is in their memberships.

    `platform_role`: what they may do outside any tenant.
    """

    id: UUID
    email: str
    created_at: datetime
    platform_role: PlatformRole = "user"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A user within one tenant. Suspended, they are refused there, and nowhere else.

    `clearance`: the levels of documents that they may read, as one text (`CD`); empty for none.
    """

    user_id: UUID
    email: str
    name: str | None
    role: Role
    created_at: datetime
    status: Status = "active"
    clearance: str = ""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A part of a tenant: a client of an agency, a team. Its name is unique within the tenant."""

    id: UUID
    name: str
    created_at: datetime
    archived_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Somebody who works in a workspace: an editor writes, a viewer reads."""

    workspace_id: UUID
    user_id: UUID
    email: str
    role: WorkspaceRole
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Preference:
    """What somebody likes, under a name."""

    name: str
    value: object
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Session:
    """Somebody logged in, or a visitor. It ends when unused until `expires_at`, and in any case at `ends_at`.

    `token` is there once, when it is made: only its digest is kept.
    """

    id: UUID
    tenant_id: UUID | None
    user_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ends_at: datetime
    address: str | None = None
    agent: str | None = None
    revoked_at: datetime | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """A login under way at a provider: where the browser is sent, and what it must bring back."""

    url: str
    state: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A program's credential: acts as its user, narrowed to `scopes` (None: to nothing).

    `secret` is there once, when it is made: only its digest is kept. `hint` is how it begins, to tell keys apart.
    """

    id: UUID
    tenant_id: UUID | None
    user_id: UUID
    name: str | None
    scopes: list[str] | None = field(hash=False)
    hint: str
    created_at: datetime
    created_by: UUID | None
    expires_at: datetime | None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    secret: str | None = field(default=None, repr=False)
