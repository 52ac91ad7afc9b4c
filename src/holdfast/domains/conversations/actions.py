"""Conversations: create, edit, fork, close, delete."""

from collections.abc import Collection, Mapping
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_name
from holdfast.domains.conversations import (
    lineage,
    queries,
    statuses,
    visibility,
)
from holdfast.domains.conversations.appending import Appending
from holdfast.domains.conversations.beside import Beside
from holdfast.domains.conversations.creation import fork, insert
from holdfast.domains.conversations.embedding import Embedding
from holdfast.domains.conversations.errors import ConversationChanged
from holdfast.domains.conversations.message_reads import ConversationId, conversation_id_of
from holdfast.domains.conversations.models import (
    Conversation,
)


class Conversations(Appending, Embedding, Beside):
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

    def _check_title(self, title: str | None) -> str | None:
        return None if title is None else check_name(title, field="title", most_chars=self.settings.title_chars)

    def _check_tags(self, tags: Collection[str]) -> list[str]:
        if isinstance(tags, (str, bytes)) or not isinstance(tags, Collection) or len(tags) > self.settings.tags:
            raise InvalidInput(f"tags: a list of at most {self.settings.tags} is needed", field="tags")
        return sorted({check_name(tag, field="tags", most_chars=self.settings.title_chars) for tag in tags})
