"""Chunks that wait for vectors: found, counted, given them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from holdfast.core import vectors
from holdfast.core.database import Transaction
from holdfast.core.embedders import EmbedderMismatch, Pair, Vector
from holdfast.core.scope import NIL
from holdfast.core.vectors import VectorIndex
from holdfast.domains.knowledge import queries
from holdfast.domains.knowledge.access import open_base
from holdfast.domains.knowledge.errors import EmbedderChanged
from holdfast.domains.knowledge.ingest import PURPOSE
from holdfast.domains.knowledge.models import Document, KnowledgeBase


def waiting(
    tx: Transaction, base_id: UUID, index: VectorIndex | None, *, most: int, document_id: UUID | None = None
) -> dict[UUID, str]:
    """Up to `most` chunks without a vector in an index, and what is embedded of each."""
    query = queries.waiting_chunks(document=document_id is not None)
    rows = tx.all(query, _asked(base_id, index, document_id) | {"limit": most})
    return {id_: f"{heading}\n{content}" if heading else content for id_, heading, content in rows}


def count_waiting(tx: Transaction, base_id: UUID, index: VectorIndex | None, document_id: UUID | None = None) -> int:
    """How many chunks at the caller's levels have no vector in an index."""
    query = queries.count_waiting(document=document_id is not None)
    return int(tx.all(query, _asked(base_id, index, document_id))[0][0])


def _asked(base_id: UUID, index: VectorIndex | None, document_id: UUID | None) -> dict[str, object]:
    index_id = NIL if index is None else index.id
    return {"base_id": base_id, "document_id": document_id, "vector_index_id": index_id}


def with_pending(tx: Transaction, document: Document) -> Document:
    """A document with the number of its chunks that wait. Up to three statements."""
    if open_base(tx, document.base_id).embedder is None:
        return replace(document, pending=0)
    index = vectors.active_index(tx, purpose=PURPOSE, about=document.base_id)
    return replace(document, pending=count_waiting(tx, document.base_id, index, document.id))


def check_dimension(index: VectorIndex, found: Mapping[UUID, Vector]) -> None:
    """Raise `EmbedderMismatch` for vectors that do not fit an index."""
    for vector in found.values():
        if len(vector) != index.dimension:
            raise EmbedderMismatch(index.embedder, index.dimension, len(vector))


def check_embedder(index: VectorIndex | None, pair: Pair) -> None:
    """Raise `EmbedderChanged` when an index is of another embedder; have the embedder keep to its dimension."""
    if index is not None and index.embedder != pair.name:
        raise EmbedderChanged(index.about, index.embedder, pair.name)
    if index is not None:
        pair.expect(index.dimension)


@dataclass(frozen=True)
class Kept:
    """The chunks whose vectors were kept in an index, or, with `place`, are to be sent to that outside index now."""

    index_id: UUID | None = None
    ids: tuple[UUID, ...] = ()
    place: str | None = None


def keep(tx: Transaction, base: KnowledgeBase, index: VectorIndex, found: Mapping[UUID, Vector]) -> Kept:
    """Store the vectors of those chunks that are still there, at the levels they have now.

    Where an outside index keeps them, it is noted that they are on their way.
    """
    held = tx.all(queries.chunks_held, {"ids": sorted(found)})
    ids = tuple(id_ for id_, _ in held)
    if base.index is not None:
        vectors.note_outside(tx, index, base.index, ids)
    else:
        vectors.store(tx, index, [(id_, level, None, found[id_]) for id_, level in held])
    return Kept(index.id, ids, base.index)
