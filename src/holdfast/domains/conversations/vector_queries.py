"""Every statement of the vectors of messages."""

from sqlalchemy import (
    Integer,
    and_,
    bindparam,
    func,
    select,
)
from sqlalchemy.types import Text

from holdfast.core.database import TENANT, Query
from holdfast.core.database.types import Id
from holdfast.core.database.vector_search import insert_or_replace
from holdfast.core.vectors.tables import vector_indexes
from holdfast.domains.conversations.columns import LIMIT, THIS, within_reach
from holdfast.domains.conversations.tables import (
    conversations,
    embedded_conversations,
    messages,
)

_c, _m, _e, _i = conversations.c, messages.c, embedded_conversations.c, vector_indexes.c

_through = func.coalesce(_e.through_seq, _c.forked_at, 0)

_with_vectors = conversations.outerjoin(
    vector_indexes,
    and_(
        _i.tenant_id == TENANT,
        _i.purpose == bindparam("purpose", type_=Text()),
        _i.about == _c.owner_id,
        _i.embedder == bindparam("embedder", type_=Text()),
        _i.state != "retired",
    ),
).outerjoin(
    embedded_conversations,
    and_(_e.tenant_id == TENANT, _e.conversation_id == _c.id, _e.index_id == _i.id),
)

_WAITING = (
    _c.tenant_id == TENANT,
    within_reach(_c.owner_id),
    _c.status != "DELETED",
    _c.message_count > _through,
)

waiting_for_vectors = Query(
    select(_c.id, _c.owner_id, _through, _c.message_count)
    .select_from(_with_vectors)
    .where(*_WAITING)
    .order_by(_c.owner_id, _c.id)
    .limit(LIMIT)
)
"""Conversations with messages that have no vector of an embedder. Looks at every conversation within reach."""

count_waiting = Query(
    select(func.coalesce(func.sum(_c.message_count - _through), 0)).select_from(_with_vectors).where(*_WAITING)
)

owner_waits = Query(
    select(_c.id).select_from(_with_vectors).where(*_WAITING, _c.owner_id == bindparam("owner_id", type_=Id)).limit(1)
)

texts_from = Query(
    select(_m.seq, _m.id, _m.content, _m.parts)
    .where(
        _m.tenant_id == TENANT,
        _m.conversation_id == THIS,
        within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
    )
    .order_by(_m.seq)
    .limit(LIMIT)
)

hold_for_vectors = Query(
    select(_c.owner_id)
    .where(_c.tenant_id == TENANT, _c.id == THIS, within_reach(_c.owner_id))
    .with_for_update(read=True, key_share=True)
)
"""Until this transaction ends nobody takes the conversation away."""

ids_between = Query(
    select(_m.id).where(
        _m.tenant_id == TENANT,
        _m.conversation_id == THIS,
        within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )
)

set_embedded = Query(
    insert_or_replace(
        embedded_conversations,
        {
            "tenant_id": TENANT,
            "conversation_id": THIS,
            "index_id": bindparam("index_id", type_=Id),
            "through_seq": bindparam("through", type_=Integer),
        },
    )
)
