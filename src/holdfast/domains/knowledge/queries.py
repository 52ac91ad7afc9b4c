"""Every statement of knowledge, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, LEVELS, REACH, TENANT, Query
from holdfast.core.database.constructs import has_members, one_at_a_time
from holdfast.core.database.text_match import is_listed, is_within
from holdfast.core.database.types import Digest, Id, Json, Time
from holdfast.core.vectors import has_vector
from holdfast.domains.identity.tables import workspace_members
from holdfast.domains.knowledge.models import (
    Chunk,
    Document,
    DocumentUse,
    KnowledgeBase,
    LoggedHit,
    LoggedRetrieval,
)
from holdfast.domains.knowledge.tables import chunks, documents, knowledge_bases, retrieval_hits, retrievals

_b, _d, _c, _r, _h = knowledge_bases.c, documents.c, chunks.c, retrievals.c, retrieval_hits.c
_a = workspace_members.c
_BASE = bindparam("base_id", type_=Id)
_ANY_BASE = bindparam("any_base", type_=Boolean)
_ID = bindparam("id", type_=Id)
_DOCUMENT = bindparam("document_id", type_=Id)
_RETRIEVAL = bindparam("retrieval_id", type_=Id)
_LIMIT = bindparam("limit", type_=Integer)
_MOMENT = bindparam("moment", type_=Time)
_SINCE, _UNTIL = bindparam("since", type_=Time), bindparam("until", type_=Time)


def _columns(table: Any, into: Any) -> list[Any]:
    return [table[name] for name in into.__dataclass_fields__ if name in table]


_BASES, _DOCUMENTS, _CHUNKS = _columns(_b, KnowledgeBase), _columns(_d, Document), _columns(_c, Chunk)


def _insert(table: Any) -> Query[Any]:
    given = {c.name: bindparam(c.name, type_=c.type) for c in table.c if c.name != "tenant_id"}
    return Query(insert(table).values(tenant_id=TENANT, **given))


wait_for_turn = Query(select(one_at_a_time("turn")))

# -- bases -------------------------------------------------------------------------------------------------------------

_assigned = (
    exists()
    .where(_a.tenant_id == TENANT, _b.tenant_id == TENANT, _a.workspace_id == _b.workspace_id)
    .correlate(knowledge_bases)
)
_OPEN = or_(_b.workspace_id.is_(None), REACH == "tenant", ~_assigned, _assigned.where(_a.user_id == ACTOR))
"""In no workspace, or in one that is open to the actor: nobody is assigned to it, or the actor is."""

_bases = select(*_BASES).where(_b.tenant_id == TENANT, _OPEN)

bases = Query(_bases.order_by(_b.name, _b.id), KnowledgeBase)
base = Query(_bases.where(_b.id == _BASE), KnowledgeBase)
base_by_name = Query(_bases.where(_b.name == bindparam("name", type_=Text())), KnowledgeBase)


def _held(**how: Any) -> tuple[Query[KnowledgeBase], Query[KnowledgeBase]]:
    """A base by id and by name, kept from others until the transaction ends."""
    by = (_b.id == _BASE, _b.name == bindparam("name", type_=Text()))
    one, other = (Query(_bases.where(this).with_for_update(of=knowledge_bases, **how), KnowledgeBase) for this in by)
    return one, other


base_shared, base_shared_by_name = _held(read=True, key_share=True)
"""Others change what is in it too, and until the transaction ends nobody deletes it."""
base_alone, base_alone_by_name = _held()
"""Nobody else changes it or what is in it; who does already is waited for."""
insert_base = _insert(knowledge_bases)
edit_base = Query(
    update(knowledge_bases)
    .where(_b.tenant_id == TENANT, _b.id == _BASE)
    .values(
        name=bindparam("new_name", type_=Text()),
        description=bindparam("new_description", type_=Text()),
        clearance=bindparam("new_clearance", type_=Text()),
        metadata=bindparam("new_metadata", type_=Json),
        updated_at=_MOMENT,
    )
)
name_taken = Query(select(_b.id).where(_b.tenant_id == TENANT, _b.name == bindparam("name", type_=Text())))
delete_base = Query(delete(knowledge_bases).where(_b.tenant_id == TENANT, _b.id == _BASE))

# -- documents: each statement asks for the level, and for a base that is open -----------------------------------------


def _readable(table: Any) -> tuple[ColumnElement[bool], ...]:
    """At a level that the scope holds, in a base that is open to the actor."""
    within = exists().where(_b.tenant_id == TENANT, table.tenant_id == TENANT, _b.id == table.base_id, _OPEN)
    return table.tenant_id == TENANT, is_within(table.clearance, LEVELS), within.correlate(table.id.table)


document = Query(select(*_DOCUMENTS).where(*_readable(_d), _d.id == _DOCUMENT), Document)
document_by_digest = Query(
    select(*_DOCUMENTS).where(
        *_readable(_d),
        _d.base_id == _BASE,
        _d.clearance == bindparam("clearance", type_=Text()),
        _d.digest == bindparam("digest", type_=Digest),
    ),
    Document,
)
insert_document = _insert(documents)
edit_document = Query(
    update(documents)
    .where(_d.tenant_id == TENANT, is_within(_d.clearance, LEVELS), _d.id == _DOCUMENT)
    .values(
        **{f"{name}": bindparam(f"new_{name}", type_=_d[name].type) for name in ("title", "source", "media_type")},
        **{name: bindparam(f"new_{name}", type_=_d[name].type) for name in ("digest", "size", "clearance")},
        **{name: bindparam(f"new_{name}", type_=_d[name].type) for name in ("metadata", "chunk_count")},
        updated_at=_MOMENT,
    )
)
delete_document = Query(
    delete(documents).where(_d.tenant_id == TENANT, is_within(_d.clearance, LEVELS), _d.id == _DOCUMENT)
)


@lru_cache(maxsize=8)
def page_of_documents(*, after: bool, metadata: bool) -> Query[Document]:
    """A base's documents, the oldest first. Served by ix_documents_listed."""
    rows = select(*_DOCUMENTS).where(*_readable(_d), _d.base_id == _BASE)
    if metadata:
        rows = rows.where(has_members(_d.metadata, "metadata"))
    if after:
        rows = rows.where(_d.id > bindparam("after_id", type_=Id))
    return Query(rows.order_by(_d.id).limit(_LIMIT), Document)


document_ids_in = Query(select(_d.id).where(*_readable(_d), _d.base_id == _BASE).order_by(_d.id))

# -- chunks ------------------------------------------------------------------------------------------------------------

_OF_DOCUMENT = (*_readable(_c), _c.document_id == _DOCUMENT)

insert_chunk = _insert(chunks)
chunk = Query(select(*_CHUNKS).where(*_readable(_c), _c.id == _ID), Chunk)
page_of_chunks = Query(
    select(*_CHUNKS)
    .where(*_OF_DOCUMENT, _c.position >= bindparam("first", type_=Integer))
    .order_by(_c.position)
    .limit(_LIMIT),
    Chunk,
)
chunks_between = Query(
    select(*_CHUNKS)
    .where(
        *_OF_DOCUMENT,
        _c.position >= bindparam("first", type_=Integer),
        _c.position <= bindparam("last", type_=Integer),
    )
    .order_by(_c.position),
    Chunk,
)
texts_of = Query(select(_c.content, _c.overlap).where(*_OF_DOCUMENT).order_by(_c.position))
digests_of = Query(select(_c.id, _c.position, _c.digest).where(*_OF_DOCUMENT).order_by(_c.position))
place_chunk = Query(
    update(chunks)
    .where(_c.tenant_id == TENANT, is_within(_c.clearance, LEVELS), _c.id == _ID)
    .values(
        position=bindparam("new_position", type_=Integer),
        page=bindparam("new_page", type_=Integer),
        overlap=bindparam("new_overlap", type_=Integer),
    )
)
delete_chunk = Query(delete(chunks).where(_c.tenant_id == TENANT, is_within(_c.clearance, LEVELS), _c.id == _ID))
delete_chunks_of = Query(
    delete(chunks).where(_c.tenant_id == TENANT, is_within(_c.clearance, LEVELS), _c.document_id == _DOCUMENT)
)
reclassify_chunks = Query(
    update(chunks)
    .where(_c.tenant_id == TENANT, is_within(_c.clearance, LEVELS), _c.document_id == _DOCUMENT)
    .values(clearance=bindparam("new_clearance", type_=Text()))
)
chunks_listed = Query(select(*_CHUNKS).where(*_readable(_c), _c.tenant_id == TENANT, is_listed(_c.id, "ids")), Chunk)
documents_listed = Query(
    select(*_DOCUMENTS).where(*_readable(_d), _d.tenant_id == TENANT, is_listed(_d.id, "ids")), Document
)


@lru_cache(maxsize=16)
def chunks_of_documents(*, document: bool, media_type: bool, source: bool) -> Query[Any]:
    """The ids of the chunks of documents that a filter lets through."""
    rows = (
        select(_c.id)
        .join(documents, (_d.tenant_id == _c.tenant_id) & (_d.id == _c.document_id))
        .where(*_readable(_c), _d.tenant_id == TENANT, is_within(_d.clearance, LEVELS))
        .where(is_listed(_c.base_id, "abouts"), has_members(_d.metadata, "metadata"))
    )
    if document:
        rows = rows.where(_d.id == _DOCUMENT)
    if media_type:
        rows = rows.where(_d.media_type == bindparam("media_type", type_=Text()))
    if source:
        rows = rows.where(_d.source == bindparam("source", type_=Text()))
    return Query(rows.limit(_LIMIT))


# -- chunks and their vectors ------------------------------------------------------------------------------------------

_of_base = chunks.join(documents, (_d.tenant_id == _c.tenant_id) & (_d.id == _c.document_id))
_UNEMBEDDED = (
    *_readable(_d),
    _d.base_id == _BASE,
    _c.tenant_id == TENANT,
    is_within(_c.clearance, LEVELS),
    ~has_vector(_c.id),
)


@lru_cache(maxsize=2)
def waiting_chunks(*, document: bool) -> Query[Any]:
    """Chunks without a vector in an index, document by document. Served by ix_documents_listed, ix_chunks_document."""
    rows = select(_c.id, _c.heading, _c.content).select_from(_of_base).where(*_UNEMBEDDED)
    if document:
        rows = rows.where(_d.id == _DOCUMENT)
    return Query(rows.order_by(_d.id, _c.position).limit(_LIMIT))


@lru_cache(maxsize=2)
def count_waiting(*, document: bool) -> Query[Any]:
    """How many there are. Reads every chunk's place: some 100 ms for 100,000."""
    rows = select(func.count()).select_from(_of_base).where(*_UNEMBEDDED)
    return Query(rows.where(_d.id == _DOCUMENT) if document else rows)


chunks_held = Query(
    select(_c.id, _c.clearance)
    .where(*_readable(_c), _c.tenant_id == TENANT, is_listed(_c.id, "ids"))
    .order_by(_c.id)
    .with_for_update(read=True, of=chunks)
)
"""Until this transaction ends nobody deletes them, or puts them at another level."""

chunks_seen = Query(
    select(_c.id).where(
        *_readable(_c), _c.tenant_id == TENANT, _c.base_id == bindparam("base_id", type_=Id), is_listed(_c.id, "ids")
    )
)
"""Those of some ids that are chunks of a base which the actor may read. By primary key."""

set_embedder = Query(
    update(knowledge_bases)
    .where(_b.tenant_id == TENANT, _b.id == _BASE)
    .values(embedder=bindparam("new_embedder", type_=Text()), updated_at=_MOMENT)
)

# -- what was searched -------------------------------------------------------------------------------------------------

insert_retrieval = _insert(retrievals)
insert_hit = _insert(retrieval_hits)
_MINE = (_r.tenant_id == TENANT, or_(_r.actor_id == ACTOR, REACH == "tenant"))
_AT_LEVEL = (_h.tenant_id == TENANT, is_within(_h.clearance, LEVELS))
_LOGGED = _columns(_r, LoggedRetrieval)

retrieval = Query(select(*_LOGGED).where(*_MINE, _r.id == _RETRIEVAL), LoggedRetrieval)
hits_of = Query(
    select(*_columns(_h, LoggedHit)).where(*_AT_LEVEL, _h.retrieval_id == _RETRIEVAL).order_by(_h.rank), LoggedHit
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
        rows = rows.where(_r.base_id == _BASE)
    if after:
        place = tuple_(bindparam("after_time", type_=Time), bindparam("after_id", type_=Id))
        rows = rows.where(tuple_(_r.created_at, _r.id) < place)
    return Query(rows.order_by(_r.created_at.desc(), _r.id.desc()).limit(_LIMIT), LoggedRetrieval)


_PERIOD = (_r.created_at >= _SINCE, _r.created_at < _UNTIL)
_OF_BASE = or_(_ANY_BASE, _r.base_id == _BASE)

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
    select(*_DOCUMENTS)
    .where(*_readable(_d), _d.created_at < _UNTIL, or_(_ANY_BASE, _d.base_id == _BASE))
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

# -- a workspace that is deleted, as the operator ----------------------------------------------------------------------

_IN = bindparam("in_tenant", type_=Id)
bases_in_workspace = Query(
    select(_b.id)
    .where(_b.tenant_id == _IN, _b.workspace_id == bindparam("of_workspace", type_=Id))
    .order_by(_b.id)
    .with_for_update(),
    operator=True,
)
"""Whoever is changing what is in them is waited for."""
purge_base = tuple(
    Query(delete(table).where(table.c.tenant_id == _IN, column == _BASE), operator=True)
    for table, column in ((chunks, _c.base_id), (documents, _d.base_id), (knowledge_bases, _b.id))
)
