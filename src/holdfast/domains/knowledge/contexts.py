"""Passages for a prompt: those that answer the question best, each with what it takes to cite it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple
from uuid import UUID

from holdfast.core import lexical, questions
from holdfast.core.action import Actions
from holdfast.core.context import ContextItem, ContextRequest, LeftOut, register_source
from holdfast.core.crypto import running
from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput, PermissionDenied
from holdfast.core.ids import new_id
from holdfast.core.policy import allow
from holdfast.core.questions import Asked
from holdfast.core.results import SearchMode
from holdfast.core.scope import Scope
from holdfast.core.vectors import VectorIndex
from holdfast.domains.knowledge import base_queries, meaning, outside, searching
from holdfast.domains.knowledge.ingest import PURPOSE
from holdfast.domains.knowledge.models import PassageHit, Retrieval
from holdfast.domains.knowledge.passing import Filters

MOST = 10
"""So many passages at most."""
MOST_BASES = 200
WINDOW, BESIDE_MEANING = 200, 100
"""So many texts are scored by their words alone, and where meaning finds too (benchmarks/windows.py)."""
IDLE_SECONDS = 1.0
"""For so long after there was no vector in the tenant none is looked for."""


@dataclass
class Log:
    """What a retrieval's line will say: filled in the transaction that makes the context."""

    retrieval_id: UUID
    began: float
    row: dict[str, Any] = field(default_factory=dict)
    made: Retrieval | None = None
    scope: Scope | None = None
    """Who read it, at the levels held then: it is logged at those, whatever they are by then."""


class Prepared(NamedTuple):
    """What the embedders made of the question, the settings that the search goes by, and what will be logged of it."""

    asked: Asked
    room: Actions
    log: Log


class Passages:
    """The room's part of a context. Two to six statements; one where there is no base."""

    field = "passages"

    def prepare(self, room: Actions, question: Callable[[], str]) -> Prepared:
        """The question's vectors, where there are vectors to compare them with and their embedder is at hand."""
        tenant_id, embedders = room.scope.tenant_id, room.engine.embedders
        log = Log(new_id(), perf_counter())
        if tenant_id is None or embedders.nothing_of(tenant_id, PURPOSE):
            return Prepared(Asked(), room, log)
        try:
            far = allow(room.scope, "knowledge.search", writes=False)
        except PermissionDenied:
            return Prepared(Asked(), room, log)  # `gather` says so
        wanted, places = running.read(room.engine, room.scope, far, lambda tx: _embedders(tx, room))
        if not wanted:
            embedders.nothing_of(tenant_id, PURPOSE, seconds=IDLE_SECONDS)
            return Prepared(Asked(), room, log)
        text = question()[: room.settings.query_chars]
        asked = questions.ask(room.engine, tenant_id, wanted, text) if text.strip() else Asked()
        return Prepared(outside.with_outside(room.engine.outside, places, asked, outside.SIZES[1]), room, log)

    def gather(self, tx: Transaction, request: ContextRequest) -> tuple[list[ContextItem], list[LeftOut]]:
        """See `core.context.ContextSource`."""
        try:
            far = allow(tx.scope, "knowledge.search", writes=False)
        except PermissionDenied:
            return [], [_not("this role or API key does not search knowledge")]
        if far == "own" and tx.reach != "own":
            return [], [_not("the caller reads this conversation as somebody else")]
        hits, notes = _hits(tx, request)
        items: list[ContextItem] = []
        chosen: list[PassageHit] = []
        left_out = [_not(note) for note in notes]
        room = request.max_tokens
        for hit in hits:
            tokens = request.count_tokens(hit.chunk.content)
            if tokens <= room:
                origin = _origin(hit, request.prepared.log.retrieval_id)
                items.append(ContextItem(text=hit.chunk.content, tokens=tokens, origin=origin))
                chosen.append(hit)
                room -= tokens
            else:
                what = f"passage {hit.chunk.id}"
                left_out.append(LeftOut(what=what, tokens=tokens, reason=f"{room} tokens were left for it"))
        _note(request, chosen)
        request.prepared.log.scope = tx.scope
        return items, left_out

    def shown(self, room: Actions, prepared: Prepared) -> None:
        """Log the search like any other, so that an answer can cite what it was shown. Nothing, where none was made."""
        log = prepared.log
        if log.made is None or log.scope is None:
            return
        made, row = log.made, log.row
        far = allow(log.scope, "knowledge.search", writes=False)
        running.write(room.engine, log.scope, far, lambda tx: searching.log(tx, made, row))


def _note(request: ContextRequest, chosen: Sequence[PassageHit]) -> None:
    """What will be logged: the passages that went in. A transaction that is run again says it anew."""
    prepared: Prepared = request.prepared
    log, asked = prepared.log, prepared.asked
    if not chosen:
        log.made = None
        return
    mode: SearchMode = "lexical" if all(hit.vector is None for hit in chosen) else "hybrid"
    log.made = Retrieval(id=log.retrieval_id, hits=tuple(chosen), mode=mode)
    log.row = {
        "base_id": None,
        "query_hash": request.question if prepared.room.engine.vault.ring is not None else None,
        "k": MOST,
        "conversation_id": request.conversation_id,
        "latency_ms": 1000 * (perf_counter() - log.began) - asked.milliseconds,
        "embedding_ms": asked.milliseconds or None,
    }


def _embedders(tx: Transaction, room: Actions) -> tuple[dict[str, str], dict[VectorIndex, str]]:
    indexes = meaning.active(tx, tx.all(base_queries.bases)[:MOST_BASES])
    return meaning.needed(room.engine.embedders, indexes)[0], outside.of(indexes)


def _hits(tx: Transaction, request: ContextRequest) -> tuple[tuple[PassageHit, ...], list[str]]:
    prepared: Prepared = request.prepared
    settings, embedders = prepared.room.settings, prepared.room.engine.embedders
    try:
        question = lexical.parse_question(request.question[: settings.query_chars], most_chars=settings.query_chars)
    except InvalidInput:  # it has no word: there is nothing to look for
        return (), []
    bases = tx.all(base_queries.bases)[:MOST_BASES]
    if not bases:
        return (), []
    indexes = meaning.active(tx, bases)
    _ask, notes = meaning.needed(embedders, indexes)
    can, away = outside.here(indexes, prepared.asked.outside or outside.NOTHING)
    mode = questions.way("auto", prepared.asked) if can else "lexical"
    wanted = searching.Wanted(
        question=question,
        bases=bases,
        indexes=can,
        filters=Filters(),
        mode=mode,
        asked=prepared.asked,
        weight=settings.vector_weight,
        k=MOST,
        window=WINDOW if mode == "lexical" else BESIDE_MEANING,
    )
    found, more, _short = searching.find(tx, wanted)
    notes += [*away, *meaning.without("auto", bases, indexes, prepared.asked), *more]
    return searching.passages(tx, found, frozenset(), 0), notes


def _not(reason: str) -> LeftOut:
    return LeftOut(what="passages", tokens=0, reason=reason)


def _origin(hit: PassageHit, retrieval_id: UUID) -> dict[str, object]:
    return {
        "retrieval": str(retrieval_id),
        "chunk": str(hit.chunk.id),
        "document": str(hit.document.id),
        "base": str(hit.chunk.base_id),
        "title": hit.document.title,
        "source": hit.document.source,
        "page": hit.chunk.page,
        "heading": hit.chunk.heading,
        "score": hit.score,
    }


register_source(Passages())
