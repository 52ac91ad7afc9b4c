"""Finding facts: what recalling needs, in the order in which it is had."""

from collections.abc import Callable
from uuid import UUID

from holdfast.core import questions, vectors
from holdfast.core.action import Actions, action, composite
from holdfast.core.clock import now
from holdfast.core.crypto import running
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import HoldfastError, PermissionDenied
from holdfast.core.inputs import check_name
from holdfast.core.lexical import Question
from holdfast.core.pages import check_limit
from holdfast.core.policy import allow
from holdfast.core.questions import Asked
from holdfast.core.results import Results
from holdfast.domains.memory.indexing import PURPOSE
from holdfast.domains.memory.models import Recalled
from holdfast.domains.memory.places import About
from holdfast.domains.memory.reads import MemoryReads
from holdfast.domains.memory.recalling import QUERY_CHARS, as_question, recall

RecalledList = Results[Recalled]
IDLE_SECONDS = 1.0
"""For so long after there was no vector in the tenant none is looked for."""


class Recalling(MemoryReads):
    """How facts are found; see `Memory`."""

    @composite
    def recall(
        self,
        query: str,
        *,
        k: int = 10,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
    ) -> RecalledList:
        """The best `k` facts that hold, for a query: those with it in their key, those with its words in key or value
        (any may match, the rarest count most), and those that mean the like, where `Settings.memory_embedder` is set
        and they have vectors (`embed_some` gives them). Each says why it was found; `score` goes from 0 to 1.

        `mode` of what comes back is "hybrid" where meaning was looked for; where it could not be, `notes` says why. A
        sensitive fact is found by its key only. Raises `InvalidInput`.
        """
        text = check_name(query, field="query", most_chars=QUERY_CHARS)
        check_limit(k, self.settings.page, field="k")
        about = self._about(user, workspace)
        asked = asked_for(self, lambda: text)
        return self._recall(about.user_id, about.workspace_id, text, asked, k)

    @action("memory.read", writes=False, on="user")
    def _recall(self, user: UUID | None, workspace: UUID | None, text: str, asked: Asked, k: int) -> Work[RecalledList]:
        about = About(user, workspace)
        question: Question | None = as_question(text)
        params, weight = {"text": text.strip(), "moment": now()}, self.settings.vector_weight

        def work(tx: Transaction) -> RecalledList:
            about.check(tx, writing=False)
            about.saw(tx)
            found = recall(tx, about, params, question, k, asked, weight)
            notes = tuple(f"facts: {note}" for note in asked.notes.values())
            return Results(found, mode="hybrid" if asked.vectors else "lexical", notes=notes)

        return work


def asked_for(room: Actions, question: Callable[[], str]) -> Asked:
    """The vector of a question for facts, where there are vectors to compare it with. Raises nothing; never to be
    called in a transaction: where there is an embedder, it takes one to look, and the embedder's time.
    """
    recorded, tenant_id = room.settings.memory_embedder, room.scope.tenant_id
    embedders = room.engine.embedders
    if recorded is None or tenant_id is None or embedders.nothing_of(tenant_id, PURPOSE):
        return Asked()
    try:
        far = allow(room.scope, "memory.read", writes=False)
        pair = embedders.find(recorded)
    except PermissionDenied:
        return Asked()
    except HoldfastError as error:
        return Asked(notes={recorded: f"searched by words alone; {error}"})
    dimension = running.read(
        room.engine, room.scope, far, lambda tx: vectors.known_dimension(tx, purpose=PURPOSE, embedder=pair.name)
    )
    if dimension is None:
        embedders.nothing_of(tenant_id, PURPOSE, seconds=IDLE_SECONDS)
        return Asked(notes={pair.name: "searched by words alone; no fact has a vector yet"})
    pair.expect(dimension)
    text = question()[:QUERY_CHARS]
    return questions.ask(room.engine, tenant_id, {pair.name: recorded}, text) if text.strip() else Asked()
