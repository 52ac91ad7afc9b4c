"""Search: passages that answer a question, among what the actor may read; logged without the question.

Words and meaning each find candidates under the actor's clearance, `fusion` joins them, and `passages` reads them again
under it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from holdfast.core import lexical
from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.fusion import CANDIDATES, fuse
from holdfast.core.lexical import Question
from holdfast.core.lexical.searching import WINDOW
from holdfast.core.questions import Asked
from holdfast.core.results import SearchMode
from holdfast.core.vectors import Found as Nearest
from holdfast.core.vectors import VectorIndex
from holdfast.core.words import words
from holdfast.domains.knowledge import meaning, queries, retrieval_queries
from holdfast.domains.knowledge.ingest import PURPOSE
from holdfast.domains.knowledge.models import Chunk, KnowledgeBase, PassageHit, Retrieval
from holdfast.domains.knowledge.passing import Filters, Passing

BESIDE_MEANING = 2
"""So many texts are scored by their words for each candidate where meaning finds too (benchmarks/windows.py)."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is searched for: in which bases, how many, by what."""

    question: Question
    bases: Sequence[KnowledgeBase]
    indexes: Mapping[KnowledgeBase, VectorIndex]
    filters: Filters
    mode: SearchMode
    asked: Asked
    weight: float
    k: int
    window: int = WINDOW


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A chunk that was found. `lexical` and `vector`: what its score is made of."""

    item_id: UUID
    score: float
    lexical: float | None = None
    vector: float | None = None


def find(tx: Transaction, wanted: Wanted) -> tuple[list[Ranked], list[str], bool]:
    """The best chunks, best first; notes; and whether an outside index should be asked for more."""
    passing = Passing(tx, [base.id for base in wanted.bases], wanted.filters)
    if wanted.mode == "lexical":
        found, notes = by_words(tx, wanted, passing, wanted.k)
        return [Ranked(item_id=one.item_id, score=one.score, lexical=one.score) for one in found], notes, False
    near, notes, short = meaning.nearest(tx, wanted.indexes, wanted.asked, passing, k=wanted.k)
    near = _wanted_of(tx, wanted, near)
    if wanted.mode == "vector":
        best = sorted(near, key=lambda one: (-one[0].similarity, one[0].item_id))[: wanted.k]
        return (
            [Ranked(item_id=one.item_id, score=one.similarity, vector=one.similarity) for one, _ in best],
            notes,
            short,
        )
    found, more = by_words(tx, wanted, passing, max(wanted.k, CANDIDATES))
    return _joined(found, near, wanted), notes + more, short


def _wanted_of(tx: Transaction, wanted: Wanted, near: list[tuple[Nearest, float]]) -> list[tuple[Nearest, float]]:
    """Without those that have what the question leaves out."""
    if not any(term.without for term in wanted.question.terms):
        return near
    abouts, ids = [base.id for base in wanted.bases], [one.item_id for one, _ in near]
    kept = {*lexical.without_unwanted(tx, wanted.question, ids, purpose=PURPOSE, abouts=abouts)}
    return [one for one in near if one[0].item_id in kept]


def _joined(found: Sequence[lexical.Found], near: Sequence[tuple[Nearest, float]], wanted: Wanted) -> list[Ranked]:
    """As `fusion` joins them. Similarities of several models have each their own floor: they are scaled before.

    Ids go in as numbers: those hash and compare in C.
    """
    several = len({floor for _, floor in near}) > 1
    similar = {one.item_id.int: one.similarity for one, _ in near}
    words = [(one.item_id.int, one.score) for one in found]
    if several:
        meant = [(one.item_id.int, (one.similarity - floor) / (1 - floor) if floor < 1 else 1.0) for one, floor in near]
    else:
        meant = [*similar.items()]
    fused = fuse(words, meant, weight=wanted.weight, k=wanted.k, floor=0.0 if several else None)
    return [
        Ranked(item_id=UUID(int=one.id), score=one.score, lexical=one.lexical, vector=similar.get(one.id))
        for one in fused
    ]


def by_words(tx: Transaction, wanted: Wanted, passing: Passing, k: int) -> tuple[list[lexical.Found], list[str]]:
    """The best chunks by their words, and notes. With filters perhaps more are looked at: all that pass."""
    asked: dict[str, Any] = {"purpose": PURPOSE, "abouts": [base.id for base in wanted.bases]}
    if not wanted.filters.any or passing.few is not None:
        window = min(wanted.window, WINDOW if wanted.mode == "lexical" else BESIDE_MEANING * k)
        return lexical.search(tx, wanted.question, k=k, among=passing.few, window=window, **asked), []
    found = lexical.search(tx, wanted.question, k=WINDOW, **asked)
    kept = passing.of(tx, found)
    short = len(kept) < wanted.k and len(found) == WINDOW
    return kept[:k], [f"the filter was applied to the best {len(found):,} passages"] if short else []


def passages(
    tx: Transaction, found: Sequence[Ranked], wanted: frozenset[str], neighbours: int
) -> tuple[PassageHit, ...]:
    """The chunks of hits, read again under the actor's clearance, with their documents and neighbours."""
    chunks = {chunk.id: chunk for chunk in tx.all(queries.chunks_listed, {"ids": [hit.item_id for hit in found]})}
    of = list({chunk.document_id for chunk in chunks.values()})
    documents = {document.id: document for document in tx.all(queries.documents_listed, {"ids": of})}
    return tuple(
        PassageHit(
            chunk=chunk,
            document=documents[chunk.document_id],
            score=hit.score,
            lexical=hit.lexical,
            vector=hit.vector,
            why=_why(chunk, wanted) if wanted else (),
            neighbours=_around(tx, chunk, neighbours) if neighbours else (),
        )
        for hit in found
        if (chunk := chunks.get(hit.item_id)) is not None and chunk.document_id in documents
    )


def _why(chunk: Chunk, wanted: frozenset[str]) -> tuple[str, ...]:
    has = {*words(chunk.heading), *words(chunk.content)}
    return tuple(sorted(wanted & has))


def _around(tx: Transaction, chunk: Chunk, neighbours: int) -> tuple[Chunk, ...]:
    asked = {
        "document_id": chunk.document_id,
        "first": chunk.position - neighbours,
        "last": chunk.position + neighbours,
    }
    return tuple(near for near in tx.all(queries.chunks_between, asked) if near.id != chunk.id)


def log(tx: Transaction, made: Retrieval, asked: dict[str, Any]) -> None:
    """Keep what was found, as ids. `asked`: the columns that the search itself knows."""
    row = {"id": made.id, "actor_id": tx.scope.actor_id, "request_id": tx.scope.request_id, "mode": made.mode}
    tx.run(retrieval_queries.insert_retrieval, {**row, "message_id": None, "cited": 0, "created_at": now(), **asked})
    if made.hits:
        each = {
            "rank": range(1, len(made.hits) + 1),
            "chunk_id": [hit.chunk.id for hit in made.hits],
            "document_id": [hit.document.id for hit in made.hits],
            "base_id": [hit.chunk.base_id for hit in made.hits],
            "clearance": [hit.chunk.clearance for hit in made.hits],
            "score": [hit.score for hit in made.hits],
        }
        tx.fill(retrieval_queries.insert_hit, {"retrieval_id": made.id, "message_id": None}, each)
