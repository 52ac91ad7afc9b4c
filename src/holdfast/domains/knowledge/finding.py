"""Finding passages: by a question, or by what another passage says."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, get_args
from uuid import UUID

from holdfast.core import lexical, questions, vectors
from holdfast.core.action import action, composite
from holdfast.core.crypto import running
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_choice
from holdfast.core.pages import check_limit
from holdfast.core.policy import allow
from holdfast.core.questions import Asked
from holdfast.core.references import check_reference
from holdfast.core.results import WantedMode
from holdfast.core.scope import Scope
from holdfast.core.vectors import VectorIndex
from holdfast.domains.knowledge import base_queries, ingest, meaning, outside, queries, searching
from holdfast.domains.knowledge.access import open_base
from holdfast.domains.knowledge.checks import check_range
from holdfast.domains.knowledge.errors import ChunkNotFound
from holdfast.domains.knowledge.models import Chunk, KnowledgeBase, PassageHit, Retrieval
from holdfast.domains.knowledge.passing import Filters
from holdfast.domains.knowledge.reads import KnowledgeReads

MOST_NEIGHBOURS = 10
MOST_BASES = 200
_Found = tuple[Retrieval, list[UUID], bool, Scope]
"""What was found, in which bases, whether outside indexes should be asked for more, and who read it."""


class Finding(KnowledgeReads):
    """How passages are found; see `Knowledge`."""

    @composite
    def search(
        self,
        query: str,
        *,
        base: UUID | str | None = None,
        k: int = 8,
        filters: Mapping[str, object] | None = None,
        neighbours: int = 0,
        conversation: UUID | str | None = None,
        mode: WantedMode = "auto",
    ) -> Retrieval:
        """The passages that answer a question best, of documents at levels that the caller holds; logs what was found.

        Any of the question's words may match, those that tell nothing are left out; `"joint account"` is found as a
        phrase, `elig*` as a beginning, `-draft` leaves passages out. In one base, by id or name, or in all that are
        open. `filters`: `document`, `media_type`, `source`, or members of the metadata. `neighbours`: so many chunks
        before and after each.

        `mode`: "lexical" by words, "vector" by meaning, "hybrid" by both; "auto" by both where there are vectors and
        their embedder answers. Where meaning cannot be had, words alone find, and a note says why; `mode` of what comes
        back says what was done. A question without a word is answered by meaning, or with nothing and a note.
        `conversation`: where it was asked, kept with what was found. Raises `QuestionTooLong`, `BaseNotFound`,
        `ConversationNotFound`, `InvalidInput`.

        Costs one transaction to read and one to log what was found, of which the question is no part; where there are
        vectors one more before, and the embedder's time.
        """
        began = perf_counter()
        within = None if conversation is None else as_id(conversation, field="conversation")
        asking: dict[str, Any] = {"base": base, "k": k, "filters": filters, "neighbours": neighbours, "mode": mode}
        asking["conversation_id"] = within
        found = self._find(query, asked=None, **asking)
        asked_of = Asked()
        if isinstance(found, _Needs):
            wanted, question = found, questions.ask(self.engine, self.scope.tenant_id, found.embedders, query)
            for size in outside.SIZES:
                asked_of = outside.with_outside(self.engine.outside, wanted.outside, question, size)
                found = self._find(query, asked=asked_of, **asking)
                if isinstance(found, _Needs) or not found[2]:
                    break
        assert not isinstance(found, _Needs), "what it needs was given"
        made, abouts, _short, scope = found  # logged at the levels it was read at, whatever they are by now
        asked = {
            "base_id": abouts[0] if base is not None else None,
            "query_hash": query if self.engine.vault.ring is not None else None,
            "k": k,
            "conversation_id": within,
            "latency_ms": 1000 * (perf_counter() - began) - asked_of.milliseconds,
            "embedding_ms": asked_of.milliseconds or None,
        }
        far = allow(scope, "knowledge.search", writes=False)
        running.write(self.engine, scope, far, lambda tx: searching.log(tx, made, asked))
        return made

    @action("knowledge.search", writes=False, on="base")
    def _find(
        self,
        query: str,
        *,
        base: UUID | str | None,
        k: int,
        filters: Mapping[str, object] | None,
        neighbours: int,
        mode: WantedMode,
        conversation_id: UUID | None,
        asked: Asked | None,
    ) -> "Work[_Found | _Needs]":
        """What is found, and whether outside indexes should be asked for more.

        Where meaning is wanted and nobody was `asked` yet: who is to be, instead.
        """
        self._actor()
        question = lexical.parse_question(query, most_chars=self.settings.query_chars, wordless=True)
        most, wanted = check_limit(k, self.settings.page, field="k"), self._check_filters(filters)
        near = check_range(neighbours, MOST_NEIGHBOURS, field="neighbours")
        named = frozenset(word for term in question.terms if not term.without for word in term.words)

        check_choice(mode, get_args(WantedMode), field="mode")
        embedders, weight = self.engine.embedders, self.settings.vector_weight

        def work(tx: Transaction) -> _Found | _Needs:
            if conversation_id is not None:
                check_reference(tx, "conversation", conversation_id)
            bases = _bases(tx, base)
            indexes = {} if mode == "lexical" else meaning.active(tx, bases)
            ask, notes = meaning.needed(embedders, indexes)
            if ask and asked is None:
                return _Needs(ask, outside.of(indexes))
            answered = Asked() if asked is None else asked
            can, away = outside.here(indexes, answered.outside or outside.NOTHING)
            by = questions.way(mode, answered) if can else "lexical"
            found, more, short = searching.find(
                tx,
                searching.Wanted(
                    question=question,
                    bases=bases,
                    indexes=can,
                    filters=wanted,
                    mode=by,
                    asked=answered,
                    weight=weight,
                    k=most,
                ),
            )
            hits = searching.passages(tx, found, named, near)
            if not named and by == "lexical":
                notes.append("the question has no word to look for; give at least one letter or digit")
            notes += [*meaning.without(mode, bases, indexes, answered), *away, *more]
            made = Retrieval(id=new_id(), hits=hits, mode=by, notes=tuple(notes))
            return made, [one.id for one in bases], short, tx.scope

        return work

    @action("knowledge.search", writes=False, on="chunk")
    def similar(self, chunk: UUID | str, *, k: int = 8) -> Work[list[PassageHit]]:
        """Passages of the same base that mean the same as a chunk, best first; before it has a vector, those that share
        its rarest words. Asks no embedder. Raises `ChunkNotFound`.
        """
        chunk_id, most = as_id(chunk, field="chunk"), check_limit(k, self.settings.page, field="k")

        def work(tx: Transaction) -> list[PassageHit]:
            like = _chunk(tx, chunk_id)
            near = _near(tx, like, most)
            if near is not None:
                return [*searching.passages(tx, near, frozenset(), 0)]
            at: dict[str, Any] = {"purpose": ingest.PURPOSE, "abouts": [like.base_id]}
            question = lexical.telling_words(tx, f"{like.heading} {like.content}", **at)
            found = lexical.search(tx, question, k=most + 1, **at)
            named = frozenset(word for term in question.terms for word in term.words)
            others = [
                searching.Ranked(item_id=hit.item_id, score=hit.score, lexical=hit.score)
                for hit in found
                if hit.item_id != chunk_id
            ][:most]
            return [*searching.passages(tx, others, named, 0)]

        return work

    def _check_filters(self, filters: Mapping[str, object] | None) -> Filters:
        if filters is not None and not isinstance(filters, Mapping):
            raise InvalidInput(f"filters: an object is needed, got {type(filters).__name__}", field="filters")
        plain = {name: str(one) if isinstance(one, UUID) else one for name, one in (filters or {}).items()}
        given = self._check_document(plain, "filters")
        document = given.pop("document", None)
        named = {key: given.pop(key, None) for key in ("media_type", "source")}
        for key, value in named.items():
            if value is not None and not isinstance(value, str):
                raise InvalidInput(f"filters.{key}: a text is needed", field="filters")
        return Filters(
            document_id=None if document is None else as_id(document, field="filters"),  # type: ignore[arg-type]  # it checks
            metadata=given,
            **named,  # type: ignore[arg-type]  # texts, checked above
        )


@dataclass(frozen=True)
class _Needs:
    """Whom to ask for the question's vectors, before it is searched by them: recorded texts by the embedder's name."""

    embedders: Mapping[str, str]
    outside: Mapping[VectorIndex, str]
    """The outside indexes to ask with it, and where they are."""


def _bases(tx: Transaction, base: UUID | str | None) -> list[KnowledgeBase]:
    if base is not None:
        return [open_base(tx, base)]
    found = tx.all(base_queries.bases)
    if len(found) > MOST_BASES:
        raise InvalidInput(
            f"base: {len(found)} are open to you, {MOST_BASES} are searched at once; name one", field="base"
        )
    return found


def _near(tx: Transaction, like: Chunk, k: int) -> list[searching.Ranked] | None:
    """The chunks nearest to one that has a vector. Three statements."""
    index = vectors.active_index(tx, purpose=ingest.PURPOSE, about=like.base_id)
    vector = None if index is None else vectors.vector_of(tx, index, like.id, levels=tx.scope.levels)
    if index is None or vector is None:
        return None
    found = vectors.nearest(tx, index, vector, k=k + 1, levels=tx.scope.levels)
    return [
        searching.Ranked(item_id=one.item_id, score=one.similarity, vector=one.similarity)
        for one in found
        if one.item_id != like.id
    ][:k]


def _chunk(tx: Transaction, chunk_id: UUID) -> Chunk:
    found = tx.first(queries.chunk, {"id": chunk_id})
    if found is None:
        raise ChunkNotFound(chunk_id)
    return found
