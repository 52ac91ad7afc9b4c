"""From a document's bytes to its rows: read and cut before any transaction, stored and indexed in one."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from holdfast.core import lexical, vectors
from holdfast.core.database import Transaction
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_text
from holdfast.core.settings import Settings
from holdfast.domains.knowledge import queries
from holdfast.domains.knowledge.chunking import Piece, chunk
from holdfast.domains.knowledge.errors import DocumentFileMissing, DocumentTooLarge
from holdfast.domains.knowledge.models import NotAdded
from holdfast.domains.knowledge.readers import ReadLimits, read, walk

PURPOSE = "knowledge"
MEDIA_TYPE_BYTES = 1_000
LOT = 500


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A document that was read and cut. `digest` covers its bytes."""

    title: str | None
    media_type: str
    digest: str
    size: int
    pieces: tuple[Piece, ...]


def prepare(source: str | bytes, *, media_type: str | None, filename: str | None, settings: Settings) -> Prepared:
    """Read and cut. Raises an error of the family `DocumentError`; nothing was written."""
    if media_type is not None:
        check_text(media_type, field="media_type", most_bytes=MEDIA_TYPE_BYTES)
    limits = ReadLimits(document_bytes=settings.document_bytes)
    found = read(source, media_type=media_type, filename=filename, limits=limits)
    data = source.encode() if isinstance(source, str) else source
    cut = chunk(
        found.blocks,
        size=settings.chunk_tokens,
        overlap=settings.chunk_overlap,
        count_tokens=settings.count_tokens,
    )
    return Prepared(
        title=found.title,
        media_type=found.media_type,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        pieces=tuple(cut),
    )


def read_file(path: Path, settings: Settings) -> bytes:
    """A file's bytes. Raises `DocumentFileMissing`, `DocumentTooLarge`."""
    try:
        size = path.stat().st_size
        if size > settings.document_bytes:
            raise DocumentTooLarge(f"{size:,} bytes, the limit is {settings.document_bytes:,}")
        return path.read_bytes()
    except OSError as error:
        raise DocumentFileMissing(f"{path.name!r:.200} cannot be read: {error.strerror}") from None


def files_in(folder: Path, settings: Settings, failed: list[NotAdded]) -> Iterator[Path]:
    """The documents below a folder. What is left out, and why, is put into `failed`."""

    def skip(path: Path, reason: str) -> None:
        failed.append(NotAdded(name=str(path.relative_to(folder)), code="skipped", reason=reason))

    yield from walk(folder, on_skip=skip, limits=ReadLimits(document_bytes=settings.document_bytes))


@dataclass(frozen=True)
class Place:
    """The document that chunks belong to, and the window they are indexed with."""

    document_id: UUID
    base_id: UUID
    clearance: str
    window: int


def store(tx: Transaction, place: Place, pieces: Sequence[Piece]) -> None:
    """Store a document's chunks and index them."""
    ids = [new_id() for _ in pieces]
    for lot in _lots(zip(ids, pieces, strict=True)):
        tx.many(queries.insert_chunk, [_row(place, id_, piece) for id_, piece in lot])
    index(tx, place, pieces, dict(enumerate(ids)))


def replace(tx: Transaction, place: Place, pieces: Sequence[Piece]) -> int:
    """Make a document's chunks those of another version; how many were written anew.

    A chunk whose heading and text are the same keeps its id, and what cites it.
    """
    old: dict[str, list[tuple[UUID, int]]] = {}
    for id_, position, digest in reversed(tx.all(queries.digests_of, {"document_id": place.document_id})):
        old.setdefault(digest, []).append((id_, position))
    kept: dict[int, UUID] = {}
    for at, piece in enumerate(pieces):
        if old.get(piece.digest):
            kept[at] = old[piece.digest].pop()[0]
    gone = [id_ for rest in old.values() for id_, _ in rest]
    new = {at: new_id() for at in range(len(pieces)) if at not in kept}
    stale = set(kept) if place.window else set()  # what is indexed with them may be another
    lexical.remove(tx, [*gone, *(kept[at] for at in sorted(stale))])
    tx.many(queries.delete_chunk, [{"id": id_} for id_ in gone])
    vectors.remove(tx, gone)
    moved = [(kept[at], pieces[at]) for at in kept]
    tx.many(
        queries.place_chunk,
        [
            {"id": id_, "new_position": piece.position, "new_page": piece.page, "new_overlap": piece.overlap}
            for id_, piece in moved
        ],
    )
    tx.many(queries.insert_chunk, [_row(place, id_, pieces[at]) for at, id_ in new.items()])
    index(tx, place, pieces, {**new, **{at: kept[at] for at in stale}})
    return len(new)


def index(tx: Transaction, place: Place, pieces: Sequence[Piece], ids: dict[int, UUID]) -> None:
    """Index the chunks at some positions, each with its heading and its neighbours' text."""
    entries = (lexical.Entry(ids[at], place.clearance, None, _indexed(pieces, at, place.window)) for at in sorted(ids))
    lexical.put(tx, PURPOSE, place.base_id, entries)


def _indexed(pieces: Sequence[Piece], at: int, window: int) -> str:
    if not window:
        return pieces[at].indexed
    near = pieces[max(0, at - window) : at + window + 1]
    return "\n".join([pieces[at].heading, *(piece.text for piece in near)])


def _row(place: Place, id_: UUID, piece: Piece) -> dict[str, Any]:
    return {
        "id": id_,
        "document_id": place.document_id,
        "base_id": place.base_id,
        "clearance": place.clearance,
        "position": piece.position,
        "content": piece.text,
        "heading": piece.heading,
        "page": piece.page,
        "tokens": piece.tokens,
        "overlap": piece.overlap,
        "digest": piece.digest,
    }


def _lots(rows: Iterable[tuple[UUID, Piece]]) -> Iterator[list[tuple[UUID, Piece]]]:
    waiting = iter(rows)
    while lot := list(islice(waiting, LOT)):
        yield lot


def delete(tx: Transaction, document_id: UUID) -> None:
    """Delete a document with all that was made of it."""
    of = {"document_id": document_id}
    ids = [id_ for id_, _, _ in tx.all(queries.digests_of, of)]
    lexical.remove(tx, ids)
    tx.run(queries.delete_chunks_of, of)
    vectors.remove(tx, ids)  # after the chunks: whoever stores vectors holds those
    tx.run(queries.delete_document, of)
