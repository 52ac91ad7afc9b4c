"""Holding and settling in one round trip, where the engine can and every limit that applies is a plain one.

The functions do what `reserving` and `settling` do step by step, or nothing: what is not plain (a rolling window, a
limit in Redis, one that is used up or was set since, more used than held, a price of the tenant's own) goes by the
steps. One suite of tests runs over both engines, and so over both ways.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, bindparam, column, func, select
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query, Transaction
from holdfast.core.database.types import Id, Json, Money, Time
from holdfast.domains.metering.applying import turn_of

_HELD: dict[str, Any] = {
    "id": Id, "user_id": Id, "workspace_id": Id, "conversation_id": Id, "credential_id": Id, "operation": Text(),
    "requests": BigInteger(), "tokens": BigInteger(), "cost": Money, "leased": Integer(), "reserved_at": Time,
    "expires_at": Time,
}  # fmt: skip
_SETTLED: dict[str, Any] = {
    "id": Id, "moment": Time, "turn": Text(), "workspace_id": Id, "conversation_id": Id, "operation": Text(),
    "model": Text(), "provider": Text(), "outcome": Text(), "requests": BigInteger(), "tokens": BigInteger(),
    "tokens_in": BigInteger(), "tokens_out": BigInteger(), "tokens_cached": BigInteger(), "cost": Money,
    "priced_by": Text(), "latency_ms": Integer(),
}  # fmt: skip
_FOUND: dict[str, Any] = {
    "user_id": Id(), "workspace_id": Id(), "conversation_id": Id(), "credential_id": Id(), "operation": Text(),
    "reserved_at": Time(),
}  # fmt: skip


def _given(names: Mapping[str, Any]) -> list[Any]:
    return [bindparam(name, type_=kind) for name, kind in names.items()]


_hold_units = Query(
    select(column("parts", Json())).select_from(func.hold_units(TENANT, *_given(_HELD)).table_valued("parts"))
)
_settle_units = Query(
    select(*(column(name, kind) for name, kind in _FOUND.items())).select_from(
        func.settle_units(TENANT, ACTOR, REACH, *_given(_SETTLED)).table_valued(*_FOUND)
    )
)


def hold_units(tx: Transaction, row: Mapping[str, Any], hold_id: UUID) -> list[list[Any]] | None:
    """Take units out of the limits and keep the hold: what it holds of each; None where it has to go by the steps."""
    if not tx.has_procedures:
        return None
    found: list[list[Any]] | None = tx.all(_hold_units, {**row, "id": hold_id})[0][0]
    return found


def settle_units(
    tx: Transaction, row: Mapping[str, Any], hold_id: UUID, *, keep_operation: bool
) -> dict[str, Any] | None:
    """Charge what was used, keep the event and end the hold: what the event has of the hold; None as above.

    For engines that have procedures.
    """
    given = {**row, "id": hold_id, "moment": row["recorded_at"], "turn": turn_of(tx.scope.tenant_id)}
    if keep_operation:
        given["operation"] = None
    found = tx.first(_settle_units, given)
    if found is None:
        return None
    named = dict(zip(_FOUND, found, strict=True))
    return {**row, **named, "id": hold_id, "at": named.pop("reserved_at")}
