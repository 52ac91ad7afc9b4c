"""Conversations: create, append, read, search, summarise, fork, close."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from holdfast.core.action import action, composite
from holdfast.core.clock import now
from holdfast.core.database import Call, Recorded, Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_json, check_name, check_text
from holdfast.domains.conversations import importing, indexing, lineage, queries, statuses, visibility
from holdfast.domains.conversations.append import append_all, append_message
from holdfast.domains.conversations.attaching import check_attachment, check_referenced
from holdfast.domains.conversations.creation import fork, insert
from holdfast.domains.conversations.drafts import check_message
from holdfast.domains.conversations.embedding import Embedding
from holdfast.domains.conversations.errors import ConversationChanged, NotAnAnswer
from holdfast.domains.conversations.finding import Searching
from holdfast.domains.conversations.models import (
    Attachment,
    Conversation,
    Feedback,
    ImportReport,
    Message,
    MessageRole,
    NewMessage,
    Summary,
)
from holdfast.domains.conversations.readers import Unreadable, open_export
from holdfast.domains.conversations.reads import (
    ConversationId,
    MessageList,
    conversation_id_of,
    find_message,
)


class Conversations(Searching, Embedding):
    """The conversations of one person; an administrator or auditor of the tenant reads everybody's."""

    @action("conversations.create", writes=True)
    def create(
        self,
        *,
        title: str | None = None,
        metadata: Mapping[str, object] | None = None,
        tags: Collection[str] = (),
        workspace: UUID | str | None = None,
        keep_visible: Collection[ConversationId] = (),
    ) -> Work[Conversation]:
        """Start a conversation.

        Where the tenant caps visible conversations, the least recently active one beyond the cap is hidden, never
        one of `keep_visible` (those open on a screen). Raises `InvalidInput`, `WorkspaceNotFound`.
        """
        moment = now()
        new = Conversation(
            id=new_id(),
            owner_id=self._actor(),
            workspace_id=None if workspace is None else as_id(workspace, field="workspace"),
            title=self._check_title(title),
            tags=self._check_tags(tags),
            metadata=self._check_metadata(metadata),
            created_at=moment,
            active_at=moment,
        )
        keep = {as_id(open_id, field="keep_visible") for open_id in keep_visible}

        def work(tx: Transaction) -> Conversation:
            insert(tx, new)
            tx.record("conversation", new.id, owner=new.owner_id)
            visibility.keep_to_cap(tx, moment=moment, keep={new.id, *keep})
            return new

        return work

    @action("conversations.edit", writes=True, on="conversation")
    def edit(
        self,
        conversation: ConversationId,
        *,
        title: str | None = None,
        tags: Collection[str] | None = None,
        metadata: Mapping[str, object] | None = None,
        if_unchanged: Conversation | None = None,
    ) -> Work[Conversation]:
        """Change what is given: the title, all tags, all metadata.

        `if_unchanged`: the conversation as it was read; it must still be so. Raises `ConversationChanged`,
        `ConversationNotFound`, `InvalidInput`.
        """
        conversation_id = conversation_id_of(conversation)
        changed: dict[str, object] = {}
        if title is not None:
            changed["title"] = self._check_title(title)
        if tags is not None:
            changed["tags"] = self._check_tags(tags)
        if metadata is not None:
            changed["metadata"] = self._check_metadata(metadata)

        def work(tx: Transaction) -> Conversation:
            tx.first(queries.lock_any_conversation, {"conversation_id": conversation_id})
            before = lineage.find(tx, conversation_id)
            if if_unchanged is not None and if_unchanged != before:
                raise ConversationChanged(conversation_id)
            after = {name: changed.get(name, getattr(before, name)) for name in ("title", "tags", "metadata")}
            row = {f"new_{name}": value for name, value in after.items()}
            tx.run(queries.edit_conversation, {"conversation_id": conversation_id, **row})
            tx.record("conversation", before.id, owner=before.owner_id, changed=sorted(changed))
            return lineage.find(tx, conversation_id)

        return work

    @action("conversations.append", writes=True, on="conversation")
    def append(
        self,
        conversation: ConversationId,
        *,
        role: MessageRole,
        content: str = "",
        parts: Sequence[Mapping[str, object]] | None = None,
        metadata: Mapping[str, object] | None = None,
        request_id: str | None = None,
    ) -> Work[Message]:
        """Add one message to the end. Durable when it returns.

        `request_id` makes it safe to repeat: the same one with the same role, in the same conversation, gives the
        message stored the first time, with `replayed` set, whatever is given now.

        Costs on PostgreSQL one round trip and one fsync; on SQLite four statements (five with a `request_id`) and
        one fsync, shared with other threads'.

        Raises `ConversationNotFound`, `ConversationNotActive`, `EmptyMessage`, `InvalidInput`.
        """
        new = NewMessage(role=role, content=content, parts=parts, metadata=metadata, request_id=request_id)
        draft = check_message(new, self.settings)
        draft["conversation_id"] = conversation_id_of(conversation)
        if indexing.is_time(draft["id"]):
            self._catch_up_index()
        about = Recorded(
            "conversation", draft["conversation_id"], self.scope.actor_id, details={"message": str(draft["id"])}
        )
        before = None if parts is None else lambda tx: check_referenced(tx, draft["conversation_id"], [draft])
        return Call(append_message, draft, about=about, before=before)

    @action("conversations.append", writes=True, on="conversation")
    def append_many(self, conversation: ConversationId, messages: Iterable[NewMessage]) -> Work[MessageList]:
        """Add messages in order, all or none, in one transaction. Like `append` for each of them.

        At most `Settings.batch` messages. A message's `created_at` keeps the time of what comes from elsewhere.
        """
        conversation_id = conversation_id_of(conversation)
        if not isinstance(messages, Iterable):
            raise InvalidInput(f"messages: a list is needed, got {type(messages).__name__}", field="messages")
        drafts = [check_message(_as_new(message), self.settings) for message in messages]
        if len(drafts) > self.settings.batch:
            raise InvalidInput(f"messages: {len(drafts):,}, the limit is {self.settings.batch:,}", field="messages")

        def work(tx: Transaction) -> MessageList:
            check_referenced(tx, conversation_id, drafts)
            return append_all(tx, conversation_id, drafts)

        return work

    @composite
    def import_export(self, path: Path | str, *, on_progress: Callable[[int, int], None] | None = None) -> ImportReport:
        """Bring in a chat export: ChatGPT, Claude, LibreChat, Open WebUI, ShareGPT, OpenAI JSONL, or a zip of one.

        Each conversation is one transaction, so a stop half-way leaves whole ones, and a second import adds only what
        is missing. Original times are kept; branches become forks. `on_progress(bytes read, bytes in all)` is called
        after each conversation. Damage inside the file is in the report; raises `ExportError` when nothing can be read.
        """
        report: Counter[str] = Counter()
        unreadable: list[Unreadable] = []
        with open_export(Path(path)) as export:
            for found in export:
                if isinstance(found, Unreadable):
                    unreadable.append(found)
                    continue
                checked = importing.check(found, self.settings)
                unreadable += checked.unreadable
                added = self._import_conversation(checked)
                report.update(added.__dict__)
                report["unchanged"] += added.messages == 0
                if on_progress is not None:
                    on_progress(export.bytes_read, export.total_bytes)
            return ImportReport(source=export.format, unreadable=tuple(unreadable), **report)

    @action("conversations.import", writes=True)
    def _import_conversation(self, checked: importing.Checked) -> Work[importing.Added]:
        owner_id = self._actor()
        return lambda tx: importing.store(tx, checked, owner_id=owner_id)

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
            tx.first(queries.lock_any_conversation, {"conversation_id": conversation_id})
            found = lineage.find(tx, conversation_id)
            end = lineage.check_seq("through", found.message_count if through is None else through, found)
            latest = tx.first(queries.latest_summary, {"conversation_id": conversation_id})
            summary = Summary(
                conversation_id=conversation_id,
                version=1 if latest is None else latest.version + 1,
                text=summary_text,
                first_seq=lineage.check_seq("first", first, found, most=end),
                through_seq=end,
                entities=names,
                created_at=now(),
                created_by=self._actor(),
            )
            tx.run(queries.insert_summary, summary.__dict__)
            tx.run(queries.mark_summarized, summary.__dict__)
            tx.record("conversation", found.id, owner=found.owner_id, summary=summary.version)
            return summary

        return work

    @action("conversations.fork", writes=True, on="conversation")
    def fork(self, conversation: ConversationId, *, at: int, title: str | None = None) -> Work[Conversation]:
        """A new conversation that shares messages 1 to `at` with this one and goes on by itself.

        Nothing is copied; deleting one leaves the other whole. Raises `SeqOutOfRange`, `ConversationNotFound`.
        """
        conversation_id, new_title = conversation_id_of(conversation), self._check_title(title)

        def work(tx: Transaction) -> Conversation:
            made = fork(tx, lineage.find(tx, conversation_id), at=at, title=new_title, owner_id=self._actor())
            tx.record("conversation", made.id, owner=made.owner_id, parent=str(conversation_id), at=at)
            visibility.keep_to_cap(tx, moment=now(), keep={made.id})
            return made

        return work

    @action("conversations.edit", writes=True, on="conversation")
    def archive(self, conversation: ConversationId) -> Work[Conversation]:
        """Put away: no more messages, still listed and searched."""
        conversation_id = conversation_id_of(conversation)
        return lambda tx: statuses.change(tx, conversation_id, "ARCHIVED")

    @action("conversations.edit", writes=True, on="conversation")
    def close(self, conversation: ConversationId) -> Work[Conversation]:
        """End it: no more messages, still listed and searched."""
        conversation_id = conversation_id_of(conversation)
        return lambda tx: statuses.change(tx, conversation_id, "CLOSED")

    @action("conversations.edit", writes=True, on="conversation")
    def delete(self, conversation: ConversationId) -> Work[Conversation]:
        """Hide it from every read and search. `restore` brings it back until retention purges it."""
        conversation_id = conversation_id_of(conversation)
        return lambda tx: statuses.change(tx, conversation_id, "DELETED")

    @action("conversations.edit", writes=True, on="conversation")
    def restore(self, conversation: ConversationId) -> Work[Conversation]:
        """Make an archived, closed, deleted or hidden conversation active and visible again."""
        conversation_id = conversation_id_of(conversation)

        def work(tx: Transaction) -> Conversation:
            restored = statuses.change(tx, conversation_id, "ACTIVE")
            if restored.owner_id == tx.scope.actor_id:
                visibility.keep_to_cap(tx, moment=now(), keep={conversation_id})
            return restored

        return work

    @action("conversations.edit", writes=True, on="conversation")
    def hide(self, conversation: ConversationId) -> Work[Conversation]:
        """Leave it out of lists until it is restored."""
        conversation_id = conversation_id_of(conversation)

        def work(tx: Transaction) -> Conversation:
            found = lineage.find(tx, conversation_id)
            tx.run(queries.hide, {"conversation_id": conversation_id, "moment": now()})
            tx.record("conversation", found.id, owner=found.owner_id, hidden=True)
            return lineage.find(tx, conversation_id)

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
            if not tx.run(queries.update_feedback, row | {f"new_{name}": value for name, value in row.items()}):
                tx.run(queries.insert_feedback, row)
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
            tx.first(queries.lock_conversation, {"conversation_id": conversation_id})
            statuses.check_active(lineage.find(tx, conversation_id))
            known = tx.first(queries.attachment, row)
            if known is None:
                tx.run(queries.insert_attachment, row)
            return known or Attachment(**{k: v for k, v in row.items() if k != "data"})  # type: ignore[arg-type]

        return work

    def _check_title(self, title: str | None) -> str | None:
        return None if title is None else check_name(title, field="title", most_chars=self.settings.title_chars)

    def _check_tags(self, tags: Collection[str]) -> list[str]:
        if isinstance(tags, (str, bytes)) or not isinstance(tags, Collection) or len(tags) > self.settings.tags:
            raise InvalidInput(f"tags: a list of at most {self.settings.tags} is needed", field="tags")
        return sorted({check_name(tag, field="tags", most_chars=self.settings.title_chars) for tag in tags})


def _as_new(message: object) -> NewMessage:
    if not isinstance(message, NewMessage):
        raise InvalidInput(f"messages: a NewMessage is needed, got {type(message).__name__}", field="messages")
    return message
