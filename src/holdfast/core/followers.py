"""Followers: what other rooms do, in the same transaction, when a room changes something that concerns them.

A room that ends a workspace does not know who keeps things in it. Each room that does says so here, and does its part
before the transaction commits: all of it happens, or none.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from holdfast.core.database.transaction import Transaction

Follower = Callable[[Transaction, UUID, UUID, datetime], None]
"""Called with the operator's transaction, the tenant, what was changed (the workspace, say) and when."""

_followers: dict[str, list[Follower]] = {}


def follows(operation: str) -> Callable[[Follower], Follower]:
    """Register a function to run within `operation`."""

    def register(follower: Follower) -> Follower:
        _followers.setdefault(operation, []).append(follower)
        return follower

    return register


def call_followers(operation: str, tx: Transaction, tenant_id: UUID, subject_id: UUID, moment: datetime) -> None:
    """Let every follower of `operation` do its part, in order of registration."""
    for follower in _followers.get(operation, ()):
        follower(tx, tenant_id, subject_id, moment)
