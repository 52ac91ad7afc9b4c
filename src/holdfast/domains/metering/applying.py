"""Which limits apply to some usage, and how many units of each it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.clock import EPOCH
from holdfast.core.database import Transaction
from holdfast.core.database.types import to_nano
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering.periods import start_of


@dataclass(frozen=True)
class Applied:
    """A limit that applies. `counts_from`: what was before is not on its counter."""

    id: UUID
    subject: str
    subject_id: UUID
    measure: str
    per: str
    window_seconds: int
    amount: int
    counter: str
    when_away: str
    counts_from: datetime

    def period(self, at: datetime) -> datetime:
        """The period of its counter that a moment is in; of a rolling window there is one."""
        if self.per == "window":
            return EPOCH
        return start_of(at, "day" if self.per == "day" else "month")

    def counts(self, at: datetime) -> bool:
        """Whether what was used then is on its counter. What one in Redis counts of a day or month is the ledger's sum
        of it, whole.
        """
        return at >= self.counts_from or (self.is_in_redis and self.per != "window")

    @property
    def is_in_redis(self) -> bool:
        """Whether it is counted there."""
        return self.counter == "redis"


def units_of(measure: str, used: Mapping[str, Any]) -> int:
    """How many units of a limit some usage is: tokens, requests, or billionths of a dollar."""
    if measure == "money":
        return to_nano(used["cost"] or Decimal(0))
    return int(used[measure])


def subjects_of(tx: Transaction, used: Mapping[str, Any]) -> set[UUID]:
    """Whose limits apply to some usage: the tenant's, and those of its workspace, person and API key."""
    named = {tx.scope.tenant_id, used["workspace_id"], used["user_id"], used["credential_id"]}
    return named - {None}


def applicable(tx: Transaction, subjects: Iterable[UUID]) -> list[Applied]:
    """The limits of any of these, in the order in which counters are changed."""
    return [Applied(*row) for row in tx.all(queries.applicable, {"subjects": list(subjects)})]


def hold_still(tx: Transaction) -> None:
    """Until the end of this transaction no limit of the tenant is set or counted anew."""
    tx.all(queries.alongside_others, {"turn": turn_of(tx.scope.tenant_id)})


def turn_of(tenant_id: UUID | None) -> str:
    """What whoever sets limits, or counts them anew, and whoever charges them wait for."""
    return f"limits {tenant_id}"
