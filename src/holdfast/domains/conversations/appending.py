"""Appending messages: one, several, or a whole export of another program."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from holdfast.core.action import action, composite
from holdfast.core.database import Call, Recorded, Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.domains.conversations import (
    importing,
    indexing,
)
from holdfast.domains.conversations.append import append_all, append_message
from holdfast.domains.conversations.attaching import check_referenced
from holdfast.domains.conversations.drafts import check_message
from holdfast.domains.conversations.finding import Searching
from holdfast.domains.conversations.message_reads import ConversationId, MessageList, conversation_id_of
from holdfast.domains.conversations.models import (
    ImportReport,
    Message,
    MessageRole,
    NewMessage,
)
from holdfast.domains.conversations.readers import ReadConversation, Unreadable, open_export


class Appending(Searching):
    """How messages get into a conversation; see `Conversations`."""

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

        Costs on PostgreSQL one round trip and one fsync, on SQLite three statements (five with a `request_id`) besides
        BEGIN and COMMIT and one fsync; threads that append at the same time share them, but for the statements.

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
    def import_export(
        self,
        path: Path | str,
        *,
        workspace: UUID | str | None = None,
        client: str | None = None,
        owner: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Bring in a chat export: ChatGPT, Claude, LibreChat, Open WebUI, ShareGPT, OpenAI JSONL, MongoDB, or a zip.

        Each conversation is one transaction, so a stop half-way leaves whole ones, and a second import adds only what
        is missing. Original times are kept; branches become forks. `on_progress(bytes read, bytes in all)` is called
        after each conversation. Damage inside the file is in the report; raises `ExportError` when nothing can be read.

        New conversations go into `workspace`. `client`, `owner`: only those about this client, of this person, by their
        ids in a collection of MongoDB's; the others are counted in the report. Raises `WorkspaceNotFound`,
        `WorkspaceArchived`, `WorkspaceReadOnly`.
        """
        into = None if workspace is None else as_id(workspace, field="workspace")
        report: Counter[str] = Counter()
        unreadable: list[Unreadable] = []
        with open_export(Path(path)) as export:
            for found in export:
                if isinstance(found, Unreadable):
                    unreadable.append(found)
                    continue
                if not _is_of(found, client, owner):
                    report["others"] += 1
                else:
                    checked = importing.check(found, self.settings, workspace_id=into)
                    added = self._import_conversation(checked)
                    unreadable += checked.unreadable
                    if added.elsewhere:
                        reason = "it is here already, in another workspace"
                        unreadable.append(Unreadable(place=found.place, reason=reason, value=""))
                    else:
                        report.update({name: getattr(added, name) for name in ("conversations", "forks", "messages")})
                        report["unchanged"] += added.messages == 0
                if on_progress is not None:
                    on_progress(export.bytes_read, export.total_bytes)
            return ImportReport(source=export.format, unreadable=tuple(unreadable), **report)

    @action("conversations.import", writes=True)
    def _import_conversation(self, checked: importing.Checked) -> Work[importing.Added]:
        owner_id = self._actor()
        return lambda tx: importing.store(tx, checked, owner_id=owner_id)


def _is_of(found: ReadConversation, client: str | None, owner: str | None) -> bool:
    return client in (None, found.client) and owner in (None, found.owner)


def _as_new(message: object) -> NewMessage:
    if not isinstance(message, NewMessage):
        raise InvalidInput(f"messages: a NewMessage is needed, got {type(message).__name__}", field="messages")
    return message
