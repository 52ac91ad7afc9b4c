"""Recalling: facts by their keys and by their words, best first, each with why it was found.

A key that is the query scores 1, one that begins with it 0.9, one that contains it 0.7. What is found by its words
scores up to 0.8, the best of them that much and the others in proportion. What is found both ways has the better score.
"""

from uuid import UUID

from holdfast.core import lexical
from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.lexical import Question
from holdfast.domains.memory import queries
from holdfast.domains.memory.indexing import PURPOSE
from holdfast.domains.memory.models import FoundBy, Recalled
from holdfast.domains.memory.places import About
from holdfast.domains.memory.stored import Stored

KEY_IS, KEY_BEGINS, KEY_HAS, BY_TEXT = 1.0, 0.9, 0.7, 0.8

QUERY_CHARS = 4_000
WINDOW = 200
"""When more facts than this match, those with the rarest words are ranked: a prompt cannot wait for all."""


def as_question(text: str) -> Question | None:
    """The words of a query; None when it has none to look for."""
    try:
        return lexical.parse_question(text, most_chars=QUERY_CHARS)
    except InvalidInput:
        return None


def recall(
    tx: Transaction, about: About, asked: dict[str, object], question: Question | None, k: int
) -> list[Recalled]:
    """The best `k` facts. `asked`: the query as `text`, and the `moment`. Up to seven statements."""
    place = {"about_id": about.id, "moment": asked["moment"]}
    text = str(asked["text"])
    scores: dict[UUID, dict[FoundBy, float]] = {}
    rows = {row.id: row for row in tx.all(queries.with_key, {**place, "pattern": _within(text), "limit": k})}
    for row in rows.values():
        scores[row.id] = {"key": _key_score(row.key, text)}
    if question is not None:
        hits = relevant(tx, question, [about.id], k)
        missing = [fact_id for fact_id in hits if fact_id not in rows]
        rows |= {row.id: row for row in tx.all(queries.current_ids, {**place, "ids": missing}) if missing}
        for fact_id, score in hits.items():
            if fact_id in rows:
                scores.setdefault(fact_id, {})["text"] = score * BY_TEXT
    return _ranked(rows, scores)[:k]


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
