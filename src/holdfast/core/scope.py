"""Scope: who is asking, within which tenant, from where. Every statement and every check is confined by one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from uuid import UUID

Role = Literal["owner", "admin", "member", "auditor", "visitor", "super_admin", "platform_admin", "operator"]
"""A tenant's roles (a visitor is an anonymous person in a web chat), the platform's, and `operator`: whoever holds the
store itself, outside any tenant."""

TENANT_ROLES: tuple[Role, ...] = ("owner", "admin", "member", "auditor")
"""What a person can be in a tenant. Nobody is given the role of a visitor: it is what an anonymous one has."""

ROLES: tuple[Role, ...] = get_args(Role)
"""Every role there is."""

LEVELS = ("S", "A", "B", "C", "D")
"""Clearance levels of documents. A person may read those that they were given, each by itself; none by default."""

NIL = UUID(int=0)
"""Stands for the store itself where a tenant is named: its own trail, its own keys."""


@dataclass(frozen=True, kw_only=True)
class Once:
    """A request that must take effect once, however often it is sent; see core/once.py.

    `operation` is the action it is about: others that run on the way are not. `digest` tells one request from another
    under the same `key`. `render` makes the answer to keep, a JSON value, from what the action returns.
    """

    operation: str
    key: str
    digest: str
    render: Callable[[Any], dict[str, object]]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The confines of a call. `tenant_id` is None for the operator and the platform's people, `actor_id` for the
    operator.
    """

    role: Role
    tenant_id: UUID | None = None
    actor_id: UUID | None = None
    request_id: str | None = None
    """Given by the caller; on every line that this call leaves in the trail and the log."""
    face: str = "library"
    address: str | None = None
    """Where the call came from, over HTTP."""
    credential_id: UUID | None = None
    """The API key or session that let the caller in."""
    grants: frozenset[str] | None = None
    """What an API key was narrowed to (`conversations:read`); None narrows nothing."""
    levels: frozenset[str] = frozenset()
    """The clearance levels that the actor may read, as identity says; never taken from a request."""
    once: Once | None = field(default=None, compare=False, repr=False)
    """Over HTTP, what makes a repeated request take effect once."""
    prepared: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What an engine has made of this scope (parameters, statements), kept so that no call makes it again."""

    @property
    def is_operator(self) -> bool:
        """Whether no tenant applies: the operator, or one of the platform's people."""
        return self.tenant_id is None


OPERATOR = Scope(role="operator")
