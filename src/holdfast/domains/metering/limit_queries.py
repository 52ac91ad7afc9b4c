"""Every statement of limits, their counters and holds, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, case, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Integer, Text

from holdfast.core.database import TENANT, Query
from holdfast.core.database.constructs import alongside, one_at_a_time
from holdfast.core.database.text_match import is_listed
from holdfast.core.database.types import Id, Time
from holdfast.domains.identity.tables import tenants
from holdfast.domains.metering.queries import sum_of
from holdfast.domains.metering.tables import (
    limit_counters,
    limit_holds,
    limit_slots,
    limits,
    usage_events,
    usage_rollups,
)

_t = tenants.c
_l, _c, _s, _h, _u, _e = limits.c, limit_counters.c, limit_slots.c, limit_holds.c, usage_rollups.c, usage_events.c
_IN = bindparam("in_tenant", type_=Id)
_LIMIT_ID = bindparam("limit_id", type_=Id)
_PERIOD = bindparam("period", type_=Time)
_UNITS = bindparam("units", type_=BigInteger())
_HELD = bindparam("held", type_=BigInteger())
_MOMENT = bindparam("moment", type_=Time)
_ID = bindparam("id", type_=Id)

# -- which limits apply ------------------------------------------------------------------------------------------------

_APPLIED = (
    _l.id, _l.subject, _l.subject_id, _l.measure, _l.per, _l.window_seconds, _l.amount, _l.counter, _l.when_away,
    _l.counts_from,
)  # fmt: skip

alongside_others = Query(select(alongside("turn")))
"""While events are charged no limit is set: it would begin from sums without them."""

applicable = Query(
    select(*_APPLIED)
    .where(_l.tenant_id == TENANT, _l.ended_at.is_(None), is_listed(_l.subject_id, "subjects"))
    .order_by(_l.id)
)
"""By uq_limits_live. In one order, in which everybody changes the counters."""

# -- counters ----------------------------------------------------------------------------------------------------------

_COUNTER = (_c.tenant_id == TENANT, _c.limit_id == _LIMIT_ID, _c.period == _PERIOD)
_AMOUNT = select(_l.amount).where(_l.tenant_id == TENANT, _l.id == _LIMIT_ID, _l.ended_at.is_(None)).scalar_subquery()

reserve = Query(
    update(limit_counters)
    .where(*_COUNTER, _c.used + _c.reserved + _UNITS <= _AMOUNT)
    .values(reserved=_c.reserved + _UNITS)
)
"""The guarded update: whoever comes second waits for the row, and finds what the first one left."""

open_counter = Query(
    upsert(limit_counters)
    .values(tenant_id=TENANT, limit_id=_LIMIT_ID, period=_PERIOD, used=0, reserved=0)
    .on_conflict_do_nothing()
)

_charged = upsert(limit_counters).values(tenant_id=TENANT, limit_id=_LIMIT_ID, period=_PERIOD, used=_UNITS, reserved=0)
charge = Query(
    _charged.on_conflict_do_update(
        index_elements=["tenant_id", "limit_id", "period"], set_={"used": _c.used + _charged.excluded.used}
    )
)
"""What was used cannot be refused any more: it is counted, whatever is left."""

settle = Query(update(limit_counters).where(*_COUNTER).values(used=_c.used + _UNITS, reserved=_c.reserved - _HELD))

give_back = Query(update(limit_counters).where(*_COUNTER).values(reserved=_c.reserved - _HELD))

standing = Query(
    select(_l.subject, _l.measure, _l.per, _l.window_seconds, _l.amount, _c.used, _c.reserved)
    .join(limit_counters, (_c.tenant_id == _l.tenant_id) & (_c.limit_id == _l.id))
    .where(_l.tenant_id == TENANT, _c.tenant_id == TENANT, _l.id == _LIMIT_ID, _c.period == _PERIOD)
)

# -- counted in Redis --------------------------------------------------------------------------------------------------

_COUNT = (_c.epoch, _c.behind_since)
count_of = Query(select(*_COUNT).where(*_COUNTER))
"""Which count of a limit is good; the limit's row at the epoch."""

_behind = upsert(limit_counters).values(
    tenant_id=TENANT, limit_id=_LIMIT_ID, period=_PERIOD, used=0, reserved=0, epoch=0, behind_since=_MOMENT
)
fall_behind = Query(
    _behind.on_conflict_do_update(
        index_elements=["tenant_id", "limit_id", "period"],
        set_={"behind_since": _behind.excluded.behind_since},
        where=_c.behind_since.is_(None),
    )
)
"""Once until it is counted anew, so that not everybody waits for the row."""

_COUNTER_IN = (_c.tenant_id == _IN, _c.limit_id == _LIMIT_ID, _c.period == _PERIOD)
count_in = Query(select(*_COUNT).where(*_COUNTER_IN), operator=True)

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

open_holds = Query(
    select(_h.id, _h.parts, _h.expires_at).where(_h.tenant_id == _IN, _h.status == "open"), operator=True
)
"""By ix_limit_holds_open."""

# -- the slots of rolling windows --------------------------------------------------------------------------------------

_slot = upsert(limit_slots).values(
    tenant_id=TENANT, limit_id=_LIMIT_ID, slot=bindparam("slot", type_=Time), used=_UNITS
)
add_to_slot = Query(
    _slot.on_conflict_do_update(
        index_elements=["tenant_id", "limit_id", "slot"], set_={"used": _s.used + _slot.excluded.used}
    )
)

drop_slots = Query(
    delete(limit_slots)
    .where(_s.tenant_id == TENANT, _s.limit_id == _LIMIT_ID, _s.slot <= bindparam("gone", type_=Time))
    .returning(_s.used)
)
"""What left the window. A slot is deleted once, whoever comes, so it leaves the counter once."""

leave_window = Query(update(limit_counters).where(*_COUNTER).values(used=_c.used - _UNITS))

slots = Query(select(_s.slot, _s.used).where(_s.tenant_id == TENANT, _s.limit_id == _LIMIT_ID).order_by(_s.slot))

# -- holds -------------------------------------------------------------------------------------------------------------

insert_hold = Query(
    insert(limit_holds).values(
        {c.name: TENANT if c.name == "tenant_id" else bindparam(c.name, type_=c.type) for c in _h}
    )
)

hold = Query(
    select(*(column for column in _h if column.name != "tenant_id")).where(_h.tenant_id == TENANT, _h.id == _ID)
)

end_hold = Query(
    update(limit_holds)
    .where(_h.tenant_id == TENANT, _h.id == _ID, _h.status == bindparam("seen", type_=Text()))
    .values(status=bindparam("new_status", type_=Text()), ended_at=_MOMENT)
)
"""Once, whoever comes: a hold is settled, released or found expired by one."""

_EXPIRED = (_h.status == "open", _h.expires_at <= _MOMENT)

expired_holds = Query(
    select(*(column for column in _h if column.name != "tenant_id"))
    .where(_h.tenant_id == TENANT, *_EXPIRED)
    .order_by(_h.expires_at)
    .limit(bindparam("most", type_=Integer()))
)
"""By ix_limit_holds_open."""

next_expiry = Query(select(func.min(_h.expires_at)).where(_h.tenant_id == TENANT, _h.status == "open"))

tenants_with_expired = Query(select(_h.tenant_id).where(*_EXPIRED).distinct(), operator=True)

_MADE_BEFORE = bindparam("made_before", type_=Id)
_old = (
    select(_h.id)
    .where(
        _h.tenant_id == _IN, _h.id < bindparam("made_before", type_=Id), _h.ended_at < bindparam("before", type_=Time)
    )
    .order_by(_h.id)
    .limit(bindparam("most", type_=Integer()))
)
forget_holds = Query(delete(limit_holds).where(_h.tenant_id == _IN, _h.id.in_(_old)), operator=True)
"""By primary key: what ended before a moment was made before it, and ids are in the order of their making."""

_any_old = exists(select(_h.id).where(_h.tenant_id == _t.id, _h.id < _MADE_BEFORE))
tenants_with_old = Query(select(_t.id).where(_any_old), operator=True)
"""One look into the primary key for each tenant."""

# -- setting and listing -----------------------------------------------------------------------------------------------

wait_for_turn = Query(select(one_at_a_time("turn")), operator=True)

live_limit = Query(
    select(_l.id, _l.counter, _l.when_away).where(
        _l.tenant_id == _IN,
        _l.subject_id == bindparam("subject_id", type_=Id),
        _l.measure == bindparam("measure", type_=Text()),
        _l.per == bindparam("per", type_=Text()),
        _l.window_seconds == bindparam("window_seconds", type_=BigInteger()),
        _l.set_by == bindparam("set_by", type_=Text()),
        _l.ended_at.is_(None),
    ),
    operator=True,
)

insert_limit = Query(insert(limits).values({c.name: bindparam(c.name, type_=c.type) for c in _l}), operator=True)

change_amount = Query(
    update(limits)
    .where(_l.tenant_id == _IN, _l.id == _LIMIT_ID)
    .values(
        amount=bindparam("new_amount", type_=BigInteger()),
        when_away=bindparam("new_when_away", type_=Text()),
        updated_at=_MOMENT,
    ),
    operator=True,
)

end_limit = Query(
    update(limits)
    .where(
        _l.tenant_id == _IN,
        _l.id == _LIMIT_ID,
        _l.ended_at.is_(None),
        or_(_l.set_by == "tenant", bindparam("set_by", type_=Text()) == "platform"),
    )
    .values(ended_at=_MOMENT, updated_at=_MOMENT),
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
def used_from(subject: str, measure: str) -> Query[Any]:
    """Each event from a moment on: of those ahead of the clock."""
    return Query(select(_e.at, _e[_TOTALS[measure]]).where(*_used_of(subject)), operator=True)


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


_STATE = (
    _l.id, _l.subject, _l.subject_id, _l.measure, _l.per, _l.window_seconds, _l.amount, _l.set_by, _l.created_at,
    _l.updated_at, _l.counter, _l.when_away, _l.counts_from,
)  # fmt: skip
_NOW_PERIOD = case(
    (_l.counter == "redis", bindparam("epoch", type_=Time)),
    (_l.per == "day", bindparam("day", type_=Time)),
    (_l.per == "month", bindparam("month", type_=Time)),
    else_=bindparam("epoch", type_=Time),
)

live_limits = Query(
    select(*_STATE, _c.used, _c.reserved, _c.behind_since)
    .select_from(limits)
    .outerjoin(
        limit_counters,
        and_(_c.tenant_id == _l.tenant_id, _c.limit_id == _l.id, _c.period == _NOW_PERIOD),
    )
    .where(_l.tenant_id == _IN, _l.ended_at.is_(None))
    .order_by(_l.id),
    operator=True,
)

limit_used_in_window = Query(
    select(sum_of(_s.used)).where(
        _s.tenant_id == _IN, _s.limit_id == _LIMIT_ID, _s.slot > bindparam("gone", type_=Time)
    ),
    operator=True,
)
