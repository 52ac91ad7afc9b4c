"""The states of a conversation: ACTIVE, ARCHIVED, CLOSED, DELETED; each change keeps its time."""

from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.domains.conversations import lineage, queries
from holdfast.domains.conversations.errors import ConversationNotActive
from holdfast.domains.conversations.models import Conversation, Status

_TIMES: dict[Status, str] = {"ARCHIVED": "archived_at", "CLOSED": "closed_at", "DELETED": "deleted_at"}


def change(tx: Transaction, conversation_id: UUID, status: Status) -> Conversation:
    """Bring a conversation into a state; one that is in it already stays as it is.

    Becoming active clears the times and makes it visible; any other change adds its time to those before.
    """
    tx.first(queries.lock_any_conversation, {"conversation_id": conversation_id})
    found = lineage.find(tx, conversation_id, even_deleted=status == "ACTIVE")
    if found.status == status and (status != "ACTIVE" or found.hidden_at is None):
        tx.unchanged()
        return found
    tx.record("conversation", found.id, owner=found.owner_id, status=status)
    times = {name: None if status == "ACTIVE" else getattr(found, name) for name in (*_TIMES.values(), "hidden_at")}
    if status in _TIMES:
        times[_TIMES[status]] = now()
    row = {f"new_{name}": value for name, value in times.items()}
    tx.run(queries.set_status, {"conversation_id": conversation_id, "new_status": status, **row})
    return lineage.find(tx, conversation_id, even_deleted=True)


def check_active(conversation: Conversation) -> None:
    """Raise `ConversationNotActive` unless it takes messages."""
    if conversation.status != "ACTIVE":
        raise ConversationNotActive(conversation.id, conversation.status)
