"""References: things of one room that another keeps the id of, checked without the two knowing each other.

A room says how one of its things is looked up; a room that is given the id of one asks before it keeps it.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from holdfast.core.database.transaction import Transaction
from holdfast.core.rooms import Registry

_lookups = Registry[str, Callable[[Transaction, UUID], Any]]()


def register_reference(kind: str, look_up: Callable[[Transaction, UUID], Any]) -> None:
    """`look_up` raises where there is no such thing that the scope may read."""
    _lookups.tell(kind, look_up, by=look_up.__module__)


def check_reference(tx: Transaction, kind: str, target_id: UUID) -> None:
    """Raise what the room of `kind` raises, unless the scope may read that."""
    _lookups[kind](tx, target_id)
