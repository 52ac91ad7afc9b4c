"""Vectors of messages: asked for outside transactions, kept conversation by conversation, gone on with after any stop.

Each person's messages have an index of their own. So nobody's search looks through another's vectors, and another
embedder takes over person by person: it fills a second index beside the first, which is searched until then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from holdfast.core import vectors
from holdfast.core.action import action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.embedders import Vector
from holdfast.core.embedders.texts import MOST_STEP, STEP, VectorReport, check_set, embed
from holdfast.core.pages import check_limit
from holdfast.domains.conversations import vector_queries
from holdfast.domains.conversations.drafts import readable_text
from holdfast.domains.conversations.reads import ConversationReads

PURPOSE = "messages"
"""Of the vectors of messages."""


@dataclass(frozen=True)
class Part:
    """The next messages of a conversation: those beyond `after` up to `through`, and the texts that they have."""

    conversation_id: UUID
    after: int
    through: int
    texts: Mapping[UUID, str]


class _Waiting(NamedTuple):
    parts: Sequence[Part]
    dimension: int | None


class Embedding(ConversationReads):
    """How messages get vectors; see `Conversations`."""

    @composite
    def embed_some(self, *, most: int = STEP) -> VectorReport:
        """Give vectors to up to `most` messages that wait: the actor's own, an administrator's whole tenant's.

        For search by meaning, with the embedder of `Settings.message_embedder`; call it until `done`. Nothing is
        embedded twice, whatever stopped the last call. Shows nobody anything. Messages of deleted conversations wait
        until they are restored. Raises `NoEmbedderSet`, `EmbedderUnknown`, and what the embedder raises:
        `EmbedderFailed` or one of its family.
        """
        pair = self.engine.embedders.find(check_set(self.settings.message_embedder, "message_embedder"))
        left, done, seen = check_limit(most, MOST_STEP, field="most"), 0, 0
        while seen < left:
            lot = min(self.settings.embedder_batch * self.settings.embedder_concurrency, left - seen)
            waiting = self._waiting(pair.name, lot)
            if not waiting.parts:
                break
            if waiting.dimension is not None:
                pair.expect(waiting.dimension)
            found = embed(pair, {id_: text for part in waiting.parts for id_, text in part.texts.items()})
            done += self._keep(pair.name, waiting.parts, found)
            seen += sum(part.through - part.after for part in waiting.parts)
        self._switch(pair.name)
        pending = self._pending(pair.name)
        return VectorReport(embedder=pair.name, embedded=done, pending=pending, done=not pending)

    @action("conversations.embed", writes=False)
    def _waiting(self, name: str, most: int) -> Work[_Waiting]:
        def work(tx: Transaction) -> _Waiting:
            parts: list[Part] = []
            room = most
            for conversation_id, _owner, after, _count in tx.all(
                vector_queries.waiting_for_vectors, _of(name, limit=most)
            ):
                rows = tx.all(
                    vector_queries.texts_from, {"conversation_id": conversation_id, "after": after, "limit": room}
                )
                if not rows:
                    break
                texts = {id_: readable_text(content, parts_) for _seq, id_, content, parts_ in rows}
                kept = {id_: text for id_, text in texts.items() if text.strip()}
                parts.append(Part(conversation_id, after, rows[-1][0], kept))
                room -= len(rows)
                if room <= 0:
                    break
            return _Waiting(parts, vectors.known_dimension(tx, purpose=PURPOSE, embedder=name))

        return work

    @action("conversations.embed", writes=True, recorded=False)
    def _keep(self, name: str, parts: Sequence[Part], found: Mapping[UUID, Vector]) -> Work[int]:
        """Keep the vectors of those messages that are still there."""

        def work(tx: Transaction) -> int:
            return sum(_keep(tx, name, part, found) for part in sorted(parts, key=lambda one: one.conversation_id))

        return work

    @action("conversations.embed", writes=False)
    def _pending(self, name: str) -> Work[int]:
        return lambda tx: int(tx.all(vector_queries.count_waiting, _of(name))[0][0])

    def _switch(self, name: str) -> None:
        """Have the indexes searched that are whole now, and drop those before them."""
        for owner_id, index_id in self._whole(name):
            for old in self._take_over(owner_id, index_id):
                while not self._drop(old):
                    pass

    @action("conversations.embed", writes=False)
    def _whole(self, name: str) -> Work[list[tuple[UUID, UUID]]]:
        def work(tx: Transaction) -> list[tuple[UUID, UUID]]:
            building = [one for one in vectors.indexes(tx, purpose=PURPOSE) if one.state == "building"]
            return [
                (one.about, one.id)
                for one in building
                if one.embedder == name
                and (tx.reach == "tenant" or one.about == tx.scope.actor_id)
                and tx.first(vector_queries.owner_waits, _of(name, owner_id=one.about)) is None
            ]

        return work

    @action("conversations.embed", writes=True, recorded=False)
    def _take_over(self, owner_id: UUID, index_id: UUID) -> Work[list[UUID]]:
        def work(tx: Transaction) -> list[UUID]:
            vectors.activate(tx, index_id)
            return [one.id for one in vectors.indexes(tx, purpose=PURPOSE, about=owner_id) if one.state == "retired"]

        return work

    @action("conversations.embed", writes=True, recorded=False)
    def _drop(self, index_id: UUID) -> Work[bool]:
        return lambda tx: vectors.drop_index(tx, index_id)


def _of(name: str, **more: object) -> dict[str, object]:
    return {"purpose": PURPOSE, "embedder": name, **more}


def _keep(tx: Transaction, name: str, part: Part, found: Mapping[UUID, Vector]) -> int:
    """One conversation's, under a lock on it: whoever takes it away waits."""
    place = {"conversation_id": part.conversation_id, "after": part.after, "through": part.through}
    held = tx.first(vector_queries.hold_for_vectors, place)
    there = {id_ for (id_,) in tx.all(vector_queries.ids_between, place)} if held else set()
    if held is None or not there:
        return 0
    (owner_id,) = held
    size = len(next(iter(found.values()))) if found else 1
    index = vectors.index_for(tx, purpose=PURPOSE, about=owner_id, embedder=name, dimension=size)
    kept = [(id_, None, owner_id, found[id_]) for id_ in part.texts if id_ in there]
    vectors.store(tx, index, kept)
    tx.run(vector_queries.set_embedded, place | {"index_id": index.id})
    return len(kept)
