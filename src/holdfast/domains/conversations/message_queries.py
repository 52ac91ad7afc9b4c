"""Every statement that reads messages."""

from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    bindparam,
    func,
    select,
)

from holdfast.core.database import TENANT, Query
from holdfast.core.database.types import Id, Time
from holdfast.domains.conversations.columns import LIMIT, MESSAGE, THIS, within_reach
from holdfast.domains.conversations.models import (
    Message,
)
from holdfast.domains.conversations.tables import (
    conversations,
    messages,
)

_c, _m = conversations.c, messages.c


def _own_messages() -> Select[Any]:
    """The messages that a conversation has itself, within a range of seq. Served by the primary key."""
    return select(*MESSAGE).where(
        _m.tenant_id == TENANT,
        _m.conversation_id == THIS,
        within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )


last_messages = Query(_own_messages().order_by(_m.seq.desc()).limit(LIMIT), Message)

messages_after = Query(_own_messages().order_by(_m.seq).limit(LIMIT), Message)

messages_between = Query(
    _own_messages()
    .where(_m.created_at >= bindparam("since", type_=Time), _m.created_at < bindparam("until", type_=Time))
    .order_by(_m.seq)
    .limit(LIMIT),
    Message,
)

counts_by_role = Query(
    select(_m.role, func.count())
    .where(
        _m.tenant_id == TENANT,
        _m.conversation_id == THIS,
        within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )
    .group_by(_m.role)
)

message = Query(
    select(*MESSAGE).where(
        _m.tenant_id == TENANT, _m.id == bindparam("message_id", type_=Id), within_reach(_m.owner_id)
    ),
    Message,
)
"""Served by uq_messages_tenant_id_id. Of a deleted conversation too: a fork may still show it."""

chain_links = Query(
    select(_m.seq, _m.id, _m.role, _m.created_at, _m.digest, _m.previous, _m.salt, _m.content, _m.parts, _m.metadata)
    .where(
        _m.tenant_id == TENANT,
        _m.conversation_id == THIS,
        within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )
    .order_by(_m.seq)
    .limit(LIMIT)
)

head = Query(select(_c.head).where(_c.tenant_id == TENANT, _c.id == THIS, within_reach(_c.owner_id)))

hash_before = Query(
    select(_m.previous).where(
        _m.tenant_id == TENANT,
        _m.conversation_id == THIS,
        within_reach(_m.owner_id),
        _m.seq == bindparam("seq", type_=Integer),
    )
)
