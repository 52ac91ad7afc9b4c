"""Filters: which chunks are of documents that a question is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.domains.knowledge import queries

FEW = 2_000
"""When a filter leaves so many chunks or fewer, all of them are ranked; else the best of the search are filtered."""
MANY = 20_000
"""When it leaves more than so many, they are not even listed."""


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
        named = (self.document_id, self.media_type, self.source)
        return bool(self.metadata) or any(one is not None for one in named)


class Hit(Protocol):
    """What a side found."""

    @property
    def item_id(self) -> UUID:
        """The chunk."""
        ...


H = TypeVar("H", bound=Hit)


class Passing:
    """The chunks that filters let through. `few`: all of them, if they are; `many`: all, if they could be listed."""

    def __init__(self, tx: Transaction, abouts: Sequence[UUID], filters: Filters) -> None:
        self._abouts, self._filters = abouts, filters
        self.few: list[UUID] | None = None
        self.many: list[UUID] | None = None
        if filters.any:
            ids = [id_ for (id_,) in tx.all(_query(filters), _params(abouts, filters) | {"limit": MANY + 1})]
            self.few = ids if len(ids) <= FEW else None
            self.many = ids if len(ids) <= MANY else None
        self._listed = None if self.many is None else frozenset(self.many)

    def of(self, tx: Transaction, found: list[H]) -> list[H]:
        """Those of the hits that pass, in their order. Statements only where too many pass to be listed."""
        if not self._filters.any:
            return found
        right = self._listed
        if right is None:
            lots = [found[start : start + 200] for start in range(0, len(found), 200)]
            right = frozenset(id_ for lot in lots for id_ in self._right(tx, [hit.item_id for hit in lot]))
        return [hit for hit in found if hit.item_id in right]

    def _right(self, tx: Transaction, ids: list[UUID]) -> set[UUID]:
        of = {chunk.id: chunk.document_id for chunk in tx.all(queries.chunks_listed, {"ids": ids})}
        documents = tx.all(queries.documents_listed, {"ids": list({*of.values()})})
        right = {document.id for document in documents if _fits(document, self._filters)}
        return {id_ for id_, document_id in of.items() if document_id in right}


def _query(filters: Filters) -> Any:
    return queries.chunks_of_documents(
        document=filters.document_id is not None,
        media_type=filters.media_type is not None,
        source=filters.source is not None,
    )


def _params(abouts: Sequence[UUID], filters: Filters) -> dict[str, Any]:
    return {
        "abouts": abouts,
        "document_id": filters.document_id,
        "media_type": filters.media_type,
        "source": filters.source,
        "metadata": filters.metadata,
    }


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
