"""Holding and settling in one round trip, where the engine can and every limit that applies is a plain one.

The functions do what `reserving` and `settling` do step by step, or nothing: what is not plain (a rolling window, a
limit in Redis, one that is used up or was set since, more used than held, a price of the tenant's own) goes by the
steps. One suite of tests runs over both engines, and so over both ways.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, column, func, select
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH, TENANT, NotAtOnce, Params, Procedure, Query
from holdfast.core.database.types import Id, Json, Money, Time
from holdfast.domains.metering import ledger
from holdfast.domains.metering.holds import held
from holdfast.domains.metering.models import HoldState, Settlement

_HELD: dict[str, Any] = {
    "id": Id, "workspace_id": Id, "conversation_id": Id, "credential_id": Id, "operation": Text(),
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


def _held(row: Sequence[Any], params: Params) -> HoldState:
    if row[0] is None:
        raise NotAtOnce
    return held(params, row[0])


def _settled(row: Sequence[Any], params: Params) -> Settlement:
    found = dict(zip(_FOUND, row, strict=True))
    if found["user_id"] is None:
        raise NotAtOnce
    event = ledger.event_of({**params, **found, "at": found["reserved_at"]})
    return Settlement(event=event, over_tokens=0, over_cost=Decimal(0), late=False, exceeded=())


hold_units = Procedure(
    name="hold_units",
    query=Query(
        select(column("parts", Json())).select_from(
            func.hold_units(TENANT, ACTOR, REACH, *_given(_HELD)).table_valued("parts")
        )
    ),
    steps=None,
    result=_held,
)
"""Take units out of the limits and keep the hold. Its parameters are those of its row."""

settle_units = Procedure(
    name="settle_units",
    query=Query(
        select(*(column(name, kind) for name, kind in _FOUND.items())).select_from(
            func.settle_units(TENANT, ACTOR, REACH, *_given(_SETTLED)).table_valued(*_FOUND)
        )
    ),
    steps=None,
    result=_settled,
)
"""Charge what was used, keep the event and end the hold. Its parameters are those of the event."""
