"""Documents: added, replaced, changed, put at another level, deleted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from holdfast.core import lexical, vectors
from holdfast.core.action import action, composite
from holdfast.core.clearance import check_level, hold
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_name, check_text
from holdfast.domains.knowledge import base_queries, ingest, queries
from holdfast.domains.knowledge.access import editable_base, editable_document, find_document
from holdfast.domains.knowledge.checks import UNKNOWN, check_optional, check_title
from holdfast.domains.knowledge.errors import DocumentExists
from holdfast.domains.knowledge.models import Document, KnowledgeBase
from holdfast.domains.knowledge.reindexing import Reindexing
from holdfast.domains.knowledge.waiting import with_pending


class Documents(Reindexing):
    """What is done to documents; see `Knowledge`."""

    @composite
    def add_text(
        self,
        base: UUID | str,
        text: str,
        *,
        title: str | None = None,
        clearance: str | None = None,
        source: str | None = None,
        media_type: str | None = None,
        metadata: Mapping[str, object] | None = None,
        embed: bool = True,
    ) -> Document:
        """Add a text to a base: plain, or of `media_type` (text/markdown, text/html, text/csv).

        It is there whole when this returns, and found from then on. The same text again at the same level is the same
        document, and nothing is written. `clearance`: by default that of the base; it must be a level that the caller
        holds. `source`: where it comes from. Then its chunks are given vectors, if the base has an embedder; what
        cannot be had now is `pending`, with a note that says why, and is found by its words until `embed` gets it.
        `embed=False` leaves that to `embed`. Raises `BaseNotFound`, `BaseReadOnly`, `ClearanceNeeded`, `DocumentError`,
        `InvalidInput`.
        """
        check_text(text, field="text", most_bytes=self.settings.document_bytes)
        prepared = ingest.prepare(text, media_type=media_type, filename=None, settings=self.settings)
        added = self._add(base, prepared, title, clearance, source, metadata)
        return self._embedded(added, wanted=embed)

    @composite
    def add_file(
        self,
        base: UUID | str,
        data: bytes,
        *,
        name: str,
        media_type: str = UNKNOWN,
        title: str | None = None,
        clearance: str | None = None,
        source: str | None = None,
        metadata: Mapping[str, object] | None = None,
        embed: bool = True,
    ) -> Document:
        """Add a file's bytes to a base, as `add_text` adds a text. `name`: the file's, which helps to tell its kind."""
        file = check_name(name, field="name", most_chars=self.settings.title_chars)
        prepared = ingest.prepare(data, media_type=media_type, filename=file, settings=self.settings)
        added = self._add(base, prepared, title or prepared.title or file, clearance, source, metadata)
        return self._embedded(added, wanted=embed)

    @action("knowledge.edit", writes=True, on="base")
    def _add(
        self,
        base: UUID | str,
        prepared: ingest.Prepared,
        title: str | None,
        clearance: str | None,
        source: str | None,
        metadata: Mapping[str, object] | None,
    ) -> Work[Document]:
        level = None if clearance is None else check_level(clearance)
        row: dict[str, Any] = {
            "title": check_title(title or prepared.title or "untitled", self.settings),
            "source": check_optional(source, field="source"),
            "media_type": prepared.media_type,
            "digest": prepared.digest,
            "size": prepared.size,
            "metadata": self._check_document(metadata, "metadata"),
            "chunk_count": len(prepared.pieces),
            "created_by": self._actor(),
        }

        def work(tx: Transaction) -> Document:
            of = editable_base(tx, base, shared=True)
            at = level or of.clearance
            hold(tx, at)
            known = _same(tx, of.id, at, prepared.digest)
            if known is not None:
                tx.unchanged()
                return with_pending(tx, known)
            moment = now()
            made = Document(id=new_id(), base_id=of.id, clearance=at, created_at=moment, updated_at=moment, **row)
            tx.run(queries.insert_document, made.__dict__)
            tx.record("document", made.id)
            ingest.store(tx, ingest.Place(made.id, of.id, at, of.window), prepared.pieces)
            return replace(made, pending=made.chunk_count if of.embedder else 0)

        return work

    @composite
    def replace_text(
        self, document: UUID | str, text: str, *, media_type: str | None = None, embed: bool = True
    ) -> Document:
        """Make a document another version of itself: only chunks that changed are written anew, the others keep their
        ids and vectors. Raises `DocumentNotFound`, `DocumentExists`, `BaseReadOnly`, `DocumentError`.
        """
        check_text(text, field="text", most_bytes=self.settings.document_bytes)
        prepared = ingest.prepare(text, media_type=media_type, filename=None, settings=self.settings)
        return self._embedded(self._replace(as_id(document, field="document"), prepared), wanted=embed)

    @composite
    def replace_file(
        self,
        document: UUID | str,
        data: bytes,
        *,
        name: str | None = None,
        media_type: str = UNKNOWN,
        embed: bool = True,
    ) -> Document:
        """The same with a file's bytes."""
        prepared = ingest.prepare(data, media_type=media_type, filename=name, settings=self.settings)
        return self._embedded(self._replace(as_id(document, field="document"), prepared), wanted=embed)

    @action("knowledge.edit", writes=True, on="document")
    def _replace(self, document: UUID, prepared: ingest.Prepared) -> Work[Document]:
        return _replacing(document, prepared, self._clear_after)

    @action("knowledge.edit", writes=True, on="document")
    def edit(
        self,
        document: UUID | str,
        *,
        title: str | None = None,
        source: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Work[Document]:
        """Change what is given: title, source, all metadata. Raises `DocumentNotFound`, `BaseReadOnly`."""
        given: dict[str, Any] = {
            "title": None if title is None else check_title(title, self.settings),
            "source": check_optional(source, field="source"),
            "metadata": None if metadata is None else self._check_document(metadata, "metadata"),
        }
        return _changing(as_id(document, field="document"), {k: v for k, v in given.items() if v is not None})

    @action("knowledge.edit", writes=True, on="document")
    def set_metadata(self, document: UUID | str, metadata: Mapping[str, object]) -> Work[Document]:
        """Give a document other metadata, in place of all it had. Raises `DocumentNotFound`, `BaseReadOnly`."""
        given = {"metadata": self._check_document(metadata, "metadata")}
        return _changing(as_id(document, field="document"), given)

    @action("knowledge.edit", writes=True, on="document")
    def set_clearance(self, document: UUID | str, clearance: str) -> Work[Document]:
        """Put a document at another level; the caller must hold both. It counts from the next search on.

        Raises `DocumentNotFound`, `DocumentExists`, `BaseReadOnly`, `ClearanceNeeded`.
        """
        document_id, level = as_id(document, field="document"), check_level(clearance)

        def work(tx: Transaction) -> Document:
            before, of = editable_document(tx, document_id)
            hold(tx, level)
            if before.clearance == level:
                tx.unchanged()
                return before
            known = _same(tx, of.id, level, before.digest)
            if known is not None:
                raise DocumentExists(known.id)
            ids = [id_ for id_, _, _ in tx.all(queries.digests_of, {"document_id": document_id})]
            tx.run(queries.reclassify_chunks, {"document_id": document_id, "new_clearance": level})
            _edit(tx, before, {"clearance": level})
            tx.record("document", document_id, clearance=level, before=before.clearance)
            lexical.move(tx, ids, level=level)
            vectors.move(tx, ids, level=level)
            return find_document(tx, document_id)

        return work

    @action("knowledge.edit", writes=True, on="document")
    def delete(self, document: UUID | str) -> Work[None]:
        """Delete a document; nothing of its text is left. Raises `DocumentNotFound`, `BaseReadOnly`."""
        document_id = as_id(document, field="document")

        def work(tx: Transaction) -> None:
            _before, of = editable_document(tx, document_id)
            tx.record("document", document_id, deleted=True)
            ingest.delete(tx, document_id)
            self._clear_after(tx, of)

        return work


def _same(tx: Transaction, base_id: UUID, level: str, digest: str) -> Document | None:
    """The document with the same content at a level, and nobody adds one meanwhile."""
    tx.all(base_queries.wait_for_turn, {"turn": f"content {base_id} {level} {digest}"})
    return tx.first(queries.document_by_digest, {"base_id": base_id, "clearance": level, "digest": digest})


def _replacing(
    document_id: UUID, prepared: ingest.Prepared, then: Callable[[Transaction, KnowledgeBase], None]
) -> Work[Document]:
    def work(tx: Transaction) -> Document:
        before, of = editable_document(tx, document_id)
        if before.digest == prepared.digest:
            tx.unchanged()
            return with_pending(tx, before)
        known = _same(tx, of.id, before.clearance, prepared.digest)
        if known is not None:
            raise DocumentExists(known.id)
        changed = {"media_type": prepared.media_type, "digest": prepared.digest, "size": prepared.size}
        _edit(tx, before, changed | {"chunk_count": len(prepared.pieces)})
        place = ingest.Place(document_id, of.id, before.clearance, of.window)
        ingest.replace(tx, place, prepared.pieces)
        then(tx, of)
        tx.record("document", document_id, changed=["text"])
        return with_pending(tx, find_document(tx, document_id))

    return work


def _changing(document_id: UUID, changed: dict[str, Any]) -> Work[Document]:
    def work(tx: Transaction) -> Document:
        before, _of = editable_document(tx, document_id)
        _edit(tx, before, changed)
        tx.record("document", document_id, changed=sorted(changed))
        return find_document(tx, document_id)

    return work


_EDITED = ("title", "source", "media_type", "digest", "size", "clearance", "metadata", "chunk_count")


def _edit(tx: Transaction, before: Document, changed: dict[str, Any]) -> None:
    row = {f"new_{name}": changed.get(name, getattr(before, name)) for name in _EDITED}
    tx.run(queries.edit_document, {"document_id": before.id, "moment": now(), **row})
