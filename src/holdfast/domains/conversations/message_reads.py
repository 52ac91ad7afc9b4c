"""Reading messages."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from holdfast.core.action import Actions, action
from holdfast.core.clock import EPOCH, as_utc
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_document
from holdfast.core.pages import Page, check_limit
from holdfast.core.references import register_reference
from holdfast.domains.conversations import (
    cursors,
    lineage,
    message_queries,
    verification,
)
from holdfast.domains.conversations.errors import MessageNotFound
from holdfast.domains.conversations.models import (
    Message,
    Verification,
)

ConversationId = UUID | str
MessageList = list[Message]

_NO_END = datetime(9999, 12, 31, tzinfo=EPOCH.tzinfo)


class MessageReads(Actions):
    """What can be read of messages; see `Conversations`."""

    @action("conversations.read", writes=False, on="conversation")
    def last(self, conversation: ConversationId, n: int = 20) -> Work[MessageList]:
        """The latest `n` messages, oldest first. Two statements, whatever the conversation's length, which PostgreSQL
        answers in one round trip; of a fork that has fewer, two more for each ancestor that is reached.
        """
        conversation_id, count = conversation_id_of(conversation), check_limit(n, self.settings.last, field="n")

        def work(tx: Transaction) -> MessageList:
            found, (own,) = lineage.find_with(tx, conversation_id, lineage.own_last(count))
            return lineage.last(tx, found, own, count)

        return work

    @action("conversations.read", writes=False, on="conversation")
    def messages(
        self, conversation: ConversationId, *, limit: int = 50, cursor: str | None = None
    ) -> Work[Page[Message]]:
        """A page of messages, oldest first. A cursor also goes on from messages appended later."""
        conversation_id = conversation_id_of(conversation)
        question = ("conversations.messages", self.scope.tenant_id, self.scope.actor_id, conversation_id)
        after = 0 if cursor is None else cursors.seq(question, cursor)
        check_limit(limit, self.settings.page)

        def work(tx: Transaction) -> Page[Message]:
            found = lineage.find(tx, conversation_id)
            rows = lineage.forwards(tx, found, message_queries.messages_after, after=after, limit=limit + 1)
            return cursors.page_by_seq(rows, limit, question)

        return work

    @action("conversations.read", writes=False, on="conversation")
    def between(
        self, conversation: ConversationId, since: datetime, until: datetime | None = None, *, limit: int = 200
    ) -> Work[MessageList]:
        """The messages written from `since` up to, and without, `until`, oldest first, `limit` at most."""
        conversation_id = conversation_id_of(conversation)
        times = {
            "since": as_utc(since, field="since"),
            "until": _NO_END if until is None else as_utc(until, field="until"),
        }
        check_limit(limit, self.settings.page)
        return lambda tx: lineage.forwards(
            tx, lineage.find(tx, conversation_id), message_queries.messages_between, after=0, limit=limit, params=times
        )

    @action("conversations.read", writes=False, on="message_id")
    def message(self, message_id: UUID | str) -> Work[Message]:
        """One message by its id. Raises `MessageNotFound`."""
        wanted = as_id(message_id, field="message_id")
        return lambda tx: find_message(tx, wanted)

    @action("conversations.read", writes=False, on="conversation")
    def counts(self, conversation: ConversationId) -> Work[dict[str, int]]:
        """How many messages each role has written."""
        conversation_id = conversation_id_of(conversation)

        def work(tx: Transaction) -> dict[str, int]:
            totals: dict[str, int] = {}
            for part in lineage.segments(tx, lineage.find(tx, conversation_id)):
                for role, count in tx.all(message_queries.counts_by_role, part.__dict__):
                    totals[role] = totals.get(role, 0) + count
            return totals

        return work

    @action("conversations.verify", writes=False, on="conversation")
    def verify(self, conversation: ConversationId) -> Work[Verification]:
        """Check the whole hash chain. Says which message is the first at fault, and why."""
        conversation_id = conversation_id_of(conversation)
        return lambda tx: verification.verify(tx, lineage.find(tx, conversation_id, even_deleted=True))

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: conversations belong to a person; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id

    def _check_metadata(self, metadata: Mapping[str, object] | None) -> dict[str, object]:
        return check_document(
            metadata,
            field="metadata",
            most_bytes=self.settings.metadata_bytes,
            most_depth=self.settings.metadata_depth,
        )


def conversation_id_of(conversation: ConversationId) -> UUID:
    """The id given. Raises `InvalidInput`."""
    return as_id(conversation, field="conversation")


def find_message(tx: Transaction, message_id: UUID) -> Message:
    """A message within reach. Raises `MessageNotFound`."""
    found = tx.first(message_queries.message, {"message_id": message_id})
    if found is None or not lineage.is_shown(tx, found.conversation_id, found.seq):
        raise MessageNotFound(message_id)
    return found


register_reference("message", find_message)
register_reference("conversation", lineage.find)
register_reference("conversation", lineage.find)
