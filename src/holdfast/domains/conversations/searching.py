"""Search: the ranked hits of a query within a person's conversations, or within one."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Place:
    """Where to look: the marks of it, the ids they stand for, and what counts there."""

    marks: tuple[str, ...]
    owner_id: UUID | None = None
    conversation_id: UUID | None = None
    workspace_id: UUID | None = None
    through: int = 2**31 - 1
    deleted: bool = False


def search_person(
    tx: Transaction, terms: tuple[Term, ...], *, workspace_id: UUID | None, limit: int, settings: Settings
) -> list[Hit]:
    """Hits among the actor's own conversations."""
    scope = tx.scope
    assert scope.tenant_id is not None and scope.actor_id is not None, "the policy lets no operator search"
    mine = owner_mark(scope.tenant_id, scope.actor_id)
    marks = (mine,) if workspace_id is None else (mine, workspace_mark(workspace_id))
    place = _Place(marks, owner_id=scope.actor_id, workspace_id=workspace_id)
    return _hits(tx, terms, place, limit=limit, settings=settings)


def search_conversation(
    tx: Transaction, terms: tuple[Term, ...], conversation_id: UUID, *, limit: int, settings: Settings
) -> list[Hit]:
    """Hits in one conversation, the past it shares with its ancestors, deleted ones too, included."""
    conversation = lineage.find(tx, conversation_id)
    hits: list[Hit] = []
    for part in lineage.segments(tx, conversation):
        marks = (conversation_mark(part.conversation_id),)
        place = _Place(marks, conversation_id=part.conversation_id, through=part.through, deleted=True)
        hits += _hits(tx, terms, place, limit=limit, settings=settings)
    hits.sort(key=lambda hit: (hit.score, hit.message.id), reverse=True)
    return hits[:limit]


def _hits(tx: Transaction, terms: tuple[Term, ...], place: _Place, *, limit: int, settings: Settings) -> list[Hit]:
    params = {
        "marks": place.marks,
        "query": terms,
        "window": settings.search_window,
        "limit": limit,
        "through": place.through,
        "deleted": place.deleted,
        "in_owner": place.owner_id,
        "in_conversation": place.conversation_id,
        "in_workspace": place.workspace_id,
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
