"""What rooms say of their use: counts by day, person and label, which analytics put together.

A room that knows something worth counting registers a source; it does not know who asks, and who asks does not know it.
Sources count within the reach of the transaction they are given: a member's own things, or the tenant's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from holdfast.core.database.transaction import Transaction
from holdfast.core.rooms import Registry


class Counted(NamedTuple):
    """So many of something. `what` is a plain noun (`messages`); `label` tells one kind of it from others.

    `day` is a midnight of UTC; None for what is of the whole period.
    """

    what: str
    number: int
    day: datetime | None = None
    user_id: UUID | None = None
    label: str | None = None


ActivitySource = Callable[[Transaction, datetime, datetime], list[Counted]]
"""Given the transaction and the period, from and until, whole days of UTC."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What something cost, in US dollars. `unpriced`: of so many events nobody knows the price."""

    requests: int
    tokens: int
    cost: Decimal
    unpriced: int


CostSource = Callable[[Transaction, UUID], Cost]
"""Given the id of a conversation within reach."""

_sources = Registry[str, ActivitySource]()
_costs = Registry[str, CostSource]()


def register_activity(room: str, source: ActivitySource) -> None:
    """Make a room's source known; a later one of the same room takes its place."""
    _sources.tell(room, source, by=source.__module__)


def activity(tx: Transaction, since: datetime, until: datetime) -> list[Counted]:
    """What every room counts in a period."""
    return [counted for source in _sources.all().values() for counted in source(tx, since, until)]


def register_cost(kind: str, source: CostSource) -> None:
    """Say how the cost of something is found: of a `conversation`."""
    _costs.tell(kind, source, by=source.__module__)


def cost_of(tx: Transaction, kind: str, target_id: UUID) -> Cost:
    """What it cost. The caller has made sure that it is within reach."""
    return _costs[kind](tx, target_id)
