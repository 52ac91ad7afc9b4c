"""Setting and listing limits, each statement named by what it is for."""

from sqlalchemy import BigInteger, and_, bindparam, case, insert, or_, select, update
from sqlalchemy.types import Text

from holdfast.core.database import Query
from holdfast.core.database.types import Id, Time
from holdfast.domains.metering.tables import limit_counters, limits

_l, _c = limits.c, limit_counters.c
_IN = bindparam("in_tenant", type_=Id)
_LIMIT_ID = bindparam("limit_id", type_=Id)
_MOMENT = bindparam("moment", type_=Time)

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
