"""What rooms say of their health: what waits in their queues, since when, and what failed. Counts, never content.

A room that keeps a queue registers a source; whoever asks for the health of the store puts them together. Sources run
as the operator, over every tenant, so what they say names no tenant.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import func, select

from holdfast.core.database.query import Query
from holdfast.core.database.transaction import Transaction
from holdfast.core.database.types import Time
from holdfast.core.rooms import Registry


class Waiting(NamedTuple):
    """So many things in a queue, and when the oldest of them came.

    `kind`: whether they `wait` to be done by themselves soon, are `running`, or have `failed` and need a person.
    """

    queue: str
    kind: Literal["waits", "running", "failed"]
    number: int
    oldest: datetime | None = None


def counted(table: Any, since: Any, *which: Any) -> Query[Any]:
    """How many rows there are of some, over all tenants, and the first of their times."""
    return Query(select(func.count(), func.min(since, type_=Time())).select_from(table).where(*which), operator=True)


HealthSource = Callable[[Transaction, datetime], list[Waiting]]
"""Given an operator's transaction and the present moment."""

_sources = Registry[str, HealthSource]()


def register_health(room: str, source: HealthSource) -> None:
    """Make a room's source known; a later one of the same room takes its place."""
    _sources.tell(room, source, by=source.__module__)


def queues(tx: Transaction, moment: datetime) -> list[Waiting]:
    """What every room says, in one order."""
    return sorted((one for source in _sources.all().values() for one in source(tx, moment)), key=lambda one: one[:2])
