"""Vectors of what rooms keep, and the nearest of them: for search by meaning. Knows no embedder and no domain."""

from holdfast.core.vectors.errors import InvalidVector, VectorIndexNotFound, VectorMismatch
from holdfast.core.vectors.indexes import (
    activate,
    active_index,
    create_index,
    drop_index,
    index_for,
    indexes,
    known_dimension,
)
from holdfast.core.vectors.models import Found, State, VectorIndex
from holdfast.core.vectors.nearest import ROUGHLY, Effort, nearest
from holdfast.core.vectors.outside import clear_outside, leave_outside_tenant, note_outside, sent_outside
from holdfast.core.vectors.queries import has_vector
from holdfast.core.vectors.storing import count, missing, move, remove, remove_about, store, vector_of

__all__ = [
    "ROUGHLY",
    "Effort",
    "Found",
    "InvalidVector",
    "State",
    "VectorIndex",
    "VectorIndexNotFound",
    "VectorMismatch",
    "activate",
    "active_index",
    "clear_outside",
    "count",
    "create_index",
    "drop_index",
    "has_vector",
    "index_for",
    "indexes",
    "known_dimension",
    "leave_outside_tenant",
    "missing",
    "move",
    "nearest",
    "note_outside",
    "remove",
    "remove_about",
    "sent_outside",
    "store",
    "vector_of",
]
