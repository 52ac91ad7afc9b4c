"""Every statement on documents and chunks, each named by what it is for.

Each asks for the level; those that read ask for a base that is open, too.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, delete, exists, func, select, update
from sqlalchemy.types import Text

from holdfast.core.database import LEVELS, TENANT, Query
from holdfast.core.database.constructs import has_members
from holdfast.core.database.text_match import is_listed, is_within
from holdfast.core.database.types import Digest, Id
from holdfast.core.vectors import has_vector
from holdfast.domains.knowledge.base_queries import BASE, MOMENT, OPEN, columns, insert_all
from holdfast.domains.knowledge.models import Chunk, Document
from holdfast.domains.knowledge.tables import chunks, documents, knowledge_bases

_b, _d, _c = knowledge_bases.c, documents.c, chunks.c
_ID = bindparam("id", type_=Id)
_DOCUMENT = bindparam("document_id", type_=Id)
_LIMIT = bindparam("limit", type_=Integer)
_DOCUMENTS, _CHUNKS = columns(_d, Document), columns(_c, Chunk)

# -- documents ---------------------------------------------------------------------------------------------------------


def readable(table: Any) -> tuple[ColumnElement[bool], ...]:
    """At a level that the scope holds, in a base that is open to the actor."""
    within = exists().where(_b.tenant_id == TENANT, table.tenant_id == TENANT, _b.id == table.base_id, OPEN)
    return table.tenant_id == TENANT, is_within(table.clearance, LEVELS), within.correlate(table.id.table)


document = Query(select(*_DOCUMENTS).where(*readable(_d), _d.id == _DOCUMENT), Document)
document_by_digest = Query(
    select(*_DOCUMENTS).where(
        *readable(_d),
        _d.base_id == BASE,
        _d.clearance == bindparam("clearance", type_=Text()),
        _d.digest == bindparam("digest", type_=Digest),
    ),
    Document,
)
insert_document = insert_all(documents)
edit_document = Query(
    update(documents)
    .where(_d.tenant_id == TENANT, is_within(_d.clearance, LEVELS), _d.id == _DOCUMENT)
    .values(
        **{f"{name}": bindparam(f"new_{name}", type_=_d[name].type) for name in ("title", "source", "media_type")},
        **{name: bindparam(f"new_{name}", type_=_d[name].type) for name in ("digest", "size", "clearance")},
        **{name: bindparam(f"new_{name}", type_=_d[name].type) for name in ("metadata", "chunk_count")},
        updated_at=MOMENT,
    )
)
delete_document = Query(
    delete(documents).where(_d.tenant_id == TENANT, is_within(_d.clearance, LEVELS), _d.id == _DOCUMENT)
)


@lru_cache(maxsize=8)
def page_of_documents(*, after: bool, metadata: bool) -> Query[Document]:
    """A base's documents, the oldest first. Served by ix_documents_listed."""
    rows = select(*_DOCUMENTS).where(*readable(_d), _d.base_id == BASE)
    if metadata:
        rows = rows.where(has_members(_d.metadata, "metadata"))
    if after:
        rows = rows.where(_d.id > bindparam("after_id", type_=Id))
    return Query(rows.order_by(_d.id).limit(_LIMIT), Document)


document_ids_in = Query(select(_d.id).where(*readable(_d), _d.base_id == BASE).order_by(_d.id))

# -- chunks ------------------------------------------------------------------------------------------------------------

_OF_DOCUMENT = (*readable(_c), _c.document_id == _DOCUMENT)

insert_chunk = insert_all(chunks)
chunk = Query(select(*_CHUNKS).where(*readable(_c), _c.id == _ID), Chunk)
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
chunks_listed = Query(select(*_CHUNKS).where(*readable(_c), _c.tenant_id == TENANT, is_listed(_c.id, "ids")), Chunk)
documents_listed = Query(
    select(*_DOCUMENTS).where(*readable(_d), _d.tenant_id == TENANT, is_listed(_d.id, "ids")), Document
)


@lru_cache(maxsize=16)
def chunks_of_documents(*, document: bool, media_type: bool, source: bool) -> Query[Any]:
    """The ids of the chunks of documents that a filter lets through."""
    rows = (
        select(_c.id)
        .join(documents, (_d.tenant_id == _c.tenant_id) & (_d.id == _c.document_id))
        .where(*readable(_c), _d.tenant_id == TENANT, is_within(_d.clearance, LEVELS))
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
    *readable(_d),
    _d.base_id == BASE,
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
    .where(*readable(_c), _c.tenant_id == TENANT, is_listed(_c.id, "ids"))
    .order_by(_c.id)
    .with_for_update(read=True, of=chunks)
)
"""Until this transaction ends nobody deletes them, or puts them at another level."""

chunks_seen = Query(
    select(_c.id).where(
        *readable(_c), _c.tenant_id == TENANT, _c.base_id == bindparam("base_id", type_=Id), is_listed(_c.id, "ids")
    )
)
"""Those of some ids that are chunks of a base which the actor may read. By primary key."""
