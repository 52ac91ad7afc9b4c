"""What a call asks of limits, each statement named by what it is for: which apply, and their counters."""

from sqlalchemy import BigInteger, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from holdfast.core.database import TENANT, Query
from holdfast.core.database.constructs import alongside
from holdfast.core.database.text_match import is_listed
from holdfast.core.database.types import Id, Time
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.tables import limit_counters, limit_slots, limits

_l, _c, _s = limits.c, limit_counters.c, limit_slots.c
_LIMIT_ID = bindparam("limit_id", type_=Id)
_PERIOD = bindparam("period", type_=Time)
_UNITS = bindparam("units", type_=BigInteger())
_HELD = bindparam("held", type_=BigInteger())
_MOMENT = bindparam("moment", type_=Time)

# -- which limits apply ------------------------------------------------------------------------------------------------

_APPLIED = (
    _l.id, _l.subject, _l.subject_id, _l.measure, _l.per, _l.window_seconds, _l.amount, _l.counter, _l.when_away,
    _l.counts_from,
)  # fmt: skip

alongside_others = Query(select(alongside("turn")))
"""While events are charged no limit is set: it would begin from sums without them."""

_live = select(*_APPLIED).where(_l.tenant_id == TENANT, _l.ended_at.is_(None)).order_by(_l.id)

applicable = Query(_live.where(is_listed(_l.subject_id, "subjects")), Applied)
"""By uq_limits_live. In one order, in which everybody changes the counters."""

_SUBJECTS = (TENANT, *(bindparam(name, type_=Id) for name in ("workspace_id", "user_id", "credential_id")))
applicable_to = Query(_live.where(_l.subject_id.in_(_SUBJECTS)), Applied)
"""The same for one use of something: half the time that a list of subjects takes."""

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
