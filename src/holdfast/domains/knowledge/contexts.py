"""Passages for a prompt: those that answer the question best, each with what it takes to cite it."""

from collections.abc import Callable
from typing import NamedTuple

from holdfast.core import lexical
from holdfast.core.action import Actions
from holdfast.core.context import ContextItem, ContextRequest, LeftOut, register_source
from holdfast.core.crypto import running
from holdfast.core.database import Transaction
from holdfast.core.embedders import questions
from holdfast.core.embedders.questions import Asked
from holdfast.core.errors import InvalidInput, PermissionDenied
from holdfast.core.policy import allow
from holdfast.core.vectors import VectorIndex
from holdfast.domains.knowledge import meaning, outside, queries, searching
from holdfast.domains.knowledge.ingest import PURPOSE
from holdfast.domains.knowledge.models import PassageHit
from holdfast.domains.knowledge.passing import Filters

MOST = 10
"""So many passages at most."""
MOST_BASES = 200
WINDOW = 200
"""So many texts are scored by their words."""
IDLE_SECONDS = 1.0
"""For so long after there was no vector in the tenant none is looked for."""


class Prepared(NamedTuple):
    """What the embedders made of the question, and the settings that the search goes by."""

    asked: Asked
    room: Actions


class Passages:
    """The room's part of a context. Two to six statements; one where there is no base."""

    field = "passages"

    def prepare(self, room: Actions, question: Callable[[], str]) -> Prepared:
        """The question's vectors, where there are vectors to compare them with and their embedder is at hand."""
        tenant_id, embedders = room.scope.tenant_id, room.engine.embedders
        if tenant_id is None or embedders.nothing_of(tenant_id, PURPOSE):
            return Prepared(Asked(), room)
        try:
            far = allow(room.scope, "knowledge.search", writes=False)
        except PermissionDenied:
            return Prepared(Asked(), room)  # `gather` says so
        wanted, places = running.read(room.engine, room.scope, far, lambda tx: _embedders(tx, room))
        if not wanted:
            embedders.nothing_of(tenant_id, PURPOSE, seconds=IDLE_SECONDS)
            return Prepared(Asked(), room)
        text = question()[: room.settings.query_chars]
        asked = questions.ask(embedders, wanted, text) if text.strip() else Asked()
        return Prepared(outside.with_outside(room.engine.outside, places, asked, outside.SIZES[1]), room)

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
        left_out = [_not(note) for note in notes]
        room = request.max_tokens
        for hit in hits:
            tokens = request.count_tokens(hit.chunk.content)
            if tokens <= room:
                items.append(ContextItem(text=hit.chunk.content, tokens=tokens, origin=_origin(hit)))
                room -= tokens
            else:
                what = f"passage {hit.chunk.id}"
                left_out.append(LeftOut(what=what, tokens=tokens, reason=f"{room} tokens were left for it"))
        return items, left_out


def _embedders(tx: Transaction, room: Actions) -> tuple[dict[str, str], dict[VectorIndex, str]]:
    indexes = meaning.active(tx, tx.all(queries.bases)[:MOST_BASES])
    return meaning.needed(room.engine.embedders, indexes)[0], outside.of(indexes)


def _hits(tx: Transaction, request: ContextRequest) -> tuple[tuple[PassageHit, ...], list[str]]:
    prepared: Prepared = request.prepared
    settings, embedders = prepared.room.settings, prepared.room.engine.embedders
    try:
        question = lexical.parse_question(request.question[: settings.query_chars], most_chars=settings.query_chars)
    except InvalidInput:  # it has no word: there is nothing to look for
        return (), []
    bases = tx.all(queries.bases)[:MOST_BASES]
    if not bases:
        return (), []
    indexes = meaning.active(tx, bases)
    _ask, notes = meaning.needed(embedders, indexes)
    can, away = outside.here(indexes, prepared.asked.outside or outside.NOTHING)
    wanted = searching.Wanted(
        question=question,
        bases=bases,
        indexes=can,
        filters=Filters(),
        mode=questions.way("auto", prepared.asked) if can else "lexical",
        asked=prepared.asked,
        weight=settings.vector_weight,
        k=MOST,
        window=WINDOW,
    )
    found, more, _short = searching.find(tx, wanted)
    notes += [*away, *meaning.without("auto", bases, indexes, prepared.asked), *more]
    return searching.passages(tx, found, frozenset(), 0), notes


def _not(reason: str) -> LeftOut:
    return LeftOut(what="passages", tokens=0, reason=reason)


def _origin(hit: PassageHit) -> dict[str, object]:
    return {
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
