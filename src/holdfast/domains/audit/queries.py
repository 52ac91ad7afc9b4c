"""Every statement on the trail but the one that writes it."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, insert, or_, select, tuple_
from sqlalchemy.types import BigInteger

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import newest_settled, one_at_a_time, settled_position
from holdfast.core.database.types import Id, Time
from holdfast.core.trail import audit_events
from holdfast.domains.audit.models import AuditEvent, Event, Seal
from holdfast.domains.audit.tables import audit_seals

_e, _s = audit_events.c, audit_seals.c
_IN = bindparam("in_tenant", type_=Id)
_LIMIT = bindparam("limit", type_=Integer)
_PLACE = tuple_(_e.position, _e.id)
_AFTER = tuple_(bindparam("after_position", type_=BigInteger), bindparam("after_id", type_=Id))
_THROUGH = tuple_(bindparam("through_position", type_=BigInteger), bindparam("through_id", type_=Id))

_SEAL: list[Any] = [_s[name] for name in Seal.__dataclass_fields__]
_EVENT = [column for column in _e if column.name != "tenant_id"]
_ANNOUNCED = [_e[name] for name in Event.__dataclass_fields__]


@lru_cache(maxsize=64)
def page_of_events(
    *, actor: bool, action: bool, outcome: bool, target: bool, since: bool, until: bool, before: bool
) -> Query[AuditEvent]:
    """The newest lines first. Served by the primary key; what else is asked is looked for along it."""
    rows = select(*_EVENT).where(_e.tenant_id == TENANT)
    if actor:
        rows = rows.where(_e.actor_id == bindparam("actor", type_=Id))
    if action:
        rows = rows.where(_e.operation == bindparam("action"))
    if outcome:
        rows = rows.where(_e.outcome == bindparam("outcome"))
    if target:
        rows = rows.where(_e.target_id == bindparam("target", type_=Id))
    if since:
        rows = rows.where(_e.at >= bindparam("since", type_=Time))
    if until:
        rows = rows.where(_e.at < bindparam("until", type_=Time))
    if before:
        rows = rows.where(
            tuple_(bindparam("before_position", type_=BigInteger), bindparam("before_id", type_=Id)) > _PLACE
        )
    return Query(rows.order_by(_e.position.desc(), _e.id.desc()).limit(_LIMIT), AuditEvent)


events_between = Query(
    select(*_EVENT)
    .where(_e.tenant_id == TENANT, _PLACE > _AFTER, _PLACE <= _THROUGH)
    .order_by(_e.position, _e.id)
    .limit(_LIMIT),
    AuditEvent,
)
"""By primary key, in the order of the chain."""

settled_changes = Query(
    select(*_ANNOUNCED)
    .where(
        _e.tenant_id == TENANT,
        _PLACE > _AFTER,
        _e.position < settled_position(),
        _e.outcome == "done",
        or_(REACH == "tenant", _e.owner_id == ACTOR, _e.actor_id == ACTOR),
    )
    .order_by(_e.position, _e.id)
    .limit(_LIMIT),
    Event,
)

end_of_settled = Query(select(newest_settled(_e.position, TENANT)))

# -- sealing, as the operator ------------------------------------------------------------------------------------------

wait_for_turn = Query(select(one_at_a_time("turn")), operator=True)
"""One at a time seals a tenant's lines; tenants do not wait for each other."""

last_seal_of = Query(
    select(*_SEAL, _s.entries, _s.previous).where(_s.tenant_id == _IN).order_by(_s.number.desc()).limit(1),
    operator=True,
)

unsealed = Query(
    select(_e.position, _e.id, _e.mac)
    .where(_e.tenant_id == _IN, _PLACE > _AFTER, _e.position < settled_position())
    .order_by(_e.position, _e.id)
    .limit(_LIMIT),
    operator=True,
)

any_beyond = Query(select(_e.id).where(_e.tenant_id == _IN, _PLACE > _AFTER).limit(1), operator=True)
"""Whether lines wait for a seal, settled or not."""

insert_seal = Query(insert(audit_seals), operator=True)

# -- verifying -------------------------------------------------------------------------------------------------------

last_seal = Query(
    select(*_SEAL, _s.entries, _s.previous).where(_s.tenant_id == TENANT).order_by(_s.number.desc()).limit(1)
)

seals_after = Query(
    select(*_SEAL, _s.entries, _s.previous)
    .where(_s.tenant_id == TENANT, _s.number > bindparam("after_number", type_=Integer))
    .order_by(_s.number)
    .limit(_LIMIT)
)
