"""What is kept beside messages: summaries, ratings, files."""

from collections.abc import Sequence
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_json, check_text
from holdfast.domains.conversations import (
    append_queries,
    beside_queries,
    lineage,
    queries,
    statuses,
)
from holdfast.domains.conversations.attaching import check_attachment
from holdfast.domains.conversations.errors import NotAnAnswer
from holdfast.domains.conversations.message_reads import ConversationId, conversation_id_of, find_message
from holdfast.domains.conversations.models import (
    Attachment,
    Feedback,
    Summary,
)
from holdfast.domains.conversations.reads import ConversationReads


class Beside(ConversationReads):
    """What is kept beside messages; see `Conversations`."""

    @action("conversations.summarize", writes=True, on="conversation")
    def summarize(
        self,
        conversation: ConversationId,
        text: str,
        *,
        through: int | None = None,
        first: int = 1,
        entities: Sequence[object] = (),
    ) -> Work[Summary]:
        """Store a new version of the summary, covering messages `first` to `through` (by default the newest).

        Raises `SeqOutOfRange`, `ConversationNotFound`, `InvalidInput`.
        """
        conversation_id = conversation_id_of(conversation)
        summary_text = check_text(text, field="text", most_bytes=self.settings.message_bytes)
        if not summary_text.strip():
            raise InvalidInput("text: is empty; a summary says something", field="text")
        names = [*entities]
        limits = {"most_bytes": self.settings.metadata_bytes, "most_depth": self.settings.metadata_depth}
        check_json(names, field="entities", **limits)

        def work(tx: Transaction) -> Summary:
            asked = (queries.lock_any_conversation, queries.conversation, beside_queries.latest_summary)
            _locked, rows, latest = tx.together(*((query, {"conversation_id": conversation_id}) for query in asked))
            found = lineage.found_in(tx, conversation_id, rows)
            end = lineage.check_seq("through", found.message_count if through is None else through, found)
            summary = Summary(
                conversation_id=conversation_id,
                version=latest[0].version + 1 if latest else 1,
                text=summary_text,
                first_seq=lineage.check_seq("first", first, found, most=end),
                through_seq=end,
                entities=names,
                created_at=now(),
                created_by=self._actor(),
            )
            changed = (beside_queries.insert_summary, beside_queries.mark_summarized)
            tx.together(*((query, summary.__dict__) for query in changed))
            tx.record("conversation", found.id, owner=found.owner_id, summary=summary.version)
            return summary

        return work

    @action("conversations.rate", writes=True, on="message_id")
    def rate(self, message_id: UUID | str, rating: int, *, comment: str | None = None) -> Work[Feedback]:
        """Rate an answer: 1 or -1. A second rating by the same user takes the place of the first.

        Raises `NotAnAnswer`, `MessageNotFound`, `InvalidInput`.
        """
        if isinstance(rating, bool) or rating not in (1, -1):
            raise InvalidInput(f"rating: {rating!r:.40} is neither 1 nor -1", field="rating")
        row = {
            "message_id": as_id(message_id, field="message_id"),
            "user_id": self._actor(),
            "rating": rating,
            "comment": None if comment is None else check_text(comment, field="comment", most_bytes=10_000),
            "created_at": now(),
        }

        def work(tx: Transaction) -> Feedback:
            message = find_message(tx, row["message_id"])  # type: ignore[arg-type]  # as_id gave it
            if message.role != "assistant":
                raise NotAnAnswer(message.role)
            tx.all(queries.wait_for_turn, {"turn": f"rate {message.id} {row['user_id']}"})
            if not tx.run(beside_queries.update_feedback, row | {f"new_{name}": value for name, value in row.items()}):
                tx.run(beside_queries.insert_feedback, row)
            return Feedback(**row)  # type: ignore[arg-type]  # the row above

        return work

    @action("conversations.append", writes=True, on="conversation")
    def attach(self, conversation: ConversationId, data: bytes, *, name: str, media_type: str) -> Work[Attachment]:
        """Keep a file with a conversation; put `attachment.part()` among a message's parts to show it there.

        The same bytes twice are kept once. Raises `AttachmentRefused`, `ConversationNotFound`.
        """
        conversation_id = conversation_id_of(conversation)
        row = {"conversation_id": conversation_id, "created_at": now()}
        row |= check_attachment(data, name, media_type, self.settings)

        def work(tx: Transaction) -> Attachment:
            tx.first(append_queries.lock_conversation, {"conversation_id": conversation_id})
            statuses.check_active(lineage.find(tx, conversation_id))
            known = tx.first(beside_queries.attachment, row)
            if known is None:
                tx.run(beside_queries.insert_attachment, row)
            return known or Attachment(**{k: v for k, v in row.items() if k != "data"})  # type: ignore[arg-type]

        return work
