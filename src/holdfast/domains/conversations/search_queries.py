"""Every statement of searching messages, and of the index that is searched."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    bindparam,
    delete,
    insert,
    select,
)

from holdfast.core.database import TENANT, Query
from holdfast.core.database.constructs import in_this_order
from holdfast.core.database.text_match import is_listed
from holdfast.core.database.text_search import search_messages
from holdfast.core.database.types import Id, MarkList, Words
from holdfast.core.database.vector_search import Vector, any_of, similarity
from holdfast.core.vectors.models import Found
from holdfast.core.vectors.tables import vectors
from holdfast.domains.conversations.columns import LIMIT, MESSAGE, THIS, within_reach
from holdfast.domains.conversations.tables import (
    conversations,
    message_index,
    messages,
    unindexed_conversations,
)

_c, _m, _q, _v = conversations.c, messages.c, unindexed_conversations.c, vectors.c

index_message = Query(
    insert(message_index).values(
        tenant_id=TENANT,
        message_id=bindparam("id", type_=Id),
        marks=bindparam("marks", type_=MarkList),
        body=bindparam("body", type_=Words),
    )
)

any_unindexed = Query(select(_q.conversation_id).where(_q.tenant_id == TENANT).limit(1))

unindexed = Query(
    select(_q.conversation_id)
    .where(_q.tenant_id == TENANT)
    .order_by(_q.conversation_id)
    .limit(bindparam("most", type_=Integer))
)

lock_for_index = Query(
    select(_c.id, _c.owner_id, _c.workspace_id)
    .where(_c.tenant_id == TENANT, is_listed(_c.id, "ids"))
    .order_by(_c.id)
    .with_for_update()
)

texts_unindexed = Query(
    select(_m.conversation_id, _m.id, _m.content, _m.parts)
    .select_from(in_this_order(conversations, messages))
    .where(
        _c.tenant_id == TENANT,
        is_listed(_c.id, "ids"),
        _m.tenant_id == TENANT,
        _m.conversation_id == _c.id,
        _m.seq > _c.indexed_through,
    )
)

leave_index_queue = Query(
    delete(unindexed_conversations).where(_q.tenant_id == TENANT, is_listed(_q.conversation_id, "ids"))
)

_hits = search_messages().hits()

search = Query(
    select(*MESSAGE, _c.title.label("title"), _hits.c.score)
    .select_from(in_this_order(_hits, messages, conversations))
    .where(
        _m.tenant_id == TENANT,
        _m.id == _hits.c.message_id,
        _c.tenant_id == TENANT,
        _c.id == _m.conversation_id,
        within_reach(_m.owner_id),
    )
    .order_by(_hits.c.score.desc(), _m.id.desc())
)
"""The ranking is done inside the index; this fetches the few that are shown."""

_HIT = (*MESSAGE, _c.title.label("title"))

hits_listed = Query(
    select(*_HIT).where(
        _m.tenant_id == TENANT,
        any_of(_m.id, "ids"),
        _c.tenant_id == TENANT,
        _c.id == _m.conversation_id,
        within_reach(_m.owner_id),
    )
)
"""Messages that were found by their meaning. Served by uq_messages_tenant_id_id."""


@lru_cache(maxsize=16)
def _in_place(*, conversation: bool, workspace: bool, deleted: bool) -> tuple[ColumnElement[bool], ...]:
    """What a message must be where somebody looks."""
    rules = [_m.tenant_id == TENANT, _c.tenant_id == TENANT, _c.id == _m.conversation_id, within_reach(_m.owner_id)]
    if conversation:
        rules += [_m.conversation_id == THIS, _m.seq <= bindparam("through", type_=Integer)]
    if workspace:
        rules.append(_c.workspace_id == bindparam("workspace_id", type_=Id))
    if not deleted:
        rules.append(_c.status != "DELETED")
    return tuple(rules)


@lru_cache(maxsize=16)
def among_listed(*, conversation: bool, workspace: bool, deleted: bool) -> Query[Any]:
    """Those of some messages that are where somebody looks."""
    rules = _in_place(conversation=conversation, workspace=workspace, deleted=deleted)
    return Query(select(_m.id).where(any_of(_m.id, "ids"), *rules))


@lru_cache(maxsize=16)
def nearest_in(*, conversation: bool, workspace: bool, deleted: bool) -> Query[Found]:
    """The messages where somebody looks that are most like a vector, compared one by one."""
    near = similarity(_v.embedding, bindparam("vector", type_=Vector)).label("similarity")
    rules = _in_place(conversation=conversation, workspace=workspace, deleted=deleted)
    rows = (
        select(_v.item_id, near)
        .select_from(in_this_order(conversations, messages, vectors))
        .where(_v.tenant_id == TENANT, _v.item_id == _m.id, _v.index_id == bindparam("index_id", type_=Id), *rules)
    )
    return Query(rows.order_by(near.desc(), _v.item_id).limit(LIMIT), Found)
