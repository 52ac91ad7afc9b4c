"""Followers: what other rooms do, in the same transaction, when a room changes something that concerns them.

A room that ends a workspace does not know who keeps things in it. Each room that does says so here, and does its part
before the transaction commits: all of it happens, or none.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from holdfast.core.database.transaction import Transaction
from holdfast.core.rooms import Registry

Follower = Callable[[Transaction, UUID, UUID, datetime], None]
"""Called with the operator's transaction, the tenant, what was changed (the workspace, say) and when."""

_followers = Registry[tuple[str, str, str], Follower]()
"""By operation, and module and name of the function."""


def follows(operation: str) -> Callable[[Follower], Follower]:
    """Register a function to run within `operation`."""

    def register(follower: Follower) -> Follower:
        name = (operation, follower.__module__, follower.__qualname__)
        _followers.tell(name, follower, by=follower.__module__)
        return follower

    return register


def call_followers(operation: str, tx: Transaction, tenant_id: UUID, subject_id: UUID, moment: datetime) -> None:
    """Let every follower of `operation` do its part, in the order of their modules' names."""
    for name, follower in _followers.all().items():
        if name[0] == operation:
            follower(tx, tenant_id, subject_id, moment)
