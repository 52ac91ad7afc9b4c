"""Search: the ranked hits of a query within a person's conversations, or within one."""

from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.database.text_search import Term
from holdfast.core.settings import Settings
from holdfast.domains.conversations import lineage, queries
from holdfast.domains.conversations.drafts import (
    conversation_mark,
    owner_mark,
    readable_text,
    workspace_mark,
)
from holdfast.domains.conversations.models import Hit, Message
from holdfast.domains.conversations.snippets import snippet

_NO_END = 2**31 - 1


def search_person(
    tx: Transaction, terms: tuple[Term, ...], *, workspace_id: UUID | None, limit: int, settings: Settings
) -> list[Hit]:
    """Hits among the actor's own conversations."""
    scope = tx.scope
    assert scope.tenant_id is not None and scope.actor_id is not None, "the policy lets no operator search"
    marks = [owner_mark(scope.tenant_id, scope.actor_id)]
    if workspace_id is not None:
        marks.append(workspace_mark(workspace_id))
    return _hits(tx, terms, marks, through=_NO_END, deleted=False, limit=limit, settings=settings)


def search_conversation(
    tx: Transaction, terms: tuple[Term, ...], conversation_id: UUID, *, limit: int, settings: Settings
) -> list[Hit]:
    """Hits in one conversation, the past it shares with its ancestors, deleted ones too, included."""
    conversation = lineage.find(tx, conversation_id)
    hits: list[Hit] = []
    for part in lineage.segments(tx, conversation):
        marks = [conversation_mark(part.conversation_id)]
        hits += _hits(tx, terms, marks, through=part.through, deleted=True, limit=limit, settings=settings)
    hits.sort(key=lambda hit: (hit.score, hit.message.id), reverse=True)
    return hits[:limit]


def _hits(
    tx: Transaction,
    terms: tuple[Term, ...],
    marks: list[str],
    *,
    through: int,
    deleted: bool,
    limit: int,
    settings: Settings,
) -> list[Hit]:
    params = {
        "marks": tuple(marks),
        "query": terms,
        "window": settings.search_window,
        "limit": limit,
        "through": through,
        "deleted": deleted,
    }
    return [_hit(row, terms) for row in tx.all(queries.search, params)]


def _hit(row: tuple[object, ...], terms: tuple[Term, ...]) -> Hit:
    *fields, title, score = row
    message = Message(**dict(zip(queries.MESSAGE_FIELDS, fields, strict=True)))  # type: ignore[arg-type]  # the columns' types
    text = readable_text(message.content, message.parts)
    return Hit(
        message=message,
        conversation_title=title,  # type: ignore[arg-type]  # text or None
        snippet=snippet(text, terms),
        score=float(score),  # type: ignore[arg-type]  # a number
    )
