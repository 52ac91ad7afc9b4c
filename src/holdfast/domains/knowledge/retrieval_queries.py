"""Every statement on what was searched, found and cited, each named by what it is for."""

from functools import lru_cache

from sqlalchemy import Boolean, Integer, bindparam, case, exists, func, or_, select, tuple_, update

from holdfast.core.database import ACTOR, LEVELS, REACH, TENANT, Query
from holdfast.core.database.text_match import is_within
from holdfast.core.database.types import Id, Time
from holdfast.domains.knowledge.base_queries import BASE, columns, insert_all
from holdfast.domains.knowledge.models import Document, DocumentUse, LoggedHit, LoggedRetrieval
from holdfast.domains.knowledge.queries import readable
from holdfast.domains.knowledge.tables import documents, retrieval_hits, retrievals

_d, _r, _h = documents.c, retrievals.c, retrieval_hits.c
_ANY_BASE = bindparam("any_base", type_=Boolean)
_RETRIEVAL = bindparam("retrieval_id", type_=Id)
_LIMIT = bindparam("limit", type_=Integer)
_SINCE, _UNTIL = bindparam("since", type_=Time), bindparam("until", type_=Time)

insert_retrieval = insert_all(retrievals)
insert_hit = insert_all(retrieval_hits)
_MINE = (_r.tenant_id == TENANT, or_(_r.actor_id == ACTOR, REACH == "tenant"))
_AT_LEVEL = (_h.tenant_id == TENANT, is_within(_h.clearance, LEVELS))
_LOGGED = columns(_r, LoggedRetrieval)

retrieval = Query(select(*_LOGGED).where(*_MINE, _r.id == _RETRIEVAL), LoggedRetrieval)
hits_of = Query(
    select(*columns(_h, LoggedHit)).where(*_AT_LEVEL, _h.retrieval_id == _RETRIEVAL).order_by(_h.rank), LoggedHit
)
_ANSWER = bindparam("new_message_id", type_=Id)
set_answer = Query(
    update(retrievals)
    .where(_r.tenant_id == TENANT, _r.id == _RETRIEVAL, _r.actor_id == ACTOR)
    .values(
        message_id=_ANSWER,
        cited=case((_r.message_id == _ANSWER, _r.cited), else_=0) + bindparam("newly_cited", type_=Integer),
    )
)
set_cited = Query(
    update(retrieval_hits)
    .where(*_AT_LEVEL, _h.retrieval_id == _RETRIEVAL, _h.chunk_id == bindparam("chunk_id", type_=Id))
    .values(message_id=bindparam("new_message_id", type_=Id))
)


@lru_cache(maxsize=8)
def page_of_retrievals(*, base: bool, after: bool) -> Query[LoggedRetrieval]:
    """The latest first. Served by ix_retrievals_time."""
    rows = select(*_LOGGED).where(*_MINE)
    if base:
        rows = rows.where(_r.base_id == BASE)
    if after:
        place = tuple_(bindparam("after_time", type_=Time), bindparam("after_id", type_=Id))
        rows = rows.where(tuple_(_r.created_at, _r.id) < place)
    return Query(rows.order_by(_r.created_at.desc(), _r.id.desc()).limit(_LIMIT), LoggedRetrieval)


_PERIOD = (_r.created_at >= _SINCE, _r.created_at < _UNTIL)
_OF_BASE = or_(_ANY_BASE, _r.base_id == BASE)

count_retrievals = Query(select(func.count()).select_from(retrievals).where(*_MINE, *_PERIOD, _OF_BASE))
latency_at = Query(
    select(_r.latency_ms)
    .where(*_MINE, *_PERIOD, _OF_BASE)
    .order_by(_r.latency_ms)
    .limit(1)
    .offset(bindparam("place", type_=Integer))
)
unsupported = Query(
    select(_r.message_id, _r.actor_id)
    .where(*_MINE, *_PERIOD, _OF_BASE, _r.message_id.is_not(None), _r.cited == 0)
    .order_by(_r.created_at.desc())
    .limit(_LIMIT)
)
_joined = retrieval_hits.join(retrievals, (_r.tenant_id == _h.tenant_id) & (_r.id == _h.retrieval_id))
most_found = Query(
    select(_h.document_id, func.count().label("found"), func.count(_h.message_id).label("cited"))
    .select_from(_joined)
    .where(*_AT_LEVEL, *_MINE, *_PERIOD, _OF_BASE)
    .group_by(_h.document_id)
    .order_by(func.count().desc(), _h.document_id)
    .limit(_LIMIT),
    DocumentUse,
)
never_found = Query(
    select(*columns(_d, Document))
    .where(*readable(_d), _d.created_at < _UNTIL, or_(_ANY_BASE, _d.base_id == BASE))
    .where(
        ~exists()
        .where(
            _h.tenant_id == TENANT,
            _r.tenant_id == TENANT,
            _d.tenant_id == TENANT,
            _h.document_id == _d.id,
            _r.id == _h.retrieval_id,
            is_within(_h.clearance, LEVELS),
            *_MINE,
            *_PERIOD,
        )
        .correlate(documents)
    )
    .order_by(_d.id)
    .limit(_LIMIT),
    Document,
)
