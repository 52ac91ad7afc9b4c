"""Facts for a prompt: those that have to do with the question, best first, then what is surest and latest of the rest.

Facts about the owner of the conversation, and about its workspace. Sensitive ones never go into a prompt.
"""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from holdfast.core.action import Actions
from holdfast.core.clock import now
from holdfast.core.context import ContextItem, ContextRequest, LeftOut, register_source
from holdfast.core.database import Transaction
from holdfast.core.questions import Asked
from holdfast.domains.memory import queries
from holdfast.domains.memory.finding import asked_for
from holdfast.domains.memory.indexing import text_of
from holdfast.domains.memory.places import About
from holdfast.domains.memory.recalling import QUERY_CHARS, as_question, joined, like, relevant
from holdfast.domains.memory.stored import Stored

ALWAYS = 5
"""So many of the surest facts about each go in whatever the question is."""
RELEVANT = 10
"""So many at most because of the question."""
_GRANTS = {"memory:read", "memory:write"}


class Prepared(NamedTuple):
    """What the embedder made of the question, and the share of meaning."""

    asked: Asked
    weight: float


class Facts:
    """The room's part of a context. Up to eight statements; one or two where nothing is remembered."""

    field = "facts"

    def prepare(self, room: Actions, question: Callable[[], str]) -> Prepared:
        """The question's vector, where facts have vectors to compare it with."""
        return Prepared(asked_for(room, question), room.settings.vector_weight)

    def gather(self, tx: Transaction, request: ContextRequest) -> tuple[list[ContextItem], list[LeftOut]]:
        """See `core.context.ContextSource`."""
        if tx.scope.grants is not None and not tx.scope.grants & _GRANTS:
            return [], [LeftOut(what="facts", tokens=0, reason="this API key lacks the scope 'memory:read'")]
        items: list[ContextItem] = []
        prepared: Prepared = request.prepared
        left_out = [LeftOut(what="facts", tokens=0, reason=note) for note in prepared.asked.notes.values()]
        room = request.max_tokens
        for stored in _chosen(tx, request):
            tokens = request.count_tokens(text_of(stored))
            if tokens <= room:
                items.append(ContextItem(text=text_of(stored), tokens=tokens, origin=_origin(stored)))
                room -= tokens
            else:
                left_out.append(LeftOut(what=f"fact {stored.id}", tokens=tokens, reason=f"{room} tokens were left"))
        if items:
            tx.saw("user", request.owner_id, owner=request.owner_id)
        return items, left_out


def _chosen(tx: Transaction, request: ContextRequest) -> list[Stored]:
    abouts = [About(user_id=request.owner_id)]
    if request.workspace_id is not None and tx.scope.role != "visitor":
        abouts.append(About(workspace_id=request.workspace_id))
    asked = {"moment": now(), "limit": ALWAYS}
    surest = [row for about in abouts for row in tx.all(queries.surest, {**asked, "about_id": about.id})]
    if not surest:
        return []
    hits = _hits(tx, request, abouts)
    rows = {row.id: row for row in surest}
    missing = [fact_id for fact_id in hits if fact_id not in rows]
    if missing:
        rows |= {row.id: row for row in tx.all(queries.current_ids, {**asked, "ids": missing})}
    return [rows[fact_id] for fact_id in hits if fact_id in rows] + [row for row in surest if row.id not in hits]


def _hits(tx: Transaction, request: ContextRequest, abouts: list[About]) -> list[UUID]:
    prepared: Prepared = request.prepared
    words = as_question(request.question[:QUERY_CHARS])
    by_words = {} if words is None else relevant(tx, words, [about.id for about in abouts], RELEVANT)
    near = like(tx, abouts, prepared.asked, RELEVANT)
    return [fact_id for fact_id, (score, _by) in joined(by_words, near, prepared.weight).items() if score > 0][
        :RELEVANT
    ]


def _origin(stored: Stored) -> dict[str, object]:
    return {
        "fact": str(stored.id),
        "key": stored.key,
        "confidence": stored.confidence,
        "source": None if stored.source is None else str(stored.source),
    }


register_source(Facts())
