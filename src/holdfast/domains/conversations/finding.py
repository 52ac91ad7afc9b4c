"""Finding messages: what a search needs, in the order in which it is had."""

from typing import get_args
from uuid import UUID

from holdfast.core import questions
from holdfast.core.action import action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.database.text_search import parse_query
from holdfast.core.errors import HoldfastError
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice, check_text
from holdfast.core.pages import check_limit
from holdfast.core.results import Results, WantedMode
from holdfast.core.vectors import VectorIndex
from holdfast.domains.conversations import indexing, lineage, meaning, searching
from holdfast.domains.conversations.meaning import Near
from holdfast.domains.conversations.message_reads import ConversationId, conversation_id_of
from holdfast.domains.conversations.models import Hit
from holdfast.domains.conversations.reads import ConversationReads

HitList = Results[Hit]
_ALONE = "searched by words alone"


class Searching(ConversationReads):
    """How messages are found; see `Conversations`."""

    @composite
    def search(
        self,
        query: str,
        *,
        conversation: ConversationId | None = None,
        workspace: UUID | str | None = None,
        limit: int = 20,
        mode: WantedMode = "auto",
    ) -> HitList:
        """Messages that match, best first: in one conversation, or in all of the actor's own.

        By their words all must occur; `"a phrase"`, `begin*` and `-without` do what they look like. Everything appended
        before the call is found. When more than `Settings.search_window` messages match, the newest so many are ranked.

        `mode`: "lexical" by words, "vector" by meaning, "hybrid" by both; "auto" by both where
        `Settings.message_embedder` is set, messages have vectors (`embed_some` gives them) and it answers. Where
        meaning cannot be had, words alone find. `mode` and `notes` of what comes back say what was done, and why not
        more; `found_by` of each hit, how it was found. Raises `InvalidInput`.
        """
        terms = parse_query(check_text(query, field="query", most_bytes=10_000))
        most = check_limit(limit, self.settings.page)
        check_choice(mode, get_args(WantedMode), field="mode")
        within = None if conversation is None else conversation_id_of(conversation)
        if self._index_is_behind():
            self._catch_up_index()
        near = self._near(query, mode, within)
        wanted = searching.Wanted(terms=terms, limit=most, settings=self.settings, near=near)
        if within is not None:
            return self._search_conversation(wanted, within)
        return self._search_person(wanted, None if workspace is None else as_id(workspace, field="workspace"))

    def _near(self, query: str, mode: WantedMode, conversation_id: UUID | None) -> Near:
        """The question's vector, where there are vectors to compare it with. No transaction waits for it."""
        recorded = self.settings.message_embedder
        if mode == "lexical" or recorded is None:
            asked_for = mode in ("vector", "hybrid")
            return Near(mode, notes=(f"{_ALONE}; no embedder is set for messages",) if asked_for else ())
        index = self._searched(conversation_id)
        if index is None:
            return Near(mode, notes=(f"{_ALONE}; no message has a vector yet",))
        try:
            pair = self.engine.embedders.find(recorded)
        except HoldfastError as error:
            return Near(mode, notes=(f"{_ALONE}; {error}",))
        if pair.name != index.embedder:
            return Near(mode, notes=(f"{_ALONE}; the vectors are of {index.embedder}, not yet of {pair.name}",))
        pair.expect(index.dimension)
        asked = questions.ask(self.engine, self.scope.tenant_id, {pair.name: recorded}, query)
        return Near(mode, asked, notes=tuple(asked.notes.values()))

    @action("conversations.index", writes=False)
    def _index_is_behind(self) -> Work[bool]:
        return indexing.is_behind

    @action("conversations.index", writes=True, recorded=False)
    def _catch_up_index(self) -> Work[None]:
        return indexing.catch_up

    @action("conversations.read", writes=False, on="conversation_id")
    def _searched(self, conversation_id: UUID | None) -> Work[VectorIndex | None]:
        """The index that a search would go through. The search itself says what it saw, in the trail."""
        owner = self._actor() if conversation_id is None else None

        def work(tx: Transaction) -> VectorIndex | None:
            about = owner or lineage.find(tx, conversation_id).owner_id  # type: ignore[arg-type]  # one of the two
            tx.recorded.clear()
            return meaning.active(tx, about)

        return work

    @action("conversations.read", writes=False, on="conversation_id")
    def _search_conversation(self, wanted: searching.Wanted, conversation_id: UUID) -> Work[HitList]:
        return lambda tx: searching.search_conversation(tx, wanted, conversation_id)

    @action("conversations.read", writes=False)
    def _search_person(self, wanted: searching.Wanted, workspace_id: UUID | None) -> Work[HitList]:
        return lambda tx: searching.search_person(tx, wanted, workspace_id=workspace_id)
