"""Holds as they are kept: found, ended once, what they held given back."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.clock import from_microseconds
from holdfast.core.database import Transaction
from holdfast.domains.metering import hold_queries, limit_queries
from holdfast.domains.metering.errors import HoldNotFound
from holdfast.domains.metering.models import HoldState, HoldStatus

PLAIN = 3
"""A part of a hold names limit, period and units; of one in Redis a fourth says whether it was asked."""
CHECKED, UNCHECKED = 0, 1
_STATUS, _ENDED_AT = 1, -1
_COUNTED = ("limits", "unchecked")


@dataclass(frozen=True)
class Hold:
    """A row of holds."""

    id: UUID
    status: HoldStatus
    user_id: UUID
    workspace_id: UUID | None
    conversation_id: UUID | None
    credential_id: UUID | None
    operation: str
    requests: int
    tokens: int
    cost: Decimal
    parts: list[list[Any]]
    leased: int
    reserved_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    @property
    def held(self) -> dict[UUID, tuple[datetime, int]]:
        """Of each limit the period and the units that it holds."""
        return {UUID(limit): (from_microseconds(period), units) for limit, period, units, *_ in self.parts}

    @property
    def in_redis(self) -> list[tuple[UUID, datetime]]:
        """The counters there that it holds of."""
        return [(UUID(part[0]), from_microseconds(part[1])) for part in self.parts if len(part) > PLAIN]

    def state(self) -> HoldState:
        """As callers see it."""
        shown = {one.name: getattr(self, one.name) for one in fields(HoldState) if one.name not in _COUNTED}
        return HoldState(**shown, limits=len(self.parts), unchecked=unchecked(self.parts))


def unchecked(parts: list[list[Any]]) -> int:
    """Of how many limits Redis was not asked."""
    return sum(part[PLAIN] == UNCHECKED for part in parts if len(part) > PLAIN)


def held(row: Mapping[str, Any], parts: list[list[Any]]) -> HoldState:
    """A hold that was made just now, as callers see it."""
    return HoldState(
        id=row["id"],
        status="open",
        operation=row["operation"],
        requests=row["requests"],
        tokens=row["tokens"],
        cost=row["cost"] or Decimal(0),
        limits=len(parts),
        reserved_at=row["reserved_at"],
        expires_at=row["expires_at"],
        unchecked=unchecked(parts),
    )


def find(tx: Transaction, hold_id: UUID) -> Hold:
    """A hold of the caller's, or of anybody's for those who reach the tenant. Raises `HoldNotFound`."""
    found = holds_of(tx.all(hold_queries.hold, {"id": hold_id}))
    if not found or (tx.reach == "own" and found[0].user_id != tx.scope.actor_id):
        raise HoldNotFound(hold_id)
    return found[0]


def holds_of(rows: list[tuple[Any, ...]]) -> list[Hold]:
    """Rows as holds."""
    return [Hold(*row) for row in rows]


def end(tx: Transaction, hold: Hold, status: HoldStatus, moment: datetime) -> bool:
    """Whether this call is the one that ended it."""
    ended = {"id": hold.id, "seen": hold.status, "new_status": status, "moment": moment}
    return tx.run(hold_queries.end_hold, ended) == 1


def settle_open(tx: Transaction, hold_id: UUID, model: str | None, moment: datetime) -> tuple[Hold, bool] | None:
    """A hold that was open and is settled now, by this call; and whether the tenant has a price of its own for the
    model. None if there is none that is open.
    """
    found = tx.first(hold_queries.end_open_hold, {"id": hold_id, "model": model, "moment": moment})
    if found is None:
        return None
    *row, has_own_price = found
    row[_STATUS], row[_ENDED_AT] = "open", None  # as it was
    return Hold(*row), has_own_price


def give_back(tx: Transaction, hold: Hold) -> None:
    """What it held is there for others."""
    elsewhere = {limit_id for limit_id, _ in hold.in_redis}
    for limit_id, (period, units) in hold.held.items():
        if limit_id in elsewhere:
            continue
        tx.run(limit_queries.give_back, {"limit_id": limit_id, "period": period, "held": units})
