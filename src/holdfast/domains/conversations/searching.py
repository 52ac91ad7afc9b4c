"""Search: the ranked hits of a query within a person's conversations, or within one; by words, by meaning, or both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.database.text_search import Term, shorter_stems
from holdfast.core.fusion import CANDIDATES, fuse
from holdfast.core.questions import way
from holdfast.core.results import FoundBy, Results, SearchMode
from holdfast.core.settings import Settings
from holdfast.core.vectors import Found, VectorIndex
from holdfast.core.words import words
from holdfast.domains.conversations import columns, lineage, meaning, search_queries
from holdfast.domains.conversations.drafts import (
    conversation_mark,
    owner_mark,
    readable_text,
    workspace_mark,
)
from holdfast.domains.conversations.meaning import Near
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


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for."""

    terms: tuple[Term, ...]
    limit: int
    settings: Settings
    near: Near


@dataclass(frozen=True)
class _Row:
    """A message that was found, by its words as well where it has a score."""

    message: Message
    title: str | None
    score: float | None = None


def search_person(tx: Transaction, wanted: Wanted, *, workspace_id: UUID | None) -> Results[Hit]:
    """Hits among the actor's own conversations."""
    scope = tx.scope
    assert scope.tenant_id is not None and scope.actor_id is not None, "the policy lets no operator search"
    mine = owner_mark(scope.tenant_id, scope.actor_id)
    marks = (mine,) if workspace_id is None else (mine, workspace_mark(workspace_id))
    place = _Place(marks, owner_id=scope.actor_id, workspace_id=workspace_id)
    return _found(tx, wanted, [place], owner_id=scope.actor_id)


def search_conversation(tx: Transaction, wanted: Wanted, conversation_id: UUID) -> Results[Hit]:
    """Hits in one conversation, the past it shares with its ancestors, deleted ones too, included."""
    conversation = lineage.find(tx, conversation_id)
    places = [
        _Place(
            (conversation_mark(part.conversation_id),),
            conversation_id=part.conversation_id,
            through=part.through,
            deleted=True,
        )
        for part in lineage.segments(tx, conversation)
    ]
    return _found(tx, wanted, places, owner_id=conversation.owner_id)


def _found(tx: Transaction, wanted: Wanted, places: Sequence[_Place], *, owner_id: UUID) -> Results[Hit]:
    index = meaning.active(tx, owner_id) if wanted.near.asked.vectors else None
    mode: SearchMode = "lexical" if wanted.near.vector(index) is None else way(wanted.near.wanted, wanted.near.asked)
    most = wanted.limit if mode == "lexical" else max(wanted.limit, CANDIDATES)
    rows = {} if mode == "vector" else {row.message.id: row for p in places for row in _by_words(tx, wanted, p, most)}
    if mode == "lexical" or index is None:
        found = [_hit(row, wanted.terms, row.score or 0.0, ("words",)) for row in rows.values()]
        found.sort(key=lambda hit: (hit.score, hit.message.id), reverse=True)
        return Results(found[: wanted.limit], notes=wanted.near.notes)
    near = [one for place in places for one in _by_meaning(tx, wanted, index, place, most)]
    rows |= _read(tx, [one.item_id for one in near if one.item_id not in rows], wanted.terms)
    return Results(_joined(rows, near, wanted, mode), mode=mode, notes=wanted.near.notes)


def _joined(rows: dict[UUID, _Row], near: Sequence[Found], wanted: Wanted, mode: SearchMode) -> list[Hit]:
    by_words = [(id_, row.score) for id_, row in rows.items() if row.score is not None]
    by_meaning = [(one.item_id, one.similarity) for one in near if one.item_id in rows]
    if mode == "vector":
        best = sorted(by_meaning, key=lambda one: (-one[1], one[0]))[: wanted.limit]
        return [_hit(rows[id_], wanted.terms, similarity, ("meaning",)) for id_, similarity in best]
    both = fuse(by_words, by_meaning, weight=wanted.settings.vector_weight, k=wanted.limit)
    return [_hit(rows[one.id], wanted.terms, one.score, _by(one.lexical, one.vector)) for one in both]


def _by(lexical: float | None, vector: float | None) -> tuple[FoundBy, ...]:
    if vector is None:
        return ("words",)
    return ("meaning",) if lexical is None else ("words", "meaning")


def _by_words(tx: Transaction, wanted: Wanted, place: _Place, limit: int) -> list[_Row]:
    params = {
        "marks": place.marks,
        "query": wanted.terms,
        "window": wanted.settings.search_window,
        "limit": limit,
        "through": place.through,
        "deleted": place.deleted,
        "in_owner": place.owner_id,
        "in_conversation": place.conversation_id,
        "in_workspace": place.workspace_id,
    }
    return [_row(fields, title, float(score)) for *fields, title, score in tx.all(search_queries.search, params)]


def _by_meaning(tx: Transaction, wanted: Wanted, index: VectorIndex, place: _Place, k: int) -> list[Found]:
    vector = wanted.near.vector(index)
    assert vector is not None, "who has none is not searched by meaning"
    where = {
        "conversation_id": place.conversation_id,
        "workspace_id": place.workspace_id,
        "through": place.through,
        "deleted": place.deleted,
    }
    few = place.conversation_id is not None and place.through <= meaning.FEW
    return meaning.nearest(tx, index, vector, where, k=k, few=few)


def _read(tx: Transaction, ids: Sequence[UUID], terms: tuple[Term, ...]) -> dict[UUID, _Row]:
    """Messages that only their meaning found, without those that have what the query leaves out."""
    if not ids:
        return {}
    rows = [_row(fields, title, None) for *fields, title in tx.all(search_queries.hits_listed, {"ids": list(ids)})]
    unwanted = [term for term in terms if term.without]
    return {row.message.id: row for row in rows if not any(_has(row.message, term) for term in unwanted)}


def _has(message: Message, term: Term) -> bool:
    found = words(readable_text(message.content, message.parts))
    size, *stems = len(term.words), *shorter_stems(term)
    for at in range(len(found) - size + 1):
        *first, last = found[at : at + size]
        ends = last.startswith(term.words[-1]) if term.prefix else last == term.words[-1]
        if ends and tuple(first) == term.words[:-1]:
            return True
    return any(stem in found for stem in stems)


def _row(fields: Sequence[Any], title: str | None, score: float | None) -> _Row:
    return _Row(Message(**dict(zip(columns.MESSAGE_FIELDS, fields, strict=True))), title, score)


def _hit(row: _Row, terms: tuple[Term, ...], score: float, found_by: tuple[FoundBy, ...]) -> Hit:
    text = readable_text(row.message.content, row.message.parts)
    return Hit(
        message=row.message,
        conversation_title=row.title,
        snippet=snippet(text, terms),
        score=score,
        found_by=found_by,
    )
