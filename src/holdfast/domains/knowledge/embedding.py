"""Vectors of knowledge: asked for outside transactions, kept batch by batch, gone on with after any stop."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from holdfast.core import vectors
from holdfast.core.action import action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.embedders import Vector
from holdfast.core.embedders.texts import MOST_STEP, STEP, embed
from holdfast.core.errors import HoldfastError, InvalidInput
from holdfast.core.pages import check_limit
from holdfast.core.vectors import VectorIndex
from holdfast.domains.knowledge import base_queries, waiting
from holdfast.domains.knowledge.access import editable_base, find_document
from holdfast.domains.knowledge.bases import Bases
from holdfast.domains.knowledge.errors import NoEmbedder
from holdfast.domains.knowledge.ingest import PURPOSE
from holdfast.domains.knowledge.models import Document, EmbeddingReport, KnowledgeBase

AT_ONCE_OVER_HTTP = 256
"""So many chunks of a document get their vectors while a request waits; `embed` gives the others theirs."""


class _State(NamedTuple):
    base: KnowledgeBase
    active: VectorIndex | None
    texts: dict[UUID, str]


class Embedding(Bases):
    """How chunks get vectors; see `Knowledge`."""

    @composite
    def embed_some(self, base: UUID | str, *, most: int = STEP) -> EmbeddingReport:
        """Give vectors to up to `most` chunks that wait, of documents at levels that the caller holds.

        Nothing is embedded twice, whatever stopped the last call; others may do the same at the same time. What an
        embedder gave is kept batch by batch, so a failure loses one batch at most. `embed` calls it until all is done.
        Raises `BaseNotFound`, `BaseReadOnly`, `NoEmbedder`, `EmbedderChanged`, `EmbedderUnknown`, and what the embedder
        raises: `EmbedderFailed` or one of its family.
        """
        done = self._embed(base, check_limit(most, MOST_STEP, field="most"), None)
        base_id, embedder, pending = self._pending(base)
        if self.scope.tenant_id is not None:
            vectors.clear_outside(self.engine, self.scope.tenant_id)
        return EmbeddingReport(base_id=base_id, embedder=embedder, embedded=done, pending=pending, done=not pending)

    def _embed(self, base: UUID | str, most: int | None, document_id: UUID | None) -> int:
        done = 0
        while most is None or done < most:
            lot = self._lot(None if most is None else most - done)
            state = self._waiting(base, lot, document_id)
            if not state.texts:
                break
            assert state.base.embedder is not None, "_waiting refused others"
            pair = self.engine.embedders.find(state.base.embedder)
            waiting.check_embedder(state.active, pair)
            found = embed(pair, state.texts)
            if state.active is not None:
                waiting.check_dimension(state.active, found)
            done += self._send(self._keep(state.base.id, pair.name, found), found)
            self._has_vectors()
        return done

    def _lot(self, most: int | None) -> int:
        lot = self.settings.embedder_batch * self.settings.embedder_concurrency
        return lot if most is None else min(lot, most)

    def _send(self, kept: waiting.Kept, found: Mapping[UUID, Vector]) -> int:
        """Send what an outside index is to keep, outside any transaction; how many vectors are kept now."""
        if kept.place is None or kept.index_id is None or not kept.ids:
            return len(kept.ids)
        self.engine.outside.put(kept.place, kept.index_id, kept.ids, [found[id_] for id_ in kept.ids])
        return self._sent(kept)

    @action("knowledge.embed", writes=True, recorded=False)
    def _sent(self, kept: waiting.Kept) -> Work[int]:
        index_id, place = kept.index_id, kept.place
        assert index_id is not None and place is not None, "it was sent there"
        return lambda tx: vectors.sent_outside(tx, index_id, place, kept.ids)

    def _has_vectors(self) -> None:
        if self.scope.tenant_id is not None:
            self.engine.embedders.something_of(self.scope.tenant_id, PURPOSE)

    @action("knowledge.embed", writes=False, on="base")
    def _waiting(self, base: UUID | str, most: int, document_id: UUID | None) -> Work[_State]:
        def work(tx: Transaction) -> _State:
            of = editable_base(tx, base)
            if of.embedder is None:
                raise NoEmbedder(of.id)
            index = vectors.active_index(tx, purpose=PURPOSE, about=of.id)
            return _State(of, index, waiting.waiting(tx, of.id, index, most=most, document_id=document_id))

        return work

    @action("knowledge.embed", writes=False, on="base")
    def _pending(self, base: UUID | str) -> Work[tuple[UUID, str, int]]:
        def work(tx: Transaction) -> tuple[UUID, str, int]:
            of = editable_base(tx, base)
            index = vectors.active_index(tx, purpose=PURPOSE, about=of.id)
            return of.id, of.embedder or "", waiting.count_waiting(tx, of.id, index)

        return work

    @action("knowledge.embed", writes=True, on="base_id", recorded=False)
    def _keep(self, base_id: UUID, name: str, found: Mapping[UUID, Vector]) -> Work[waiting.Kept]:
        """Keep vectors in the base's active index, which the first of them make. None when it is another's now."""

        def work(tx: Transaction) -> waiting.Kept:
            of = editable_base(tx, base_id)
            index = vectors.active_index(tx, purpose=PURPOSE, about=base_id)
            if index is None:
                tx.all(base_queries.wait_for_turn, {"turn": f"first vectors {base_id}"})
                index = vectors.active_index(tx, purpose=PURPOSE, about=base_id)
            if index is None:
                size = len(next(iter(found.values())))
                index = vectors.create_index(
                    tx, purpose=PURPOSE, about=base_id, embedder=name, dimension=size, state="active"
                )
            if index.embedder != name:
                return waiting.Kept()  # the model was changed meanwhile: the next round asks the new one
            waiting.check_dimension(index, found)
            return waiting.keep(tx, of, index, found)

        return work

    def _embedded(self, document: Document, *, wanted: bool) -> Document:
        """A document that was stored, with vectors for what waits of it; if they cannot be had, with the reason."""
        if not document.pending or not wanted:
            return document
        note = None
        try:
            most = min(document.pending, AT_ONCE_OVER_HTTP) if self.scope.face == "http" else document.pending
            done = self._embed(document.base_id, most, document.id)
            pending = max(0, document.pending - done)
            note = None if not pending else "the rest waits; knowledge.embed(…) goes on"
        except InvalidInput as error:  # the embedder is not known here
            pending, note = document.pending, str(error)
        except HoldfastError as error:
            pending, note = self._left(document.id), str(error)
        return replace(document, pending=pending, note=note)

    @action("knowledge.embed", writes=False, on="document_id")
    def _left(self, document_id: UUID) -> Work[int]:
        return lambda tx: waiting.with_pending(tx, find_document(tx, document_id)).pending or 0
