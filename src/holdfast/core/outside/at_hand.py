"""The outside indexes that a store was opened with, each behind a circuit breaker."""

import math
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from holdfast.core.embedders.models import Vector
from holdfast.core.errors import HoldfastError
from holdfast.core.outside.errors import OutsideMissing, OutsideUnavailable, OutsideUnknown
from holdfast.core.outside.models import OutsideIndex
from holdfast.core.resilience import BreakerOpen, Breakers
from holdfast.core.settings import Settings

T = TypeVar("T")


class OutsideIndexes:
    """Those of one open store. Safe in several threads."""

    def __init__(self, settings: Settings, breakers: Breakers) -> None:
        self._settings, self._breakers = settings, breakers
        self._lock = threading.Lock()
        self._made: dict[str, OutsideIndex] = {}

    def check(self, name: object) -> str:
        """The name of one that was given. Raises `OutsideUnknown`."""
        if not isinstance(name, str) or name not in self._settings.vector_indexes:
            raise OutsideUnknown(name, self._settings.vector_indexes)
        return name

    def put(self, name: str, index_id: UUID, ids: Sequence[UUID], vectors: Sequence[Vector]) -> None:
        """Keep vectors. Raises `OutsideUnavailable`, as the others do."""
        self._ask(name, lambda index: index.put(_collection(index_id), [id_.hex for id_ in ids], vectors))

    def nearest(self, name: str, index_id: UUID, vector: Vector, k: int) -> list[tuple[UUID, float]]:
        """What it says is near: ids and likenesses, to be looked up here before anybody gets to see them."""
        said = self._ask(name, lambda index: index.nearest(_collection(index_id), vector, k))
        found: dict[UUID, float] = {}
        for id_, similarity in said:
            item_id = _as_id(id_)
            if item_id is not None and math.isfinite(similarity):
                found.setdefault(item_id, max(-1.0, min(1.0, float(similarity))))
        return list(found.items())

    def remove(self, name: str, index_id: UUID, ids: Sequence[UUID]) -> None:
        """Take vectors out."""
        self._ask(name, lambda index: index.remove(_collection(index_id), [id_.hex for id_ in ids]))

    def drop(self, name: str, index_id: UUID) -> None:
        """Take all vectors of an index out."""
        self._ask(name, lambda index: index.drop(_collection(index_id)))

    def _ask(self, name: str, call: Callable[[OutsideIndex], T]) -> T:
        breaker = self._breakers.breaker(f"vector index {name}", failing=(OutsideUnavailable,))
        try:
            return breaker.call(lambda: self._call(name, call))
        except BreakerOpen as error:
            raise OutsideUnavailable(name, "left alone for a moment") from error

    def _call(self, name: str, call: Callable[[OutsideIndex], T]) -> T:
        try:
            return call(self._find(name))
        except HoldfastError:
            raise
        except Exception as error:  # noqa: BLE001  # it is not ours: whatever it raises, it gave nothing
            raise OutsideUnavailable(name, type(error).__name__) from None

    def _find(self, name: str) -> OutsideIndex:
        with self._lock:
            made = self._made.get(name)
            if made is None:
                made = self._made[name] = self._make(self.check(name))
            return made

    def _make(self, name: str) -> OutsideIndex:
        given = self._settings.vector_indexes[name]
        if not isinstance(given, str):
            return given  # type: ignore[no-any-return]  # an index of the program's own
        try:
            from holdfast.core.outside.chroma import ChromaIndex  # takes seconds
        except ImportError as error:
            raise OutsideMissing(name) from error
        return ChromaIndex.of(given.removeprefix("chroma:"))


def _collection(index_id: UUID) -> str:
    return f"holdfast_{index_id.hex}"


def _as_id(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
