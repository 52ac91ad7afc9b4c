"""What the calls on vectors give."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

State = Literal["building", "active", "retired"]


@dataclass(frozen=True, kw_only=True)
class VectorIndex:
    """Vectors of one embedder, about one thing. `active`: it is searched; `building`: it is being filled to replace
    that; `retired`: it was replaced.
    """

    id: UUID
    purpose: str
    about: UUID
    embedder: str
    dimension: int
    state: State
    created_at: datetime


@dataclass(frozen=True)
class Found:
    """An item near a vector. `similarity`: the cosine, 1 for the same direction, -1 for the opposite."""

    item_id: UUID
    similarity: float
