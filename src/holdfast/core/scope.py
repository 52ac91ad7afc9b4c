"""Scope: who is asking, within which tenant. Every statement and every check is confined by one."""

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

Role = Literal["owner", "admin", "member", "auditor", "operator"]
"""A tenant's roles, and `operator`: whoever holds the store itself, outside any tenant."""

TENANT_ROLES: tuple[Role, ...] = ("owner", "admin", "member", "auditor")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The confines of a call. `tenant_id` and `actor_id` are None only for the operator."""

    role: Role
    tenant_id: UUID | None = None
    actor_id: UUID | None = None
    prepared: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What an engine has made of this scope (parameters, statements), kept so that no call makes it again."""

    @property
    def is_operator(self) -> bool:
        """Whether this is the operator, to whom no tenant applies."""
        return self.role == "operator"


OPERATOR = Scope(role="operator")
