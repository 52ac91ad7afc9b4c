"""Memory: remember, recall, forget."""

from datetime import datetime
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.domains.memory import forgetting
from holdfast.domains.memory.checks import as_fact_id, check_key, check_said
from holdfast.domains.memory.models import Fact, Forgotten
from holdfast.domains.memory.places import About
from holdfast.domains.memory.reads import MemoryReads
from holdfast.domains.memory.remembering import found, remember


class Memory(MemoryReads):
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
        by its key only. `request_id` makes it safe to repeat: the same one gives what the first gave.

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
        self, fact: UUID | str, *, workspace: UUID | str | None = None, user: UUID | str | None = None
    ) -> Work[Forgotten]:
        """Remove a fact for good, by its key or by the id of one of its versions: every version, every source, every
        trace in a search index. The trail keeps ids, and that it was forgotten. Raises `FactNotFound`.
        """
        wanted = as_fact_id(fact)
        if wanted is not None:
            return lambda tx: _forget_by_id(tx, wanted)
        about, key = self._about(user, workspace), check_key(fact, field="fact")
        return lambda tx: forgetting.forget(tx, about, key)

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: facts are recorded by a person; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id


def _forget_by_id(tx: Transaction, fact_id: UUID) -> Forgotten:
    stored = found(tx, fact_id)
    return forgetting.forget(tx, About.of(stored), stored.key)
