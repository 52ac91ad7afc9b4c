"""What callers get from identity."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from holdfast.core.scope import Role


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A customer: the wall that nothing crosses. `slug` is its name in URLs."""

    id: UUID
    slug: str
    name: str
    settings: dict[str, object] = field(hash=False)
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class User:
    """A person, known by e-mail address; what they may do, and what they are called, is in their memberships."""

    id: UUID
    email: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Member:
    """A user within one tenant."""

    user_id: UUID
    email: str
    name: str | None
    role: Role
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A part of a tenant: a client of an agency, a team. Its name is unique within the tenant."""

    id: UUID
    name: str
    created_at: datetime
