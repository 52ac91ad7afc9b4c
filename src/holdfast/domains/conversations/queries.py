"""Every statement of conversations themselves, each named by what it is for; other files have those of messages."""

from functools import lru_cache

from sqlalchemy import (
    Integer,
    bindparam,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, TENANT, Query
from holdfast.core.database.constructs import has_element, has_members, one_at_a_time
from holdfast.core.database.types import Id, Json, Time
from holdfast.domains.conversations.columns import ACTIVE, CONVERSATION, DELETED, THIS, within_reach
from holdfast.domains.conversations.models import (
    Conversation,
)
from holdfast.domains.conversations.tables import (
    conversations,
)
from holdfast.domains.identity.tables import tenants

_c = conversations.c

_visible = select(*CONVERSATION).where(_c.tenant_id == TENANT, _c.id == THIS, within_reach(_c.owner_id))

conversation = Query(_visible.where(_c.status != DELETED), Conversation)
"""By primary key."""

conversation_even_deleted = Query(_visible, Conversation)

conversation_by_source = Query(
    select(*CONVERSATION).where(
        _c.tenant_id == TENANT,
        _c.owner_id == ACTOR,
        _c.source == bindparam("source"),
        _c.source_id == bindparam("source_id"),
    ),
    Conversation,
)
"""Served by uq_conversations_source."""

insert_conversation = Query(
    insert(conversations).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _c if c.name != "tenant_id"}
    )
)

lock_any_conversation = Query(
    select(_c.id).where(_c.tenant_id == TENANT, _c.id == THIS, within_reach(_c.owner_id)).with_for_update()
)

set_status = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, _c.id == THIS)
    .values(
        status=bindparam("new_status"),
        archived_at=bindparam("new_archived_at", type_=Time),
        closed_at=bindparam("new_closed_at", type_=Time),
        deleted_at=bindparam("new_deleted_at", type_=Time),
        hidden_at=bindparam("new_hidden_at", type_=Time),
    )
)

edit_conversation = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, _c.id == THIS)
    .values(
        title=bindparam("new_title", type_=Text()),
        tags=bindparam("new_tags", type_=Json),
        metadata=bindparam("new_metadata", type_=Json),
    )
)

forks_of = Query(
    select(*CONVERSATION)
    .where(_c.tenant_id == TENANT, _c.parent_id == THIS, within_reach(_c.owner_id))
    .order_by(_c.id),
    Conversation,
)
"""Served by ix_conversations_parent."""


@lru_cache(maxsize=256)
def page_of_conversations(
    *, status: bool, workspace: bool, metadata: bool, tag: bool, hidden: bool, after: bool
) -> Query[Conversation]:
    """An owner's conversations, the most recently active first. Served by ix_conversations_recent."""
    rows = select(*CONVERSATION).where(
        _c.tenant_id == TENANT, _c.owner_id == bindparam("owner_id", type_=Id), within_reach(_c.owner_id)
    )
    rows = rows.where(_c.status == bindparam("status") if status else _c.status != DELETED)
    if not hidden:
        rows = rows.where(_c.hidden_at.is_(None))
    if workspace:
        rows = rows.where(_c.workspace_id == bindparam("workspace_id", type_=Id))
    if metadata:
        rows = rows.where(has_members(_c.metadata, "metadata"))
    if tag:
        rows = rows.where(has_element(_c.tags, "tag"))
    if after:
        place = tuple_(bindparam("after_time", type_=Time), bindparam("after_id", type_=Id))
        rows = rows.where(tuple_(_c.active_at, _c.id) < place)
    return Query(
        rows.order_by(_c.active_at.desc(), _c.id.desc()).limit(bindparam("limit", type_=Integer)), Conversation
    )


due_summaries = Query(
    select(*CONVERSATION)
    .where(
        _c.tenant_id == TENANT,
        _c.owner_id == ACTOR,
        _c.status == ACTIVE,
        _c.message_count - _c.summarized_through >= bindparam("every", type_=Integer),
    )
    .order_by(_c.active_at.desc(), _c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
    Conversation,
)

_IN_WORKSPACE = (
    _c.tenant_id == bindparam("in_tenant", type_=Id),
    _c.workspace_id == bindparam("of_workspace", type_=Id),
)

_MOMENT = bindparam("moment", type_=Time)

archive_workspace = Query(
    update(conversations).where(*_IN_WORKSPACE, _c.status == ACTIVE).values(status="ARCHIVED", archived_at=_MOMENT),
    operator=True,
)

restore_workspace = Query(
    update(conversations)
    .where(*_IN_WORKSPACE, _c.status == "ARCHIVED", _c.archived_at == _MOMENT)
    .values(status="ACTIVE", archived_at=None),
    operator=True,
)

delete_workspace = Query(
    update(conversations).where(*_IN_WORKSPACE, _c.status != DELETED).values(status="DELETED", deleted_at=_MOMENT),
    operator=True,
)

wait_for_turn = Query(select(one_at_a_time("turn")))
"""One creation at a time per owner, so that the cap holds under concurrency."""

tenant_settings = Query(select(tenants.c.settings).where(tenants.c.id == TENANT))

_SEEN = (_c.tenant_id == TENANT, _c.owner_id == ACTOR, _c.status == ACTIVE, _c.hidden_at.is_(None))

count_visible = Query(select(func.count()).select_from(conversations).where(*_SEEN))

visible_by_relevance = Query(select(_c.id).where(*_SEEN).order_by(_c.active_at, _c.id))
"""The least relevant first: the one that has been silent for longest."""

hide = Query(
    update(conversations).where(_c.tenant_id == TENANT, _c.id == THIS).values(hidden_at=bindparam("moment", type_=Time))
)
