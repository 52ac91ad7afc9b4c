"""What an outside vector index is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

Near = tuple[str, float]
"""An id as the index spells it, and how like its vector is: the cosine."""


@runtime_checkable
class OutsideIndex(Protocol):
    """Keeps vectors by id, in collections. Safe in several threads. Whatever it raises, it counts as away."""

    def put(self, collection: str, ids: Sequence[str], vectors: Sequence[Sequence[float]]) -> None:
        """Keep vectors, in place of those with the same ids. The collection is made if it is not there."""
        ...

    def nearest(self, collection: str, vector: Sequence[float], k: int) -> list[Near]:
        """The `k` most like, best first; none where there is no such collection."""
        ...

    def remove(self, collection: str, ids: Sequence[str]) -> None:
        """Take vectors out. What is not there is no error."""
        ...

    def drop(self, collection: str) -> None:
        """Take a collection away with all that is in it. One that is not there is no error."""
        ...


@dataclass(frozen=True, kw_only=True)
class OutsideReport:
    """Vectors that were deleted here: `removed` from outside indexes by this call, and `left` there by now."""

    removed: int
    left: int
    notes: tuple[str, ...] = ()
