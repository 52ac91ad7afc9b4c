"""Every statement about decisions, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Integer, Table, bindparam, insert, or_, select

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.types import Id, Time
from holdfast.domains.runs.models import Decision
from holdfast.domains.runs.tables import decision_reasons, decision_subjects, decisions

_d, _s, _r = decisions.c, decision_subjects.c, decision_reasons.c
_DECISION = [_d[name] for name in Decision.__dataclass_fields__]
_MINE = or_(REACH == "tenant", _d.decided_by == ACTOR)
_LIMIT: BindParameter[int] = bindparam("limit", type_=Integer)
_CONVERSATION = bindparam("conversation_id", type_=Id)


def _insert(table: Table) -> Query[Any]:
    given = {column.name: bindparam(column.name, type_=column.type) for column in table.c if column.name != "tenant_id"}
    return Query(insert(table).values(tenant_id=TENANT, **given))


insert_decision = _insert(decisions)
insert_subject = _insert(decision_subjects)
insert_reason = _insert(decision_reasons)

decision = Query(select(*_DECISION).where(_d.tenant_id == TENANT, _d.id == bindparam("id", type_=Id), _MINE), Decision)

latest_of_conversation = Query(
    select(*_DECISION)
    .where(_d.tenant_id == TENANT, _d.conversation_id == _CONVERSATION, _MINE)
    .order_by(_d.id.desc())
    .limit(1),
    Decision,
)
"""Served by ix_decisions_conversation."""


@lru_cache(maxsize=256)
def page_of_decisions(
    *,
    subject: bool,
    conversation: bool,
    reason: bool,
    kind: bool,
    status: bool,
    since: bool,
    until: bool,
    after: bool,
) -> Query[Decision]:
    """The newest first: by primary key, or by ix_decision_subjects_found, _reasons_found or _conversation."""
    rows = select(*_DECISION).where(_d.tenant_id == TENANT, _MINE)
    if subject:
        found = select(_s.decision_id).where(
            _s.tenant_id == TENANT, _s.subject == bindparam("subject", type_=_s.subject.type)
        )
        rows = rows.where(_d.id.in_(found))
    if reason:
        found = select(_r.decision_id).where(_r.tenant_id == TENANT, _r.reason == bindparam("reason"))
        rows = rows.where(_d.id.in_(found))
    if conversation:
        rows = rows.where(_d.conversation_id == _CONVERSATION)
    if kind:
        rows = rows.where(_d.kind == bindparam("kind"))
    if status:
        rows = rows.where(_d.status == bindparam("status"))
    if since:
        rows = rows.where(_d.created_at >= bindparam("since", type_=Time))
    if until:
        rows = rows.where(_d.created_at < bindparam("until", type_=Time))
    if after:
        rows = rows.where(_d.id < bindparam("after_id", type_=Id))
    return Query(rows.order_by(_d.id.desc()).limit(_LIMIT), Decision)
