"""Vectors of facts: asked for outside transactions, kept batch by batch, gone on with after any stop.

What is known about each person or workspace has an index of its own, closed like what it is about. Sensitive facts get
no vector, superseded ones keep none.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from holdfast.core import vectors
from holdfast.core.action import action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.embedders import Vector
from holdfast.core.embedders.texts import MOST_STEP, STEP, VectorReport, check_set, embed
from holdfast.core.pages import check_limit
from holdfast.domains.memory import queries
from holdfast.domains.memory.indexing import PURPOSE, text_of
from holdfast.domains.memory.reads import MemoryReads


class _Waiting(NamedTuple):
    texts: Mapping[UUID, str]
    dimension: int | None


class Embedding(MemoryReads):
    """How facts get vectors; see `Memory`."""

    @composite
    def embed_some(self, *, most: int = STEP) -> VectorReport:
        """Give vectors to up to `most` facts that wait: those about the actor and of workspaces open to them, or, for
        an administrator, of the whole tenant.

        For recalling by meaning, with the embedder of `Settings.memory_embedder`; call it until `done`. Nothing is
        embedded twice, whatever stopped the last call. Shows nobody anything. Sensitive facts never get one. Raises
        `NoEmbedderSet`, `EmbedderUnknown`, and what the embedder raises: `EmbedderFailed` or one of its family.
        """
        pair = self.engine.embedders.find(check_set(self.settings.memory_embedder, "memory_embedder"))
        left, done, seen = check_limit(most, MOST_STEP, field="most"), 0, 0
        while seen < left:
            lot = min(self.settings.embedder_batch * self.settings.embedder_concurrency, left - seen)
            waiting = self._waiting(pair.name, lot)
            if not waiting.texts:
                break
            if waiting.dimension is not None:
                pair.expect(waiting.dimension)
            done += self._keep(pair.name, embed(pair, waiting.texts))
            seen += len(waiting.texts)
        for about_id, index_id in self._whole(pair.name):
            for old in self._take_over(about_id, index_id):
                while not self._drop(old):
                    pass
        if done and self.scope.tenant_id is not None:
            self.engine.embedders.something_of(self.scope.tenant_id, PURPOSE)
        pending = self._pending(pair.name)
        return VectorReport(embedder=pair.name, embedded=done, pending=pending, done=not pending)

    @action("memory.embed", writes=False)
    def _waiting(self, name: str, most: int) -> Work[_Waiting]:
        def work(tx: Transaction) -> _Waiting:
            rows = tx.all(queries.waiting_for_vectors, _of(name, limit=most))
            dimension = vectors.known_dimension(tx, purpose=PURPOSE, embedder=name)
            return _Waiting({row.id: text_of(row) for row in rows}, dimension)

        return work

    @action("memory.embed", writes=True, recorded=False)
    def _keep(self, name: str, found: Mapping[UUID, Vector]) -> Work[int]:
        """Keep the vectors of those facts that still hold and are not sealed, each under its turn."""

        def work(tx: Transaction) -> int:
            kept = 0
            rows = sorted((about, id_) for id_, about in tx.all(queries.abouts_of, {"ids": list(found)}))
            for about_id, some in groupby(rows, key=lambda row: row[0]):
                tx.all(queries.wait_for_turn, {"turn": f"facts {about_id}"})
                held = tx.all(queries.still_unsealed, {"ids": [id_ for _, id_ in some]})
                if held:
                    size = len(found[held[0][0]])
                    index = vectors.index_for(tx, purpose=PURPOSE, about=about_id, embedder=name, dimension=size)
                    kept += vectors.store(tx, index, [(id_, None, owner, found[id_]) for id_, owner in held])
            return kept

        return work

    @action("memory.embed", writes=False)
    def _pending(self, name: str) -> Work[int]:
        return lambda tx: int(tx.all(queries.count_waiting, _of(name))[0][0])

    @action("memory.embed", writes=False)
    def _whole(self, name: str) -> Work[list[tuple[UUID, UUID]]]:
        """What another embedder has made beside the index that is searched, and is whole."""

        def work(tx: Transaction) -> list[tuple[UUID, UUID]]:
            building = [
                one for one in vectors.indexes(tx, purpose=PURPOSE) if one.state == "building" and one.embedder == name
            ]
            open_to = {about for (about,) in tx.all(queries.abouts_within_reach)} if building else set()
            return [
                (one.about, one.id)
                for one in building
                if one.about in open_to and tx.first(queries.about_waits, _of(name, about_id=one.about)) is None
            ]

        return work

    @action("memory.embed", writes=True, recorded=False)
    def _take_over(self, about_id: UUID, index_id: UUID) -> Work[list[UUID]]:
        def work(tx: Transaction) -> list[UUID]:
            vectors.activate(tx, index_id)
            return [one.id for one in vectors.indexes(tx, purpose=PURPOSE, about=about_id) if one.state == "retired"]

        return work

    @action("memory.embed", writes=True, recorded=False)
    def _drop(self, index_id: UUID) -> Work[bool]:
        return lambda tx: vectors.drop_index(tx, index_id)


def _of(name: str, **more: object) -> dict[str, object]:
    return {"purpose": PURPOSE, "embedder": name, **more}
