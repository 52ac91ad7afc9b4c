"""Recalling: facts by their keys and by their words, best first, each with why it was found.

A key that is the query scores 1, one that begins with it 0.9, one that contains it 0.7. What is found by its words
scores up to 0.8, the best of them that much and the others in proportion. Where facts have vectors, what is found by
meaning is joined with that as `core/fusion.py` does, up to 0.8 too. What is found by its key as well has the better
score.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from holdfast.core import lexical, vectors
from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.fusion import CANDIDATES, fuse
from holdfast.core.lexical import Question
from holdfast.core.questions import Asked
from holdfast.core.scope import NIL
from holdfast.domains.memory import queries
from holdfast.domains.memory.indexing import PURPOSE
from holdfast.domains.memory.models import FoundBy, Recalled
from holdfast.domains.memory.places import About
from holdfast.domains.memory.stored import Stored

KEY_IS, KEY_BEGINS, KEY_HAS, BY_TEXT = 1.0, 0.9, 0.7, 0.8

QUERY_CHARS = 4_000
ENOUGH = 20
"""Among fewer facts the one least like the question is no measure of what unrelated ones have in common."""
WINDOW = 200
"""When more facts than this match, those with the rarest words are ranked: a prompt cannot wait for all."""


def as_question(text: str) -> Question | None:
    """The words of a query; None when it has none to look for."""
    try:
        return lexical.parse_question(text, most_chars=QUERY_CHARS)
    except InvalidInput:
        return None


def recall(
    tx: Transaction,
    about: About,
    asked: dict[str, object],
    question: Question | None,
    k: int,
    meant: Asked,
    weight: float,
) -> list[Recalled]:
    """The best `k` facts. `asked`: the query as `text`, and the `moment`. Up to nine statements."""
    place = {"about_id": about.id, "moment": asked["moment"]}
    text = str(asked["text"])
    scores: dict[UUID, dict[FoundBy, float]] = {}
    rows = {row.id: row for row in tx.all(queries.with_key, {**place, "pattern": _within(text), "limit": k})}
    for row in rows.values():
        scores[row.id] = {"key": _key_score(row.key, text)}
    hits = {} if question is None else relevant(tx, question, [about.id], k)
    near = like(tx, [about], meant, k)
    missing = [fact_id for fact_id in hits.keys() | near.keys() if fact_id not in rows]
    rows |= {row.id: row for row in tx.all(queries.current_ids, {**place, "ids": missing}) if missing}
    for fact_id, (score, by) in joined(hits, near, weight).items():
        if fact_id in rows and score > 0:
            scores.setdefault(fact_id, {}).update(dict.fromkeys(by, score * BY_TEXT))
    return _ranked(rows, scores)[:k]


def like(tx: Transaction, abouts: Sequence[About], meant: Asked, k: int) -> dict[UUID, float]:
    """Facts nearest to what a question means, each with how like it is. Up to two statements for each of `abouts`."""
    found: dict[UUID, float] = {}
    for about in abouts if meant.vectors else ():
        index = vectors.active_index(tx, purpose=PURPOSE, about=about.id)
        vector = None if index is None else meant.vectors.get(index.embedder)
        if index is not None and vector is not None and len(vector) == index.dimension:
            near = vectors.nearest(tx, index, vector, k=max(k, CANDIDATES), levels=None, owner=about.user_id or NIL)
            found |= {one.item_id: one.similarity for one in near}
    return found


def joined(
    by_words: Mapping[UUID, float], by_meaning: Mapping[UUID, float], weight: float
) -> dict[UUID, tuple[float, tuple[FoundBy, ...]]]:
    """Facts found either way with their joint score, best first: that of the words alone, where there is no meaning."""
    if not by_meaning:
        return {fact_id: (score, ("text",)) for fact_id, score in by_words.items()}
    floor = min(by_meaning.values()) if len(by_meaning) >= ENOUGH else 0.0
    both = fuse(
        [*by_words.items()],
        [*by_meaning.items()],
        weight=weight,
        k=len(by_words.keys() | by_meaning.keys()),
        floor=min(floor, 0.99),
    )
    return {one.id: (one.score, _found_by(one.lexical, one.vector)) for one in both}


def _found_by(lexical: float | None, vector: float | None) -> tuple[FoundBy, ...]:
    if vector is None:
        return ("text",)
    return ("meaning",) if lexical is None else ("text", "meaning")


def relevant(tx: Transaction, question: Question, abouts: list[UUID], k: int) -> dict[UUID, float]:
    """The facts that have words of a question, best first, the best with 1, the others in proportion."""
    hits = lexical.search(tx, question, purpose=PURPOSE, abouts=abouts, k=k, window=WINDOW)
    best = max((hit.score for hit in hits), default=1.0)
    return {hit.item_id: hit.score / best for hit in hits}


def _ranked(rows: dict[UUID, Stored], scores: dict[UUID, dict[FoundBy, float]]) -> list[Recalled]:
    found = [
        Recalled(fact=rows[fact_id].fact(), score=max(by.values()), found_by=tuple(by))
        for fact_id, by in scores.items()
    ]
    return sorted(found, key=lambda one: (one.score, one.fact.recorded_at, one.fact.id), reverse=True)


def _key_score(key: str, text: str) -> float:
    key, text = key.lower(), text.lower()
    if key == text:
        return KEY_IS
    return KEY_BEGINS if key.startswith(text) else KEY_HAS


def _within(text: str) -> str:
    """A pattern for what contains a text."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text}%"
