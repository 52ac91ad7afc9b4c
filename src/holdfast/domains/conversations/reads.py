"""Reading conversations, and what is kept beside their messages."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from holdfast.core.action import action, composite
from holdfast.core.activity import Cost, cost_of
from holdfast.core.database import Transaction, Work
from holdfast.core.database.types import dump_json
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice, check_name, check_text
from holdfast.core.pages import Page, check_limit
from holdfast.domains.conversations import (
    beside_queries,
    contexts,
    cursors,
    lineage,
    queries,
    visibility,
)
from holdfast.domains.conversations.attaching import check_digest
from holdfast.domains.conversations.errors import AttachmentNotFound
from holdfast.domains.conversations.message_reads import (
    ConversationId,
    MessageReads,
    conversation_id_of,
)
from holdfast.domains.conversations.models import (
    STATUSES,
    Context,
    Conversation,
    Feedback,
    Status,
    Summary,
    Visible,
)

ConversationList = list[Conversation]
SummaryList = list[Summary]
FeedbackList = list[Feedback]
"""Named here because the class has a method called `list`."""


class ConversationReads(MessageReads):
    """What can be read of conversations; see `Conversations`."""

    @action("conversations.read", writes=False, on="conversation")
    def get(self, conversation: ConversationId) -> Work[Conversation]:
        """One conversation. Raises `ConversationNotFound`."""
        conversation_id = conversation_id_of(conversation)
        return lambda tx: lineage.find(tx, conversation_id)

    @action("conversations.read", writes=False)
    def list(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        status: Status | None = None,
        workspace: UUID | str | None = None,
        metadata: Mapping[str, object] | None = None,
        tag: str | None = None,
        hidden: bool = False,
        owner: UUID | str | None = None,
    ) -> Work[Page[Conversation]]:
        """A page of a person's conversations, the most recently active first; the actor's own unless `owner` is given.

        Without `status`, all but deleted ones; hidden ones only when asked for. `metadata` names top-level members
        that must be equal, as JSON spells them (1 and 1.0 are two values). One indexed statement, whatever the number
        of conversations. Raises `InvalidCursor`.
        """
        params: dict[str, Any] = {
            "limit": check_limit(limit, self.settings.page) + 1,
            "owner_id": self._actor() if owner is None else as_id(owner, field="owner"),
            "status": None if status is None else check_choice(status, STATUSES, field="status"),
            "workspace_id": None if workspace is None else as_id(workspace, field="workspace"),
            "metadata": self._check_metadata(metadata),
            "tag": None if tag is None else check_name(tag, field="tag", most_chars=self.settings.title_chars),
        }
        filters = dump_json({name: str(value) for name, value in params.items() if name not in ("limit", "metadata")})
        asked = (hidden, filters, dump_json(params["metadata"]))
        question = ("conversations.list", self.scope.tenant_id, self.scope.actor_id, *asked)
        if cursor is not None:
            params["after_time"], params["after_id"] = cursors.time_and_id(question, cursor)
        query = queries.page_of_conversations(
            status=status is not None,
            workspace=workspace is not None,
            metadata=bool(params["metadata"]),
            tag=tag is not None,
            hidden=hidden or status == "DELETED",
            after=cursor is not None,
        )

        def work(tx: Transaction) -> Page[Conversation]:
            tx.saw("user", params["owner_id"], owner=params["owner_id"])
            return cursors.page_by_activity(tx.all(query, params), limit, question)

        return work

    @action("conversations.read", writes=False, on="conversation")
    def summaries(self, conversation: ConversationId) -> Work[SummaryList]:
        """Every version of the summary, oldest first."""
        conversation_id = conversation_id_of(conversation)

        return lambda tx: lineage.find_with(tx, conversation_id, (beside_queries.summaries_of, {}))[1][0]

    @action("conversations.read", writes=False)
    def due_summaries(self, *, every: int | None = None, limit: int = 50) -> Work[ConversationList]:
        """The actor's active conversations with `every` messages (by default `Settings.summary_every`) or more
        beyond their last summary, the most recently active first.
        """
        wanted = self.settings.summary_every if every is None else check_limit(every, 2**31 - 1, field="every")
        params = {"every": wanted, "limit": check_limit(limit, self.settings.page)}
        return lambda tx: tx.all(queries.due_summaries, params)

    @composite
    def context(
        self,
        conversation: ConversationId,
        *,
        max_tokens: int = 4000,
        last: int = 10,
        question: str | None = None,
        passages: bool = True,
    ) -> Context:
        """What a model should be told, within `max_tokens`: the summary, the last messages, and what other rooms add.

        Facts and passages are those that bear on `question`, or on the newest message of a user. Tokens are counted by
        `Settings.count_tokens`. Read on one snapshot; a vector of the question, where something is searched by meaning,
        is made before it, and what was searched is logged after it: `retrieval` in a passage's origin is what
        `knowledge.cite` takes. `passages=False` leaves passages out, for who searches by themselves. `Context.left_out`
        says what did not fit, and why. Raises `ConversationNotFound`, `InvalidInput`.
        """
        if question is not None:
            check_text(question, field="question", most_bytes=self.settings.message_bytes)

        def asked() -> str:
            return contexts.newest_question(self.last(conversation, last)) if question is None else question

        prepared = contexts.prepare(self, asked, without=() if passages else ("passages",))
        made = self._context(conversation, max_tokens, last, question, prepared)
        contexts.log(self, prepared)
        return made

    @action("conversations.read", writes=False, on="conversation")
    def _context(
        self, conversation: ConversationId, max_tokens: int, last: int, question: str | None, prepared: dict[str, Any]
    ) -> Work[Context]:
        conversation_id = conversation_id_of(conversation)
        check_limit(max_tokens, 10_000_000, field="max_tokens")
        check_limit(last, self.settings.last, field="last")
        wanted = contexts.Wanted(
            max_tokens=max_tokens,
            last=last,
            question=question,
            count_tokens=self.settings.count_tokens,
            prepared=prepared,
        )
        return lambda tx: contexts.assemble(tx, conversation_id, wanted)

    @action("conversations.read", writes=False)
    def visible(self) -> Work[Visible]:
        """How many of the actor's conversations are visible, against the tenant's cap."""
        return visibility.count

    @action("conversations.read", writes=False, on="conversation")
    def cost(self, conversation: ConversationId) -> Work[Cost]:
        """What a conversation has cost, as far as its usage was recorded. Raises `ConversationNotFound`."""
        conversation_id = conversation_id_of(conversation)

        def work(tx: Transaction) -> Cost:
            lineage.find(tx, conversation_id)
            return cost_of(tx, "conversation", conversation_id)

        return work

    @action("conversations.read", writes=False, on="conversation")
    def feedback(self, conversation: ConversationId) -> Work[FeedbackList]:
        """The ratings of a conversation's answers, in the order of the answers."""
        conversation_id = conversation_id_of(conversation)

        def work(tx: Transaction) -> FeedbackList:
            parts = reversed(list(lineage.segments(tx, lineage.find(tx, conversation_id))))
            return [found for part in parts for found in tx.all(beside_queries.feedback_in, part.__dict__)]

        return work

    @action("conversations.read", writes=False, on="conversation")
    def attachment(self, conversation: ConversationId, digest: str) -> Work[bytes]:
        """The bytes of an attachment of this conversation or of the past it shares."""
        conversation_id = conversation_id_of(conversation)
        wanted = check_digest(digest)

        def work(tx: Transaction) -> bytes:
            for part in lineage.segments(tx, lineage.find(tx, conversation_id)):
                row = tx.first(
                    beside_queries.attachment_data, {"conversation_id": part.conversation_id, "digest": wanted}
                )
                if row is not None:
                    return bytes(row[0])
            raise AttachmentNotFound(wanted)

        return work
