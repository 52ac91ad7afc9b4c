"""Every statement of appending, each named by what it is for."""

from sqlalchemy import (
    Integer,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.types import Text

from holdfast.core import trail
from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.lists import Each
from holdfast.core.database.text_match import is_listed
from holdfast.core.database.types import Digest, Id, Json, Time
from holdfast.domains.conversations.columns import THIS, within_reach
from holdfast.domains.conversations.tables import (
    conversations,
    messages,
    unindexed_conversations,
)

_c, _m = conversations.c, messages.c

lock_conversation = Query(
    select(_c.status, _c.message_count, _c.head, _c.last_message_at, _c.workspace_id, _c.indexed_through)
    .where(_c.tenant_id == TENANT, _c.id == THIS, _c.owner_id == ACTOR)
    .with_for_update()
)
"""The row lock under which seq is given."""

advance_conversation = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, _c.id == THIS)
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

_METADATA = bindparam("spelled_metadata", type_=Json)

insert_message = Query(
    insert(messages).values(
        tenant_id=TENANT,
        metadata=_METADATA,
        **{c.name: bindparam(c.name, type_=c.type) for c in _m if c.name not in ("tenant_id", "metadata")},
    )
)

queue_for_index = Query(insert(unindexed_conversations).values(tenant_id=TENANT, conversation_id=THIS))

mark_indexed = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, is_listed(_c.id, "ids"))
    .values(indexed_through=_c.message_count)
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
        _m.conversation_id == THIS,
        _m.request_id == bindparam("request_id"),
        _m.role == bindparam("role"),
    )
)
"""Served by uq_messages_request."""

keys_of = Query(
    select(_m.request_id, _m.role)
    .where(_m.tenant_id == TENANT, _m.conversation_id == THIS, within_reach(_m.owner_id))
    .order_by(_m.seq)
)

_EVENT = ("id", "at", "actor_role", "face", "address", "credential_id", "request_id", "operation", "details", "mac")
"""What the line in the trail says beyond the message itself."""

_APPENDED = (
    THIS,
    bindparam("id", type_=Id),
    bindparam("role", type_=Text()),
    bindparam("content", type_=Text()),
    bindparam("parts", type_=Json),
    _METADATA,
    bindparam("request_id", type_=Text()),
    bindparam("created_at", type_=Time),
    bindparam("salt", type_=_m.salt.type),
    bindparam("digest", type_=Digest),
    *[trail.parameter(name) for name in _EVENT],
)

APPENDED = tuple(parameter.key for parameter in _APPENDED)

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
    ).select_from(func.append_message(TENANT, ACTOR, REACH, *_APPENDED).table_valued("outcome"))
)

_LISTS = {"tenant_id": Id(), "actor_id": Id(), "reach": Text()} | {name.key: name.type for name in _APPENDED}

append_together_on_server = Query(
    select(
        literal_column("place", Integer()),
        literal_column("seq", Integer()),
        literal_column("created_at", Time()),
        literal_column("previous", Digest()),
    ).select_from(
        func.append_messages(
            *[bindparam(f"each_{name}", type_=Each(kind)) for name, kind in _LISTS.items()]
        ).table_valued("place")
    )
)
"""Several callers' messages, each to another conversation; those that are stored."""
