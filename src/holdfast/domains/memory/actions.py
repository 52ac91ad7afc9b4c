"""Memory: remember, recall, forget."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from holdfast.core.action import action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.domains.memory import forgetting
from holdfast.domains.memory.checks import as_fact_id, check_key, check_said
from holdfast.domains.memory.embedding import Embedding
from holdfast.domains.memory.finding import Recalling
from holdfast.domains.memory.models import Candidate, Fact, Forgotten, Proposal
from holdfast.domains.memory.places import About
from holdfast.domains.memory.proposing import Extractor, accept, check_extractor, propose
from holdfast.domains.memory.remembering import found, remember


class Memory(Recalling, Embedding):
    """What is known about a person or a workspace: with confidence, sources and history."""

    @action("memory.remember", writes=True, on="user")
    def remember(
        self,
        key: str,
        value: object,
        *,
        confidence: float = 1.0,
        source: UUID | str | None = None,
        said_by: str | None = None,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        sensitive: bool = False,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        request_id: str | None = None,
    ) -> Work[Fact]:
        """Remember a JSON value (not null) under a key, about the actor unless a workspace or a user is named.

        Nothing is overwritten. The value that holds already is confirmed: `source` (a message) is one source more, and
        the confidences combine, 1 - (1 - a)(1 - b). Another value supersedes it, whatever their confidences; one whose
        `valid_from` lies before the current one's goes into its place in the history. Without `valid_from` it holds
        from now on. `sensitive` seals the value under the tenant's key, now and in the key's whole history: it is found
        by its key only. `request_id` makes it safe to repeat: the same one gives what the first gave; used for somebody
        else, it raises `RequestIdTaken`.

        Raises `InvalidInput`, `MessageNotFound`, `UserNotFound`, `WorkspaceNotFound`, `WorkspaceArchived`,
        `WorkspaceReadOnly`, and `KeyRingNeeded` for a sensitive value in a store without keys.
        """
        about = self._about(user, workspace)
        said = check_said(
            self.settings,
            key=key,
            value=value,
            confidence=confidence,
            source=source,
            said_by=said_by,
            valid_from=valid_from,
            valid_to=valid_to,
            sensitive=sensitive,
            request_id=request_id,
            recorded_by=self._actor(),
        )
        return lambda tx: remember(tx, about, said).fact()

    @action("memory.forget", writes=True, on="fact")
    def forget(
        self, fact: str, *, workspace: UUID | str | None = None, user: UUID | str | None = None
    ) -> Work[Forgotten]:
        """Remove a fact for good, by its key or by the id of one of its versions: every version, every source, every
        trace in a search index. The trail keeps ids, and that it was forgotten. Raises `FactNotFound`.
        """
        wanted = as_fact_id(fact)
        if wanted is not None:
            return lambda tx: _forget_by_id(tx, wanted)
        about, key = self._about(user, workspace), check_key(fact, field="fact")
        return lambda tx: forgetting.forget(tx, about, key)

    @composite
    def propose(self, conversation: UUID | str, *, extractor: Extractor, limit: int = 200) -> Proposal:
        """Let an extractor look at the next messages that it has not seen (`limit` at most), and remember what it finds
        about the owner of the conversation.

        It is called outside any transaction. Each candidate is checked; its fact holds from when its message was
        written, unless it says otherwise, and `why` leads to the message and names the extractor. When it fails, its
        error is raised, nothing is remembered, and the next call shows it the same messages. `Proposal.more` says
        whether others wait. Raises `ConversationNotFound`, `InvalidInput`.
        """
        return propose(self, conversation, extractor, limit)

    @action("memory.remember", writes=True, on="conversation")
    def accept(
        self, conversation: UUID | str, candidates: Sequence[Candidate], *, extractor: str, through: int
    ) -> Work[Proposal]:
        """Remember what an extractor found in a conversation's messages up to number `through`, which it has then seen.

        What `propose` does after it asked; for extractors that run elsewhere. Raises `ConversationNotFound`,
        `SeqOutOfRange`, `InvalidInput`.
        """
        conversation_id, name, by = as_id(conversation, field="conversation"), check_extractor(extractor), self._actor()
        given = _check_candidates(candidates, self.settings.page)
        return lambda tx: accept(tx, conversation_id, name, given, through, by, self.settings)

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: facts are recorded by a person; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id


def _check_candidates(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    given = list(candidates)
    if len(given) > most:
        raise InvalidInput(f"candidates: {len(given):,}, the limit is {most:,}", field="candidates")
    for candidate in given:
        if not isinstance(candidate, Candidate):
            kind = type(candidate).__name__
            raise InvalidInput(f"candidates: a Candidate is needed, got {kind}", field="candidates")
    return given


def _forget_by_id(tx: Transaction, fact_id: UUID) -> Forgotten:
    stored = found(tx, fact_id)
    return forgetting.forget(tx, About.of(stored), stored.key)
