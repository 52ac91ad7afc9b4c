"""Every statement of memory, each named by what it is for."""

from functools import lru_cache

from sqlalchemy import (
    BindParameter,
    Integer,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.text_match import is_listed
from holdfast.core.database.types import Id, Real, Time
from holdfast.core.vectors.tables import vector_indexes, vectors
from holdfast.domains.identity.tables import memberships, workspace_members
from holdfast.domains.memory.stored import Statement, Stored
from holdfast.domains.memory.tables import fact_cursors, fact_sources, facts

_f, _s, _c, _m, _a = facts.c, fact_sources.c, fact_cursors.c, memberships.c, workspace_members.c
_i, _v = vector_indexes.c, vectors.c
_later = facts.alias("later")
_ABOUT = bindparam("about_id", type_=Id)
_KEY: BindParameter[str] = bindparam("key")
_ID = bindparam("fact_id", type_=Id)
_MOMENT = bindparam("moment", type_=Time)
_KNOWN = bindparam("known_at", type_=Time)
_LIMIT = bindparam("limit", type_=Integer)
_IN = bindparam("in_tenant", type_=Id)

_STORED = [column for column in _f if column.name not in ("tenant_id", "about_id")]

# -- within reach ------------------------------------------------------------------------------------------------------

_assigned = (
    exists().where(_a.tenant_id == TENANT, _f.tenant_id == TENANT, _a.workspace_id == _f.workspace_id).correlate(facts)
)
_WITHIN_REACH = or_(
    _f.owner_id == ACTOR,
    REACH == "tenant",
    and_(_f.workspace_id.is_not(None), or_(~_assigned, _assigned.where(_a.user_id == ACTOR))),
)
"""The actor's own; anything of the tenant for those who administer or audit it; a workspace's that is open."""

_mine = (_f.tenant_id == TENANT, _WITHIN_REACH)
_about = (*_mine, _f.about_id == _ABOUT)
_of_key = (*_about, _f.key == _KEY)
_CURRENT = (_f.superseded_at.is_(None), or_(_f.valid_to.is_(None), _f.valid_to > _MOMENT))
"""What holds at the moment: a current version that has not ended."""

wait_for_turn = Query(select(one_at_a_time("turn")))
"""One change of what is known about a person or a workspace at a time, so that each key has one current version."""

member = Query(select(_m.user_id).where(_m.tenant_id == TENANT, _m.user_id == _ABOUT))

# -- reading -----------------------------------------------------------------------------------------------------------

fact_by_id = Query(select(*_STORED).where(*_mine, _f.id == _ID), Stored)
"""By primary key."""

current = Query(select(*_STORED).where(*_of_key, *_CURRENT), Stored)
"""Served by uq_facts_current."""

count = Query(select(func.count()).select_from(facts).where(*_about, *_CURRENT))
"""Served by ix_facts_recent, as are the pages."""


@lru_cache(maxsize=4)
def page_of_current(*, after: bool) -> Query[Stored]:
    """What holds, the newest first."""
    rows = select(*_STORED).where(*_about, *_CURRENT)
    if after:
        place = tuple_(bindparam("after_time", type_=Time), bindparam("after_id", type_=Id))
        rows = rows.where(tuple_(_f.recorded_at, _f.id) < place)
    return Query(rows.order_by(_f.recorded_at.desc(), _f.id.desc()).limit(_LIMIT), Stored)


with_key = Query(
    select(*_STORED)
    .where(*_about, *_CURRENT, _f.key.ilike(bindparam("pattern", type_=Text()), escape="\\"))
    .order_by(func.length(_f.key), _f.recorded_at.desc(), _f.id.desc())
    .limit(_LIMIT),
    Stored,
)
"""What holds under keys with some letters in them, the shortest key first: it fits best. Served by ix_facts_recent, as
far as whom they are about."""

current_ids = Query(select(*_STORED).where(*_mine, *_CURRENT, is_listed(_f.id, "ids")), Stored)
"""Those of some facts that hold."""

surest = Query(
    select(*_STORED)
    .where(*_about, *_CURRENT, _f.sealed.is_(None))
    .order_by(_f.confidence.desc(), _f.recorded_at.desc(), _f.id.desc())
    .limit(_LIMIT),
    Stored,
)
"""What is surest, of that the latest. Served by ix_facts_surest."""


@lru_cache(maxsize=4)
def page_of_history(*, after: bool) -> Query[Stored]:
    """Every version of a key, the latest to begin first. Served by ix_facts_history."""
    rows = select(*_STORED).where(*_of_key)
    if after:
        place = tuple_(bindparam("after_time", type_=Time), bindparam("after_version", type_=Integer))
        rows = rows.where(tuple_(_f.valid_from, _f.version) < place)
    return Query(rows.order_by(_f.valid_from.desc(), _f.version.desc()).limit(_LIMIT), Stored)


@lru_cache(maxsize=8)
def page_as_of(*, key: bool, after: bool) -> Query[Stored]:
    """What held at a moment, as it was known at another, by key. Served by ix_facts_history.

    Of the versions that had begun, the one that began last (of those, the one recorded last), unless it had ended.
    """
    same = (
        _f.tenant_id == TENANT,
        _later.c.tenant_id == TENANT,
        _later.c.about_id == _ABOUT,
        _later.c.key == _f.key,
        _later.c.recorded_at <= _KNOWN,
    )
    newer = exists().where(
        *same,
        _later.c.valid_from <= _MOMENT,
        tuple_(_later.c.valid_from, _later.c.version) > tuple_(_f.valid_from, _f.version),
    )
    following = select(func.min(_later.c.valid_from)).where(*same, _later.c.valid_from > _MOMENT).correlate(facts)
    rows = select(*_STORED, following.scalar_subquery().label("followed_at")).where(
        *_about,
        _f.recorded_at <= _KNOWN,
        _f.valid_from <= _MOMENT,
        or_(_f.valid_to.is_(None), _f.valid_to > _MOMENT),
        ~newer.correlate(facts),
    )
    if key:
        rows = rows.where(_f.key == _KEY)
    if after:
        rows = rows.where(_f.key > bindparam("after_key", type_=Text()))
    return Query(rows.order_by(_f.key).limit(_LIMIT), Stored)


_STATEMENT = [column for column in _s if column.name not in ("tenant_id", "fact_id", "request_id")]

statements_of = Query(
    select(*_STATEMENT).where(_s.tenant_id == TENANT, _s.fact_id == _ID).order_by(_s.number), Statement
)
"""Asked of facts that were found within reach."""

by_request = Query(
    select(_s.fact_id).where(
        _s.tenant_id == TENANT, _s.recorded_by == ACTOR, _s.request_id == bindparam("request_id", type_=Text())
    )
)
"""Served by uq_fact_sources_request."""

# -- writing -----------------------------------------------------------------------------------------------------------

newest = Query(select(*_STORED).where(*_of_key, _f.superseded_at.is_(None)), Stored)
"""The current version, even one that has ended."""

begun_by = Query(
    select(*_STORED)
    .where(*_of_key, _f.valid_from <= _MOMENT)
    .order_by(_f.valid_from.desc(), _f.version.desc())
    .limit(1),
    Stored,
)
"""The version that decides what held at a moment."""

last_recorded = Query(select(func.max(_f.version), func.max(_f.recorded_at)).where(*_of_key))

insert_fact = Query(
    insert(facts).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _f if c.name != "tenant_id"}
    )
)

supersede = Query(
    update(facts).where(_f.tenant_id == TENANT, _f.id == _ID, _f.superseded_at.is_(None)).values(superseded_at=_MOMENT)
)

set_confidence = Query(
    update(facts).where(_f.tenant_id == TENANT, _f.id == _ID).values(confidence=bindparam("new_confidence", type_=Real))
)

unsealed = Query(select(*_STORED).where(*_of_key, _f.sealed.is_(None)), Stored)

seal = Query(
    update(facts)
    .where(_f.tenant_id == TENANT, _f.id == bindparam("id", type_=Id))
    .values(value=null(), sealed=bindparam("new_sealed", type_=_f.sealed.type))
)

insert_statement = Query(
    insert(fact_sources).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _s if c.name != "tenant_id"}
    )
)

# -- forgetting --------------------------------------------------------------------------------------------------------

ids_of_key = Query(select(_f.id).where(*_of_key))

forget_statements = Query(
    delete(fact_sources).where(_s.tenant_id == TENANT, _s.fact_id.in_(select(_f.id).where(*_of_key).scalar_subquery()))
)

forget_versions = Query(delete(facts).where(*_of_key))

forget_statements_in_workspace = Query(
    delete(fact_sources).where(
        _s.tenant_id == _IN,
        _s.fact_id.in_(
            select(_f.id)
            .where(_f.tenant_id == _IN, _f.workspace_id == bindparam("workspace_id", type_=Id))
            .scalar_subquery()
        ),
    ),
    operator=True,
)

forget_workspace = Query(
    delete(facts).where(_f.tenant_id == _IN, _f.workspace_id == bindparam("workspace_id", type_=Id)), operator=True
)

# -- vectors -----------------------------------------------------------------------------------------------------------

_has_vector = (
    exists()
    .where(
        _i.tenant_id == TENANT,
        _f.tenant_id == TENANT,
        _v.tenant_id == TENANT,
        _i.purpose == bindparam("purpose", type_=Text()),
        _i.about == _f.about_id,
        _i.embedder == bindparam("embedder", type_=Text()),
        _i.state != "retired",
        _v.index_id == _i.id,
        _v.item_id == _f.id,
    )
    .correlate(facts)
)
_VECTORLESS = (*_mine, _f.superseded_at.is_(None), _f.sealed.is_(None), ~_has_vector)

waiting_for_vectors = Query(select(*_STORED).where(*_VECTORLESS).order_by(_f.about_id, _f.id).limit(_LIMIT), Stored)
"""Current facts, those sealed left out, without a vector of an embedder. Looks at every one within reach."""

count_waiting = Query(select(func.count()).select_from(facts).where(*_VECTORLESS))

about_waits = Query(select(_f.id).where(*_VECTORLESS, _f.about_id == _ABOUT).limit(1))

abouts_of = Query(select(_f.id, _f.about_id).where(*_mine, is_listed(_f.id, "ids")))

abouts_within_reach = Query(select(_f.about_id).where(*_mine).distinct())

still_unsealed = Query(
    select(_f.id, _f.owner_id).where(*_mine, _f.superseded_at.is_(None), _f.sealed.is_(None), is_listed(_f.id, "ids"))
)

# -- extracting --------------------------------------------------------------------------------------------------------

_of_extractor = (
    _c.tenant_id == TENANT,
    _c.conversation_id == bindparam("conversation_id", type_=Id),
    _c.extractor == bindparam("extractor", type_=Text()),
)

looked_through = Query(select(_c.through_seq).where(*_of_extractor))

move_cursor = Query(
    update(fact_cursors)
    .where(*_of_extractor)
    .values(through_seq=bindparam("through", type_=Integer), updated_at=_MOMENT)
)

insert_cursor = Query(
    insert(fact_cursors).values(
        tenant_id=TENANT,
        conversation_id=bindparam("conversation_id", type_=Id),
        extractor=bindparam("extractor", type_=Text()),
        through_seq=bindparam("through", type_=Integer),
        updated_at=_MOMENT,
    )
)
