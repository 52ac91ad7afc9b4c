"""New conversations: empty ones, and forks that share the past of another."""

from datetime import datetime
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.ids import new_id
from holdfast.domains.conversations import lineage, message_queries, queries
from holdfast.domains.conversations.chain import genesis
from holdfast.domains.conversations.errors import SeqOutOfRange
from holdfast.domains.conversations.models import Conversation
from holdfast.domains.identity.workspaces import check_workspace


def insert(tx: Transaction, new: Conversation, *, head: str | None = None) -> Conversation:
    """Store a conversation. Raises what `check_workspace` raises of its workspace."""
    if new.workspace_id is not None:
        check_workspace(tx, new.workspace_id, writing=True)
    tx.run(
        queries.insert_conversation,
        {**new.__dict__, "head": head or genesis(new.id), "previous_head": None, "indexed_through": new.message_count},
    )
    return new


def fork(
    tx: Transaction,
    parent: Conversation,
    *,
    at: int,
    title: str | None,
    owner_id: UUID,
    source: str | None = None,
    source_id: str | None = None,
    created_at: datetime | None = None,
) -> Conversation:
    """A conversation that shares the first `at` messages of `parent`, which its own continue. Nothing is copied."""
    lineage.check_seq("at", at, parent)
    moment = created_at or now()
    new = Conversation(
        id=new_id(),
        owner_id=owner_id,
        workspace_id=parent.workspace_id,
        title=title if title is not None else parent.title,
        tags=parent.tags,
        metadata=parent.metadata,
        message_count=at,
        created_at=moment,
        last_message_at=parent.last_message_at,
        active_at=moment,
        parent_id=parent.id,
        forked_at=at,
        source=source,
        source_id=source_id,
    )
    return insert(tx, new, head=_hash_of(tx, parent, at))


def _hash_of(tx: Transaction, conversation: Conversation, seq: int) -> str:
    """The hash of message `seq`: what the next one carries, or the head if there is none."""
    if seq == conversation.message_count:
        row = tx.first(message_queries.head, {"conversation_id": conversation.id})
    else:
        part = lineage.segment_of(tx, conversation, seq + 1)
        row = tx.first(message_queries.hash_before, {"conversation_id": part.conversation_id, "seq": seq + 1})
    if row is None:
        raise SeqOutOfRange("at", seq, conversation.message_count)
    return str(row[0])
