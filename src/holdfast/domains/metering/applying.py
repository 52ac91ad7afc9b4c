"""Which limits apply to some usage, and how many units of each it is."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.database.types import to_nano
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering.applied import Applied


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
    return tx.all(queries.applicable, {"subjects": list(subjects)})


def applicable_to(tx: Transaction, used: Mapping[str, Any]) -> list[Applied]:
    """The limits that apply to some usage, in that order."""
    return tx.all(queries.applicable_to, used)


def hold_still(tx: Transaction) -> None:
    """Until the end of this transaction no limit of the tenant is set or counted anew."""
    if not tx.writes_alone:
        tx.all(queries.alongside_others, {"turn": turn_of(tx.scope.tenant_id)})


def turn_of(tenant_id: UUID | None) -> str:
    """What whoever sets limits, or counts them anew, and whoever charges them wait for."""
    return f"limits {tenant_id}"
