"""Reading knowledge: bases, documents, chunks, what was searched; never above the reader's clearance."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from holdfast.core import vectors
from holdfast.core.action import Actions, action
from holdfast.core.clock import EPOCH, as_utc, from_microseconds, now, to_microseconds
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_document
from holdfast.core.pages import InvalidCursor, Page, check_limit, decode_cursor, encode_cursor
from holdfast.domains.knowledge import base_queries, queries, retrieval_queries
from holdfast.domains.knowledge.access import find_document, open_base
from holdfast.domains.knowledge.errors import RetrievalNotFound
from holdfast.domains.knowledge.models import (
    Chunk,
    Document,
    KnowledgeBase,
    KnowledgeReport,
    LoggedRetrieval,
)
from holdfast.domains.knowledge.waiting import with_pending

REPORTED = 50
"""The most documents or answers a report names of each kind."""


class KnowledgeReads(Actions):
    """What can be read of knowledge; see `Knowledge`."""

    def _clear_after(self, tx: Transaction, base: KnowledgeBase) -> None:
        """Once this transaction is committed, have an outside index of the base remove what was deleted here; what it
        does not remove now waits, and is tried again by `embed_some` and `Store.clear_outside`.
        """
        if base.index is not None:
            tx.after_commit(partial(vectors.clear_outside, self.engine, self.scope.tenant_id))

    @action("knowledge.read", writes=False)
    def list_bases(self) -> Work[list[KnowledgeBase]]:
        """The knowledge bases that are open to the caller, by name."""
        return lambda tx: tx.all(base_queries.bases)

    @action("knowledge.read", writes=False, on="base")
    def base(self, base: UUID | str) -> Work[KnowledgeBase]:
        """A knowledge base by its id or name. Raises `BaseNotFound`."""
        return lambda tx: open_base(tx, base)

    @action("knowledge.read", writes=False, on="base")
    def documents(
        self,
        base: UUID | str,
        *,
        metadata: Mapping[str, object] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Document]]:
        """A page of a base's documents that the caller may read, the oldest first.

        `metadata`: only those with these members. Raises `BaseNotFound`, `InvalidCursor`.
        """
        wanted = self._check_document(metadata, "metadata")
        question = ("knowledge.documents", self.scope.tenant_id, self.scope.actor_id, str(base), repr(wanted))
        params: dict[str, Any] = {"metadata": wanted, "limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params["after_id"] = _id_in(question, cursor)
        query = queries.page_of_documents(after=cursor is not None, metadata=bool(wanted))

        def work(tx: Transaction) -> Page[Document]:
            rows = tx.all(query, params | {"base_id": open_base(tx, base).id})
            items = tuple(rows[:limit])
            return Page(items=items, next=encode_cursor(question, [items[-1].id.hex]) if len(rows) > limit else None)

        return work

    @action("knowledge.read", writes=False, on="document")
    def document(self, document: UUID | str) -> Work[Document]:
        """A document without its text. Raises `DocumentNotFound`."""
        document_id = as_id(document, field="document")
        return lambda tx: with_pending(tx, find_document(tx, document_id))

    @action("knowledge.read", writes=False, on="document")
    def chunks(self, document: UUID | str, *, limit: int = 50, cursor: str | None = None) -> Work[Page[Chunk]]:
        """A page of a document's chunks, in order. Raises `DocumentNotFound`, `InvalidCursor`."""
        document_id = as_id(document, field="document")
        question = ("knowledge.chunks", self.scope.tenant_id, self.scope.actor_id, document_id)
        asked = {
            "document_id": document_id,
            "first": 0 if cursor is None else _position_in(question, cursor),
            "limit": check_limit(limit, self.settings.page) + 1,
        }

        def work(tx: Transaction) -> Page[Chunk]:
            find_document(tx, document_id)
            rows = tx.all(queries.page_of_chunks, asked)
            more = encode_cursor(question, [rows[limit].position]) if len(rows) > limit else None
            return Page(items=tuple(rows[:limit]), next=more)

        return work

    @action("knowledge.read", writes=False, on="document")
    def text(self, document: UUID | str) -> Work[str]:
        """A document's text as it was read, chunk after chunk, without what they repeat. Raises `DocumentNotFound`."""
        document_id = as_id(document, field="document")

        def work(tx: Transaction) -> str:
            find_document(tx, document_id)
            rows = tx.all(queries.texts_of, {"document_id": document_id})
            return "\n\n".join(content[overlap:].strip("\n") for content, overlap in rows)

        return work

    @action("knowledge.read", writes=False, on="retrieval")
    def retrieval(self, retrieval: UUID | str) -> Work[LoggedRetrieval]:
        """One of the caller's searches as it was logged; an administrator reads everybody's. Raises
        `RetrievalNotFound`.
        """
        retrieval_id = as_id(retrieval, field="retrieval")

        def work(tx: Transaction) -> LoggedRetrieval:
            found = tx.first(retrieval_queries.retrieval, {"retrieval_id": retrieval_id})
            if found is None:
                raise RetrievalNotFound(retrieval_id)
            tx.saw("retrieval", found.id, owner=found.actor_id)
            return replace(found, hits=tuple(tx.all(retrieval_queries.hits_of, {"retrieval_id": retrieval_id})))

        return work

    @action("knowledge.report", writes=False)
    def retrievals(
        self, *, base: UUID | str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Work[Page[LoggedRetrieval]]:
        """A page of what was searched, the latest first, without hits. Raises `BaseNotFound`, `InvalidCursor`."""
        question = ("knowledge.retrievals", self.scope.tenant_id, self.scope.actor_id, str(base))
        params: dict[str, Any] = {"limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params |= _moment_in(question, cursor)
        query = retrieval_queries.page_of_retrievals(base=base is not None, after=cursor is not None)

        def work(tx: Transaction) -> Page[LoggedRetrieval]:
            rows = tx.all(query, params if base is None else params | {"base_id": open_base(tx, base).id})
            items = tuple(rows[:limit])
            for item in items:
                tx.saw("retrieval", item.id, owner=item.actor_id)
            if len(rows) <= limit:
                return Page(items=items)
            place = [to_microseconds(items[-1].created_at), items[-1].id.hex]
            return Page(items=items, next=encode_cursor(question, place))

        return work

    @action("knowledge.report", writes=False)
    def report(
        self, *, base: UUID | str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Work[KnowledgeReport]:
        """How knowledge was used from `since` until `until`: what was found, what never, which answers cite nothing.

        Over the searches of everybody for an administrator, the caller's own for a member; only of documents at levels
        that the caller holds. Raises `BaseNotFound`.
        """
        period: dict[str, Any] = {
            "since": EPOCH if since is None else as_utc(since, field="since"),
            "until": now() if until is None else as_utc(until, field="until"),
            "limit": REPORTED,
        }

        def work(tx: Transaction) -> KnowledgeReport:
            base_id = None if base is None else open_base(tx, base).id
            asked = period | {"base_id": base_id, "any_base": base is None}
            ((count,),) = tx.all(retrieval_queries.count_retrievals, asked)
            unsupported = tx.all(retrieval_queries.unsupported, asked)
            for actor_id in dict.fromkeys(actor_id for _, actor_id in unsupported):
                tx.saw("user", actor_id, owner=actor_id)
            return KnowledgeReport(
                retrievals=count,
                latency_p50=_latency(tx, asked, count, 0.5),
                latency_p95=_latency(tx, asked, count, 0.95),
                most_found=tuple(tx.all(retrieval_queries.most_found, asked)),
                never_found=tuple(tx.all(retrieval_queries.never_found, asked)),
                unsupported=tuple(message_id for message_id, _ in unsupported),
            )

        return work

    def _check_document(self, value: Mapping[str, object] | None, field: str) -> dict[str, object]:
        limits = {"most_bytes": self.settings.metadata_bytes, "most_depth": self.settings.metadata_depth}
        return check_document(value, field=field, **limits)

    def _check_embedder(self, given: object) -> str:
        return self.engine.embedders.check(given, anywhere=self.scope.face != "http")

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: knowledge is a person's; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id


def _latency(tx: Transaction, asked: dict[str, Any], count: int, share: float) -> float | None:
    if not count:
        return None
    ((latency,),) = tx.all(retrieval_queries.latency_at, asked | {"place": min(count - 1, int(count * share))})
    return float(latency)


def _id_in(question: tuple[object, ...], cursor: str) -> UUID:
    (identifier,) = decode_cursor(question, cursor, length=1)
    try:
        return UUID(identifier)  # type: ignore[arg-type]  # anything else raises one of these
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidCursor(cursor) from error


def _position_in(question: tuple[object, ...], cursor: str) -> int:
    (place,) = decode_cursor(question, cursor, length=1)
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < 2**31:
        raise InvalidCursor(cursor)
    return place


def _moment_in(question: tuple[object, ...], cursor: str) -> dict[str, object]:
    moment, identifier = decode_cursor(question, cursor, length=2)
    try:
        return {"after_time": from_microseconds(int(str(moment))), "after_id": UUID(str(identifier))}
    except (ValueError, OverflowError) as error:
        raise InvalidCursor(cursor) from error
