"""Who may do what: one table, one check.

A row is an operation; a column is a role; the cell says how far the role reaches:
`own` (what the actor created), `tenant` (everything in the tenant), `all` (every tenant), or nothing.
"""

from typing import Literal

from holdfast.core.errors import PermissionDenied
from holdfast.core.scope import Role

Reach = Literal["own", "tenant", "all"]

_OWN_ONLY: dict[Role, Reach] = {"owner": "own", "admin": "own", "member": "own"}
_OWN_OR_ADMINISTERED: dict[Role, Reach] = {"owner": "tenant", "admin": "tenant", "member": "own"}
_READ: dict[Role, Reach] = {"owner": "tenant", "admin": "tenant", "auditor": "tenant", "member": "own"}
_EVERY_MEMBER: dict[Role, Reach] = {"owner": "tenant", "admin": "tenant", "auditor": "tenant", "member": "tenant"}
_ADMINISTER: dict[Role, Reach] = {"operator": "all", "owner": "tenant", "admin": "tenant"}
_OPERATE: dict[Role, Reach] = {"operator": "all"}

POLICY: dict[str, dict[Role, Reach]] = {
    # identity
    "identity.create_tenant": _OPERATE,
    "identity.list_tenants": _OPERATE,
    "identity.configure_tenant": _ADMINISTER,
    "identity.create_user": _ADMINISTER,
    "identity.set_role": _ADMINISTER,
    "identity.make_owner": {"operator": "all", "owner": "tenant"},
    "identity.create_workspace": _ADMINISTER,
    "identity.list_members": _EVERY_MEMBER,
    "identity.list_workspaces": _EVERY_MEMBER,
    # conversations
    "conversations.create": _OWN_ONLY,
    "conversations.append": _OWN_ONLY,
    "conversations.read": _READ,
    "conversations.edit": _OWN_OR_ADMINISTERED,
    "conversations.summarize": _OWN_OR_ADMINISTERED,
    "conversations.rate": _OWN_ONLY,
    "conversations.fork": _OWN_ONLY,
    "conversations.import": _OWN_ONLY,
    "conversations.verify": _READ,
    "conversations.index": _EVERY_MEMBER,  # keeping the search index, which shows nobody anything
}


def reach(operation: str, role: Role) -> Reach:
    """How far `role` reaches in `operation`. Raises `PermissionDenied` where the table has no cell."""
    allowed = POLICY[operation].get(role)
    if allowed is None:
        raise PermissionDenied(operation, role)
    return allowed
