"""Every statement of holds, each named by what it is for."""

from sqlalchemy import bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.types import Integer, Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.types import Id, Time
from holdfast.domains.identity.tables import tenants
from holdfast.domains.metering.tables import limit_holds, usage_prices

_t, _h, _p = tenants.c, limit_holds.c, usage_prices.c
_IN = bindparam("in_tenant", type_=Id)
_MOMENT = bindparam("moment", type_=Time)
_ID = bindparam("id", type_=Id)

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

end_open_hold = Query(
    update(limit_holds)
    .where(_h.tenant_id == TENANT, _h.id == _ID, _h.status == "open", or_(_h.user_id == ACTOR, REACH != "own"))
    .values(status="settled", ended_at=_MOMENT)
    .returning(
        *(column for column in _h if column.name != "tenant_id"),
        exists(select(_p.model).where(_p.tenant_id == TENANT, _p.model == bindparam("model", type_=Text()))).label(
            "has_own_price"
        ),
    )
)
"""Found and settled in one statement; and whether the tenant says itself what the model costs."""

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

open_holds = Query(
    select(_h.id, _h.parts, _h.expires_at).where(_h.tenant_id == _IN, _h.status == "open"), operator=True
)
"""By ix_limit_holds_open."""
