"""What the trail says of the store's health: lines without a seal."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, literal, or_, select, union_all

from holdfast.core.database import Query, Transaction
from holdfast.core.database.types import Id, Time
from holdfast.core.health import Waiting, register_health
from holdfast.core.scope import NIL
from holdfast.core.trail import audit_events
from holdfast.domains.audit.tables import audit_seals
from holdfast.domains.identity.tables import tenants

_e, _s = audit_events.c, audit_seals.c

_whose = union_all(select(tenants.c.id.label("id")), select(literal(NIL, Id))).subquery()
_last = audit_seals.alias()
_newest = select(func.max(_last.c.number)).where(_last.c.tenant_id == _whose.c.id).correlate(_whose).scalar_subquery()
_ends = (
    select(_whose.c.id, _s.through_position, _s.through_id)
    .select_from(_whose)
    .outerjoin(audit_seals, and_(_s.tenant_id == _whose.c.id, _s.number == _newest))
    .subquery()
)
_beyond = and_(
    _e.tenant_id == _ends.c.id,
    _e.position >= func.coalesce(_ends.c.through_position, 0),
    or_(
        _ends.c.through_position.is_(None),
        _e.position > _ends.c.through_position,
        _e.id > _ends.c.through_id,
    ),
)
_count = select(func.count()).select_from(audit_events).where(_beyond).correlate(_ends).scalar_subquery()
_first = (
    select(func.min(_e.at, type_=Time())).select_from(audit_events).where(_beyond).correlate(_ends).scalar_subquery()
)
_each = select(_count.label("number"), _first.label("oldest")).select_from(_ends).subquery()
_unsealed: Query[Any] = Query(select(func.sum(_each.c.number), func.min(_each.c.oldest, type_=Time())), operator=True)
"""For each tenant the last seal, and what is after it, by the primary keys."""


def health(tx: Transaction, _moment: datetime) -> list[Waiting]:
    """Lines that no seal covers yet, of every tenant and of the store."""
    ((number, oldest),) = tx.all(_unsealed)
    return [Waiting("unsealed audit lines", "waits", int(number or 0), oldest)]


register_health("audit", health)
