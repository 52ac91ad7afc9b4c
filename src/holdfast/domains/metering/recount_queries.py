"""Counting limits anew, each statement named by what it is for: what the ledger says of one, and its counter."""

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Text

from holdfast.core.database import Query
from holdfast.core.database.constructs import number_of_slot, one_at_a_time
from holdfast.core.database.types import Id, Time
from holdfast.domains.metering.queries import sum_of
from holdfast.domains.metering.tables import limit_counters, limit_slots, limits, usage_events, usage_rollups

_l, _c, _s, _u, _e = limits.c, limit_counters.c, limit_slots.c, usage_rollups.c, usage_events.c
_IN = bindparam("in_tenant", type_=Id)
_LIMIT_ID = bindparam("limit_id", type_=Id)
_PERIOD = bindparam("period", type_=Time)
_UNITS = bindparam("units", type_=BigInteger())

_COUNTER_IN = (_c.tenant_id == _IN, _c.limit_id == _LIMIT_ID, _c.period == _PERIOD)
wait_for_turn = Query(select(one_at_a_time("turn")), operator=True)

count_in = Query(select(_c.epoch, _c.behind_since).where(*_COUNTER_IN), operator=True)

_begun = upsert(limit_counters).values(
    tenant_id=_IN,
    limit_id=_LIMIT_ID,
    period=_PERIOD,
    used=0,
    reserved=0,
    epoch=bindparam("new_epoch", type_=BigInteger()),
)
begin_count = Query(
    _begun.on_conflict_do_update(
        index_elements=["tenant_id", "limit_id", "period"],
        set_={"epoch": _begun.excluded.epoch, "behind_since": None},
    ),
    operator=True,
)

insert_counter = Query(
    insert(limit_counters).values(tenant_id=_IN, limit_id=_LIMIT_ID, period=_PERIOD, used=_UNITS, reserved=0, epoch=0),
    operator=True,
)

_TOTALS = {"tokens": "tokens", "requests": "requests", "money": "cost"}
_OF = {"workspace": "workspace_id", "user": "user_id", "key": "credential_id"}


def _used_of(subject: str) -> list[Any]:
    """The events of a limit from a moment on."""
    rows = [_e.tenant_id == _IN, _e.at >= _PERIOD]
    return rows if subject == "tenant" else [*rows, _e[_OF[subject]] == bindparam("subject_id", type_=Id)]


@lru_cache(maxsize=16)
def used_between(subject: str, measure: str) -> Query[Any]:
    """What the ledger says was used between two moments. By primary key."""
    until = _e.at < bindparam("period_end", type_=Time)
    return Query(select(sum_of(_e[_TOTALS[measure]])).where(*_used_of(subject), until), operator=True)


@lru_cache(maxsize=16)
def used_since(subject: str, measure: str) -> Query[Any]:
    """What the ledger says was used from a moment on, what is ahead of the clock included. By primary key."""
    return Query(select(sum_of(_e[_TOTALS[measure]])).where(*_used_of(subject)), operator=True)


@lru_cache(maxsize=16)
def used_by_slot(subject: str, measure: str) -> Query[Any]:
    """The same by slots of a window: which slot since 1970, and the units in it. By primary key."""
    slot = number_of_slot(_e.at, "slot_microseconds").label("slot")
    return Query(
        select(slot, sum_of(_e[_TOTALS[measure]])).where(*_used_of(subject)).group_by("slot").order_by("slot"),
        operator=True,
    )


@lru_cache(maxsize=16)
def used_before(subject: str, measure: str) -> Query[Any]:
    """What the ledger says was used in a period, before a limit begins to count. For a key without roll-ups."""
    if subject == "key":
        return used_between(subject, measure)
    rows = select(sum_of(_u[_TOTALS[measure]])).where(
        _u.tenant_id == _IN, _u.grain == bindparam("per", type_=Text()), _u.period == _PERIOD
    )
    if subject != "tenant":
        rows = rows.where(_u[f"{subject}_id"] == bindparam("subject_id", type_=Id))
    return Query(rows, operator=True)


limit_used_in_window = Query(
    select(sum_of(_s.used)).where(
        _s.tenant_id == _IN, _s.limit_id == _LIMIT_ID, _s.slot > bindparam("gone", type_=Time)
    ),
    operator=True,
)

# -- a counter in the database, set to that ----------------------------------------------------------------------------

applied = Query(
    select(
        _l.id, _l.subject, _l.subject_id, _l.measure, _l.per, _l.window_seconds, _l.amount, _l.counter, _l.when_away,
        _l.counts_from,
    ).where(_l.tenant_id == _IN, _l.id == _LIMIT_ID, _l.ended_at.is_(None)),
    operator=True,
)  # fmt: skip

open_counter = Query(
    upsert(limit_counters)
    .values(tenant_id=_IN, limit_id=_LIMIT_ID, period=_PERIOD, used=0, reserved=0)
    .on_conflict_do_nothing(),
    operator=True,
)

hold_counter = Query(select(_c.used, _c.reserved).where(*_COUNTER_IN).with_for_update(), operator=True)
"""Whoever reserves, settles or gives back has done so, or waits until this transaction ends."""

set_counter = Query(
    update(limit_counters).where(*_COUNTER_IN).values(used=_UNITS, reserved=bindparam("held", type_=BigInteger())),
    operator=True,
)

_GONE = bindparam("gone", type_=Time)
_SLOTS = (_s.tenant_id == _IN, _s.limit_id == _LIMIT_ID)

used_in_gone_slots = Query(select(sum_of(_s.used)).where(*_SLOTS, _s.slot <= _GONE), operator=True)
"""What has left the window, and was not taken off the counter yet."""

drop_live_slots = Query(delete(limit_slots).where(*_SLOTS, _s.slot > _GONE), operator=True)

insert_slot = Query(
    insert(limit_slots).values(tenant_id=_IN, limit_id=_LIMIT_ID, slot=bindparam("slot", type_=Time), used=_UNITS),
    operator=True,
)
