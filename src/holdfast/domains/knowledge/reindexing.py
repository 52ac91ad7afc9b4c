"""Another embedder for a base: a second index is filled beside the first, and takes its place at once."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from holdfast.core import vectors
from holdfast.core.action import action, composite
from holdfast.core.clearance import hold_all
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.embedders import Embedder, Pair, Vector
from holdfast.core.embedders.texts import MOST_STEP, STEP, embed
from holdfast.core.pages import check_limit
from holdfast.core.vectors import VectorIndex
from holdfast.domains.knowledge import base_queries, waiting
from holdfast.domains.knowledge.access import editable_base
from holdfast.domains.knowledge.embedding import Embedding
from holdfast.domains.knowledge.errors import NoEmbedder
from holdfast.domains.knowledge.ingest import PURPOSE
from holdfast.domains.knowledge.models import EmbeddingReport, KnowledgeBase

LAST = 64
"""So few chunks may wait when the indexes are switched while documents are added without pause: they follow at once."""


class _Indexes(NamedTuple):
    base: KnowledgeBase
    active: VectorIndex | None
    building: VectorIndex | None
    old: tuple[VectorIndex, ...]


class Reindexing(Embedding):
    """How a base gets another embedder; see `Knowledge`."""

    @composite
    def reindex_some(
        self, base: UUID | str, *, embedder: str | Embedder | None = None, most: int = STEP
    ) -> EmbeddingReport:
        """Go on making a base's vectors with another embedder (by default, its own), by up to `most` chunks.

        Searches use the old vectors until the new ones are whole; then these take their place at once, and the old ones
        are deleted, 10,000 at a time. Nothing is embedded twice, whatever stopped the last call. Documents may be added
        meanwhile. Touches documents that the caller cannot see, so needs clearance for every level. `reindex` calls it
        until all is done. Raises `BaseNotFound`, `BaseReadOnly`, `ClearanceNeeded`, `NoEmbedder`, `EmbedderUnknown`,
        and what the embedder raises: `EmbedderFailed` or one of its family.
        """
        wanted, left = (
            None if embedder is None else self._check_embedder(embedder),
            check_limit(most, MOST_STEP, field="most"),
        )
        of = self._indexes(base, wanted, None)
        chosen = wanted or of.base.embedder
        if chosen is None:
            raise NoEmbedder(of.base.id)
        pair = self.engine.embedders.find(chosen)
        done, rounds = 0, 0
        while not self._is_there(of, chosen, pair) and done < left:
            of, made = self._build(of, pair, self._lot(left - done))
            done, rounds = done + made, rounds + 1
            if not made:
                self._switch(of.base.id, chosen, pair.name, LAST if rounds > 1 else 0)
                of = self._indexes(of.base.id, chosen, pair.name)
        if not self._is_there(of, chosen, pair):
            pending = self._count(of.base.id, pair.name)
            return EmbeddingReport(base_id=of.base.id, embedder=chosen, embedded=done, pending=pending, done=False)
        done += self._embed(of.base.id, max(left - done, LAST), None)
        gone = [self._drop(of.base.id, index.id) for index in of.old]
        if of.base.index is not None:
            vectors.clear_outside(self.engine, self.scope.tenant_id)
        base_id, name, pending = self._pending(of.base.id)
        return EmbeddingReport(
            base_id=base_id, embedder=name, embedded=done, pending=pending, done=all(gone) and not pending
        )

    @staticmethod
    def _is_there(of: _Indexes, chosen: str, pair: Pair) -> bool:
        """Whether the base has that embedder, and vectors of no other are searched."""
        return of.base.embedder == chosen and (of.active is None or of.active.embedder == pair.name)

    def _build(self, of: _Indexes, pair: Pair, lot: int) -> tuple[_Indexes, int]:
        """Embed a lot of what waits for the new index. No transaction is open while the embedder works."""
        now_is = self._indexes(of.base.id, of.base.embedder, pair.name)
        texts = self._unbuilt(of.base.id, pair.name, lot)
        if not texts:
            return now_is, 0
        found = embed(pair, texts)
        return now_is, self._send(self._keep_new(of.base.id, pair.name, found), found)

    @action("knowledge.embed", writes=False, on="base")
    def _indexes(self, base: UUID | str, wanted: str | None, name: str | None) -> Work[_Indexes]:
        def work(tx: Transaction) -> _Indexes:
            of = editable_base(tx, base)
            hold_all(tx)
            found = vectors.indexes(tx, purpose=PURPOSE, about=of.id)
            active = next((one for one in found if one.state == "active"), None)
            building = next((one for one in found if one.state == "building" and one.embedder == name), None)
            return _Indexes(of, active, building, tuple(one for one in found if one not in (active, building)))

        return work

    @action("knowledge.embed", writes=False, on="base_id")
    def _unbuilt(self, base_id: UUID, name: str, most: int) -> Work[dict[UUID, str]]:
        return lambda tx: waiting.waiting(tx, base_id, _target(tx, base_id, name), most=most)

    @action("knowledge.embed", writes=False, on="base_id")
    def _count(self, base_id: UUID, name: str) -> Work[int]:
        return lambda tx: waiting.count_waiting(tx, base_id, _target(tx, base_id, name))

    @action("knowledge.embed", writes=True, on="base_id", recorded=False)
    def _keep_new(self, base_id: UUID, name: str, found: Mapping[UUID, Vector]) -> Work[waiting.Kept]:
        def work(tx: Transaction) -> waiting.Kept:
            of = editable_base(tx, base_id)
            hold_all(tx)
            tx.all(base_queries.wait_for_turn, {"turn": f"vectors of {base_id}"})
            index = _target(tx, base_id, name)
            if index is None:
                size = len(next(iter(found.values())))
                index = vectors.create_index(tx, purpose=PURPOSE, about=base_id, embedder=name, dimension=size)
            waiting.check_dimension(index, found)
            return waiting.keep(tx, of, index, found)

        return work

    @action("knowledge.embed", writes=True, on="base_id")
    def _switch(self, base_id: UUID, chosen: str, name: str, most_waiting: int) -> Work[bool]:
        """Search by the new vectors from now on, unless more than so many chunks wait for them."""

        def work(tx: Transaction) -> bool:
            of = editable_base(tx, base_id)
            hold_all(tx)
            tx.all(base_queries.wait_for_turn, {"turn": f"vectors of {base_id}"})
            index = _target(tx, base_id, name)
            if waiting.count_waiting(tx, base_id, index) > most_waiting:
                tx.unchanged()
                return False
            if index is not None:
                vectors.activate(tx, index.id)
            else:  # there is nothing to search yet: the first document makes the index
                for old in vectors.indexes(tx, purpose=PURPOSE, about=base_id):
                    vectors.drop_index(tx, old.id)
            tx.run(base_queries.set_embedder, {"base_id": base_id, "new_embedder": chosen, "moment": now()})
            tx.record("base", base_id, embedder=chosen.partition("@")[0], before=(of.embedder or "").partition("@")[0])
            return True

        return work

    @action("knowledge.embed", writes=True, on="base_id", recorded=False)
    def _drop(self, base_id: UUID, index_id: UUID) -> Work[bool]:
        def work(tx: Transaction) -> bool:
            editable_base(tx, base_id)
            hold_all(tx)
            here = any(one.id == index_id for one in vectors.indexes(tx, purpose=PURPOSE, about=base_id))
            return not here or vectors.drop_index(tx, index_id)

        return work


def _target(tx: Transaction, base_id: UUID, name: str) -> VectorIndex | None:
    """The index that is to be searched in the end: the active one, if it is of the embedder, or the one being built."""
    found = [one for one in vectors.indexes(tx, purpose=PURPOSE, about=base_id) if one.embedder == name]
    return next(
        (one for state in ("active", "building") for one in found if one.state == state),
        None,
    )
