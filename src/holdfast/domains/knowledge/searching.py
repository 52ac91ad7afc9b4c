"""Search: passages that answer a question, among what the actor may read; logged without the question.

What vectors find joins here: `find` gives ranked chunk ids, `passages` reads them again under the actor's clearance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from holdfast.core import lexical
from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.lexical import Found, Question
from holdfast.core.lexical.searching import WINDOW
from holdfast.core.words import words
from holdfast.domains.knowledge import queries
from holdfast.domains.knowledge.ingest import PURPOSE
from holdfast.domains.knowledge.models import Chunk, PassageHit, Retrieval

FILTERED = 2_000
"""When a filter leaves so many chunks or fewer, all of them are ranked; else the best of the search are filtered."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What documents must be."""

    document_id: UUID | None = None
    media_type: str | None = None
    source: str | None = None
    metadata: dict[str, object] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.document_id or self.media_type or self.source or self.metadata)


def find(
    tx: Transaction, question: Question, abouts: Sequence[UUID], *, k: int, filters: Filters
) -> tuple[list[Found], list[str]]:
    """The best chunks by their words, and notes. With filters perhaps more than `k`: all that pass are looked at."""
    asked: dict[str, Any] = {"purpose": PURPOSE, "abouts": abouts}
    if not filters.any:
        return lexical.search(tx, question, k=k, **asked), []
    ids = _passing(tx, abouts, filters)
    if len(ids) <= FILTERED:
        return lexical.search(tx, question, k=k, among=ids, **asked), []
    passing = set(ids) if len(ids) <= 10 * FILTERED else None
    found = lexical.search(tx, question, k=WINDOW, **asked)
    if passing is None:
        passing = {id_ for lot in _lots(found) for id_ in _passing_of(tx, abouts, filters, lot)}
    kept = [hit for hit in found if hit.item_id in passing]
    note = f"the filter was applied to the best {len(found):,} passages" if len(kept) < k else ""
    return kept[:k], [note] if note else []


def _passing(tx: Transaction, abouts: Sequence[UUID], filters: Filters) -> list[UUID]:
    query = queries.chunks_of_documents(
        document=filters.document_id is not None,
        media_type=filters.media_type is not None,
        source=filters.source is not None,
    )
    return [id_ for (id_,) in tx.all(query, _params(abouts, filters) | {"limit": 10 * FILTERED + 1})]


def _passing_of(tx: Transaction, abouts: Sequence[UUID], filters: Filters, found: list[Found]) -> set[UUID]:
    held = tx.all(queries.chunks_listed, {"ids": [hit.item_id for hit in found]})
    of = {chunk.id: chunk.document_id for chunk in held}
    documents = tx.all(queries.documents_listed, {"ids": list({*of.values()})})
    right = {document.id for document in documents if _fits(document, filters)}
    return {id_ for id_, document_id in of.items() if document_id in right}


def _fits(document: Any, filters: Filters) -> bool:
    same = all(
        wanted is None or getattr(document, name) == wanted
        for name, wanted in (
            ("id", filters.document_id),
            ("media_type", filters.media_type),
            ("source", filters.source),
        )
    )
    has = document.metadata
    return same and all(
        name in has and type(has[name]) is type(wanted) and has[name] == wanted
        for name, wanted in filters.metadata.items()
    )


def _params(abouts: Sequence[UUID], filters: Filters) -> dict[str, Any]:
    return {
        "abouts": abouts,
        "document_id": filters.document_id,
        "media_type": filters.media_type,
        "source": filters.source,
        "metadata": filters.metadata,
    }


def _lots(found: list[Found]) -> list[list[Found]]:
    return [found[start : start + 200] for start in range(0, len(found), 200)]


def passages(
    tx: Transaction, found: Sequence[Found], wanted: frozenset[str], neighbours: int
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
            why=_why(chunk, wanted),
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
    tx.run(queries.insert_retrieval, {**row, "message_id": None, "created_at": now(), **asked})
    hits = [
        {
            "retrieval_id": made.id,
            "rank": rank,
            "chunk_id": hit.chunk.id,
            "document_id": hit.document.id,
            "base_id": hit.chunk.base_id,
            "clearance": hit.chunk.clearance,
            "score": hit.score,
            "message_id": None,
        }
        for rank, hit in enumerate(made.hits, 1)
    ]
    tx.many(queries.insert_hit, hits)
