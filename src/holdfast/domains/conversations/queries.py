"""Every statement of conversations, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.types import Text

from holdfast.core import trail
from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import has_element, has_members, in_this_order, one_at_a_time
from holdfast.core.database.text_match import is_listed
from holdfast.core.database.text_search import search_messages
from holdfast.core.database.types import Digest, Id, Json, MarkList, Time, Words
from holdfast.core.database.vector_search import Vector, any_of, insert_or_replace, similarity
from holdfast.core.vectors.models import Found
from holdfast.core.vectors.tables import vector_indexes, vectors
from holdfast.domains.conversations.models import (
    Attachment,
    Conversation,
    Feedback,
    Message,
    Summary,
)
from holdfast.domains.conversations.tables import (
    attachments,
    conversations,
    embedded_conversations,
    feedback,
    message_index,
    messages,
    summaries,
    unindexed_conversations,
)
from holdfast.domains.identity.tables import tenants

_c, _m, _s, _f, _a = conversations.c, messages.c, summaries.c, feedback.c, attachments.c
_q, _e, _v, _i = unindexed_conversations.c, embedded_conversations.c, vectors.c, vector_indexes.c

_INTERNAL = ("tenant_id", "head", "previous_head", "indexed_through")
_CONVERSATION = [column for column in _c if column.name not in _INTERNAL]
_MESSAGE = [column for column in _m if column.name not in ("tenant_id", "owner_id", "salt")]
MESSAGE_FIELDS = tuple(column.name for column in _MESSAGE)
_THIS = bindparam("conversation_id", type_=Id)


def _within_reach(owner: ColumnElement[Any]) -> ColumnElement[bool]:
    """The actor's own, or anything of the tenant for those who administer or audit it."""
    return or_(owner == ACTOR, REACH == "tenant")


# -- conversations -----------------------------------------------------------------------------------------------------

_visible = select(*_CONVERSATION).where(_c.tenant_id == TENANT, _c.id == _THIS, _within_reach(_c.owner_id))

conversation = Query(_visible.where(_c.status != "DELETED"), Conversation)
"""By primary key."""

conversation_even_deleted = Query(_visible, Conversation)

conversation_by_source = Query(
    select(*_CONVERSATION).where(
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

lock_conversation = Query(
    select(_c.status, _c.message_count, _c.head, _c.last_message_at, _c.workspace_id, _c.indexed_through)
    .where(_c.tenant_id == TENANT, _c.id == _THIS, _c.owner_id == ACTOR)
    .with_for_update()
)
"""The row lock under which seq is given."""

lock_any_conversation = Query(
    select(_c.id).where(_c.tenant_id == TENANT, _c.id == _THIS, _within_reach(_c.owner_id)).with_for_update()
)

advance_conversation = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, _c.id == _THIS)
    .values(
        message_count=bindparam("seq"),
        head=bindparam("new_head", type_=Digest),
        previous_head=bindparam("previous", type_=Digest),
        last_message_at=bindparam("moment", type_=Time),
        active_at=bindparam("moment", type_=Time),
    )
)

advance_if_unchanged = Query(
    advance_conversation.statement.where(  # type: ignore[union-attr]  # it is an UPDATE
        _c.owner_id == ACTOR,
        _c.status == "ACTIVE",
        _c.message_count == bindparam("seen_count", type_=Integer),
        _c.head == bindparam("previous", type_=Digest),
        _c.indexed_through == bindparam("indexed_through", type_=Integer),
    )
)
"""The same, if nobody has appended since the conversation was seen: one statement instead of two."""

set_status = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, _c.id == _THIS)
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
    .where(_c.tenant_id == TENANT, _c.id == _THIS)
    .values(
        title=bindparam("new_title", type_=Text()),
        tags=bindparam("new_tags", type_=Json),
        metadata=bindparam("new_metadata", type_=Json),
    )
)

forks_of = Query(
    select(*_CONVERSATION)
    .where(_c.tenant_id == TENANT, _c.parent_id == _THIS, _within_reach(_c.owner_id))
    .order_by(_c.id),
    Conversation,
)
"""Served by ix_conversations_parent."""


@lru_cache(maxsize=256)
def page_of_conversations(
    *, status: bool, workspace: bool, metadata: bool, tag: bool, hidden: bool, after: bool
) -> Query[Conversation]:
    """An owner's conversations, the most recently active first. Served by ix_conversations_recent."""
    rows = select(*_CONVERSATION).where(
        _c.tenant_id == TENANT, _c.owner_id == bindparam("owner_id", type_=Id), _within_reach(_c.owner_id)
    )
    rows = rows.where(_c.status == bindparam("status") if status else _c.status != "DELETED")
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
    select(*_CONVERSATION)
    .where(
        _c.tenant_id == TENANT,
        _c.owner_id == ACTOR,
        _c.status == "ACTIVE",
        _c.message_count - _c.summarized_through >= bindparam("every", type_=Integer),
    )
    .order_by(_c.active_at.desc(), _c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
    Conversation,
)

# -- a workspace that is archived, restored or deleted, as the operator ------------------------------------------------

_IN_WORKSPACE = (
    _c.tenant_id == bindparam("in_tenant", type_=Id),
    _c.workspace_id == bindparam("of_workspace", type_=Id),
)
_MOMENT = bindparam("moment", type_=Time)

archive_workspace = Query(
    update(conversations).where(*_IN_WORKSPACE, _c.status == "ACTIVE").values(status="ARCHIVED", archived_at=_MOMENT),
    operator=True,
)

restore_workspace = Query(
    update(conversations)
    .where(*_IN_WORKSPACE, _c.status == "ARCHIVED", _c.archived_at == _MOMENT)
    .values(status="ACTIVE", archived_at=None),
    operator=True,
)

delete_workspace = Query(
    update(conversations).where(*_IN_WORKSPACE, _c.status != "DELETED").values(status="DELETED", deleted_at=_MOMENT),
    operator=True,
)

# -- the cap on visible conversations ----------------------------------------------------------------------------------

wait_for_turn = Query(select(one_at_a_time("turn")))
"""One creation at a time per owner, so that the cap holds under concurrency."""

tenant_settings = Query(select(tenants.c.settings).where(tenants.c.id == TENANT))

_SEEN = (_c.tenant_id == TENANT, _c.owner_id == ACTOR, _c.status == "ACTIVE", _c.hidden_at.is_(None))

count_visible = Query(select(func.count()).select_from(conversations).where(*_SEEN))

visible_by_relevance = Query(select(_c.id).where(*_SEEN).order_by(_c.active_at, _c.id))
"""The least relevant first: the one that has been silent for longest."""

hide = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, _c.id == _THIS)
    .values(hidden_at=bindparam("moment", type_=Time))
)

# -- messages ----------------------------------------------------------------------------------------------------------

insert_message = Query(
    insert(messages).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _m if c.name != "tenant_id"}
    )
)

index_message = Query(
    insert(message_index).values(
        tenant_id=TENANT,
        message_id=bindparam("id", type_=Id),
        marks=bindparam("marks", type_=MarkList),
        body=bindparam("body", type_=Words),
    )
)

queue_for_index = Query(insert(unindexed_conversations).values(tenant_id=TENANT, conversation_id=_THIS))

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

mark_indexed = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, is_listed(_c.id, "ids"))
    .values(indexed_through=_c.message_count)
)

leave_index_queue = Query(
    delete(unindexed_conversations).where(_q.tenant_id == TENANT, is_listed(_q.conversation_id, "ids"))
)

message_by_request = Query(
    select(
        literal_column("'REPLAYED'", Text()),
        _m.id,
        _m.seq,
        _m.content,
        _m.parts,
        _m.metadata,
        _m.created_at,
        _m.digest,
        _m.previous,
    ).where(
        _m.tenant_id == TENANT,
        _m.conversation_id == _THIS,
        _m.request_id == bindparam("request_id"),
        _m.role == bindparam("role"),
    )
)
"""Served by uq_messages_request."""

keys_of = Query(
    select(_m.request_id, _m.role)
    .where(_m.tenant_id == TENANT, _m.conversation_id == _THIS, _within_reach(_m.owner_id))
    .order_by(_m.seq)
)

_EVENT = ("id", "at", "actor_role", "face", "address", "credential_id", "request_id", "operation", "details", "mac")
"""What the line in the trail says beyond the message itself."""

append_on_server = Query(
    select(
        *[
            literal_column(name, type_)
            for name, type_ in {
                "outcome": Text(),
                "id": Id(),
                "seq": Integer(),
                "content": Text(),
                "parts": Json(),
                "metadata": Json(),
                "created_at": Time(),
                "digest": Digest(),
                "previous": Digest(),
            }.items()
        ]
    ).select_from(
        func.append_message(
            TENANT,
            ACTOR,
            REACH,
            _THIS,
            bindparam("id", type_=Id),
            bindparam("role"),
            bindparam("content"),
            bindparam("parts", type_=Json),
            bindparam("metadata", type_=Json),
            bindparam("request_id"),
            bindparam("created_at", type_=Time),
            bindparam("salt", type_=_m.salt.type),
            bindparam("digest", type_=Digest),
            *[trail.parameter(name) for name in _EVENT],
        ).table_valued("outcome")
    )
)


def _own_messages() -> Select[Any]:
    """The messages that a conversation has itself, within a range of seq. Served by the primary key."""
    return select(*_MESSAGE).where(
        _m.tenant_id == TENANT,
        _m.conversation_id == _THIS,
        _within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )


_LIMIT = bindparam("limit", type_=Integer)

last_messages = Query(_own_messages().order_by(_m.seq.desc()).limit(_LIMIT), Message)

messages_after = Query(_own_messages().order_by(_m.seq).limit(_LIMIT), Message)

messages_between = Query(
    _own_messages()
    .where(_m.created_at >= bindparam("since", type_=Time), _m.created_at < bindparam("until", type_=Time))
    .order_by(_m.seq)
    .limit(_LIMIT),
    Message,
)

counts_by_role = Query(
    select(_m.role, func.count())
    .where(
        _m.tenant_id == TENANT,
        _m.conversation_id == _THIS,
        _within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )
    .group_by(_m.role)
)

message = Query(
    select(*_MESSAGE).where(
        _m.tenant_id == TENANT, _m.id == bindparam("message_id", type_=Id), _within_reach(_m.owner_id)
    ),
    Message,
)
"""Served by uq_messages_tenant_id_id. Of a deleted conversation too: a fork may still show it."""

chain_links = Query(
    select(_m.seq, _m.id, _m.role, _m.created_at, _m.digest, _m.previous, _m.salt, _m.content, _m.parts, _m.metadata)
    .where(
        _m.tenant_id == TENANT,
        _m.conversation_id == _THIS,
        _within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )
    .order_by(_m.seq)
    .limit(_LIMIT)
)

head = Query(select(_c.head).where(_c.tenant_id == TENANT, _c.id == _THIS, _within_reach(_c.owner_id)))

hash_before = Query(
    select(_m.previous).where(
        _m.tenant_id == TENANT,
        _m.conversation_id == _THIS,
        _within_reach(_m.owner_id),
        _m.seq == bindparam("seq", type_=Integer),
    )
)

# -- search ------------------------------------------------------------------------------------------------------------

_hits = search_messages().hits()

search = Query(
    select(*_MESSAGE, _c.title.label("title"), _hits.c.score)
    .select_from(in_this_order(_hits, messages, conversations))
    .where(
        _m.tenant_id == TENANT,
        _m.id == _hits.c.message_id,
        _c.tenant_id == TENANT,
        _c.id == _m.conversation_id,
        _within_reach(_m.owner_id),
    )
    .order_by(_hits.c.score.desc(), _m.id.desc())
)
"""The ranking is done inside the index; this fetches the few that are shown."""

_HIT = (*_MESSAGE, _c.title.label("title"))

hits_listed = Query(
    select(*_HIT).where(
        _m.tenant_id == TENANT,
        any_of(_m.id, "ids"),
        _c.tenant_id == TENANT,
        _c.id == _m.conversation_id,
        _within_reach(_m.owner_id),
    )
)
"""Messages that were found by their meaning. Served by uq_messages_tenant_id_id."""


@lru_cache(maxsize=16)
def _in_place(*, conversation: bool, workspace: bool, deleted: bool) -> tuple[ColumnElement[bool], ...]:
    """What a message must be where somebody looks."""
    rules = [_m.tenant_id == TENANT, _c.tenant_id == TENANT, _c.id == _m.conversation_id, _within_reach(_m.owner_id)]
    if conversation:
        rules += [_m.conversation_id == _THIS, _m.seq <= bindparam("through", type_=Integer)]
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
    return Query(rows.order_by(near.desc(), _v.item_id).limit(_LIMIT), Found)


# -- vectors -----------------------------------------------------------------------------------------------------------

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
    _within_reach(_c.owner_id),
    _c.status != "DELETED",
    _c.message_count > _through,
)

waiting_for_vectors = Query(
    select(_c.id, _c.owner_id, _through, _c.message_count)
    .select_from(_with_vectors)
    .where(*_WAITING)
    .order_by(_c.owner_id, _c.id)
    .limit(_LIMIT)
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
        _m.conversation_id == _THIS,
        _within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
    )
    .order_by(_m.seq)
    .limit(_LIMIT)
)

hold_for_vectors = Query(
    select(_c.owner_id)
    .where(_c.tenant_id == TENANT, _c.id == _THIS, _within_reach(_c.owner_id))
    .with_for_update(read=True, key_share=True)
)
"""Until this transaction ends nobody takes the conversation away."""

ids_between = Query(
    select(_m.id).where(
        _m.tenant_id == TENANT,
        _m.conversation_id == _THIS,
        _within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )
)

set_embedded = Query(
    insert_or_replace(
        embedded_conversations,
        {
            "tenant_id": TENANT,
            "conversation_id": _THIS,
            "index_id": bindparam("index_id", type_=Id),
            "through_seq": bindparam("through", type_=Integer),
        },
    )
)

# -- summaries, feedback, attachments ----------------------------------------------------------------------------------

_SUMMARY = [column for column in _s if column.name != "tenant_id"]

summaries_of = Query(
    select(*_SUMMARY).where(_s.tenant_id == TENANT, _s.conversation_id == _THIS).order_by(_s.version), Summary
)

latest_summary = Query(
    select(*_SUMMARY).where(_s.tenant_id == TENANT, _s.conversation_id == _THIS).order_by(_s.version.desc()).limit(1),
    Summary,
)

insert_summary = Query(
    insert(summaries).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _s if c.name != "tenant_id"}
    )
)

mark_summarized = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, _c.id == _THIS, _c.summarized_through < bindparam("through_seq", type_=Integer))
    .values(summarized_through=bindparam("through_seq", type_=Integer))
)

_FEEDBACK = [column for column in _f if column.name != "tenant_id"]
_MINE = (_f.tenant_id == TENANT, _f.message_id == bindparam("message_id", type_=Id), _f.user_id == ACTOR)

insert_feedback = Query(
    insert(feedback).values(
        tenant_id=TENANT,
        user_id=ACTOR,
        **{c: bindparam(c, type_=_f[c].type) for c in ("message_id", "rating", "comment", "created_at")},
    )
)

update_feedback = Query(
    update(feedback)
    .where(*_MINE)
    .values({c: bindparam(f"new_{c}", type_=_f[c].type) for c in ("rating", "comment", "created_at")})
)

feedback_in = Query(
    select(*_FEEDBACK)
    .join(messages, (_m.tenant_id == _f.tenant_id) & (_m.id == _f.message_id))
    .where(
        _f.tenant_id == TENANT,
        _m.conversation_id == _THIS,
        _within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )
    .order_by(_m.seq, _f.user_id),
    Feedback,
)

_ATTACHMENT = [column for column in _a if column.name not in ("tenant_id", "data")]
_THIS_FILE = (
    _a.tenant_id == TENANT,
    _a.conversation_id == _THIS,
    _a.digest == bindparam("digest", type_=Digest),
)

insert_attachment = Query(
    insert(attachments).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _a if c.name != "tenant_id"}
    )
)

attachment = Query(select(*_ATTACHMENT).where(*_THIS_FILE), Attachment)

attachment_data = Query(select(_a.data).where(*_THIS_FILE))
