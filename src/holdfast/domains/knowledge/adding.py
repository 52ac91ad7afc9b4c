"""Adding whatever somebody has: a text, bytes, a file, a folder. The same over a store and over a connection."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from holdfast.core.action import composite
from holdfast.core.clearance import check_level
from holdfast.core.clock import now
from holdfast.core.embedders import Embedder
from holdfast.core.errors import InvalidInput
from holdfast.core.settings import Settings
from holdfast.domains.knowledge import ingest
from holdfast.domains.knowledge.checks import UNKNOWN
from holdfast.domains.knowledge.errors import ReaderMissing
from holdfast.domains.knowledge.models import Document, EmbeddingReport, FolderReport, NotAdded


class Adding:
    """What is made of `add_text`, `add_file`, `replace_text` and `replace_file`."""

    settings = Settings()
    """A connection has those of nobody in particular."""
    if TYPE_CHECKING:
        add_text: Callable[..., Document]
        add_file: Callable[..., Document]
        replace_text: Callable[..., Document]
        replace_file: Callable[..., Document]
        embed_some: Callable[..., EmbeddingReport]
        reindex_some: Callable[..., EmbeddingReport]

    @composite
    def add(
        self,
        base: UUID | str,
        path_or_text: str | Path | bytes,
        *,
        title: str | None = None,
        clearance: str | None = None,
        source: str | None = None,
        media_type: str | None = None,
        metadata: Mapping[str, object] | None = None,
        embed: bool = True,
    ) -> Document:
        """Add a document: a text, the path of a file (a `Path`), or a file's bytes. See `add_text`, `add_file`."""
        options: dict[str, Any] = {"clearance": clearance, "metadata": metadata, "embed": embed}
        if isinstance(path_or_text, str):
            return self.add_text(base, path_or_text, title=title, source=source, media_type=media_type, **options)
        options["media_type"] = media_type or UNKNOWN
        if isinstance(path_or_text, bytes):
            return self.add_file(base, path_or_text, name=title or "document", source=source, title=title, **options)
        path = _path(path_or_text)
        data = ingest.read_file(path, self.settings)
        return self.add_file(base, data, name=path.name, title=title, source=source or str(path), **options)

    @composite
    def add_folder(
        self,
        base: UUID | str,
        folder: Path | str,
        *,
        clearance: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_progress: Callable[[str, int], None] | None = None,
    ) -> FolderReport:
        """Add every document below a folder, each in a transaction of its own.

        What is there already is left alone, so going on after a stop is calling it again. Vectors are left to `embed`.
        A file that cannot be added is in the report and stops nothing. `on_progress(name, files so far)` is called
        after each file. Raises `BaseNotFound`, `BaseReadOnly`, `ClearanceNeeded`, `DocumentFileMissing`.
        """
        root = Path(folder)
        if clearance is not None:
            check_level(clearance)
        failed: list[NotAdded] = []
        moment, files = now(), 0
        added: set[UUID] = set()
        for path in ingest.files_in(root, self.settings, failed):
            name = str(path.relative_to(root))
            try:
                options: dict[str, Any] = {"clearance": clearance, "metadata": metadata, "embed": False}
                document = self.add(base, path, source=name, **options)
                if document.created_at >= moment:
                    added.add(document.id)  # of files with the same content the others change nothing
            except (InvalidInput, ReaderMissing) as error:
                failed.append(NotAdded(name=name, code=error.code, reason=str(error)))
            files += 1
            if on_progress is not None:
                on_progress(name, files)
        return FolderReport(added=len(added), unchanged=files - len(added) - _tried(failed), failed=tuple(failed))

    @composite
    def embed(
        self, base: UUID | str, *, on_progress: Callable[[EmbeddingReport], None] | None = None
    ) -> EmbeddingReport:
        """Give vectors to every chunk that waits, of documents at levels that the caller holds; see `embed_some`.

        Goes on where the last call was stopped. `on_progress(report)` is called after each step.
        """
        return _until_done(lambda: self.embed_some(base), on_progress)

    @composite
    def reindex(
        self,
        base: UUID | str,
        *,
        embedder: str | Embedder | None = None,
        on_progress: Callable[[EmbeddingReport], None] | None = None,
    ) -> EmbeddingReport:
        """Make a base's vectors with another embedder, and search by those once they are whole; see `reindex_some`.

        Goes on where the last call was stopped. `on_progress(report)` is called after each step.
        """
        return _until_done(lambda: self.reindex_some(base, embedder=embedder), on_progress)

    @composite
    def replace(
        self, document: UUID | str, path_or_text: str | Path | bytes, *, media_type: str | None = None
    ) -> Document:
        """Make a document another version of itself; see `replace_text`, `replace_file`."""
        if isinstance(path_or_text, str):
            return self.replace_text(document, path_or_text, media_type=media_type)
        if isinstance(path_or_text, bytes):
            return self.replace_file(document, path_or_text, media_type=media_type or UNKNOWN)
        path = _path(path_or_text)
        data = ingest.read_file(path, self.settings)
        return self.replace_file(document, data, name=path.name, media_type=media_type or UNKNOWN)


def _path(given: object) -> Path:
    """The path of a file. Raises `InvalidInput`."""
    if not isinstance(given, os.PathLike):
        raise InvalidInput(
            f"document: a text, a Path or bytes are needed, got {type(given).__name__}", field="document"
        )
    return Path(given)


def _until_done(
    step: Callable[[], EmbeddingReport], on_progress: Callable[[EmbeddingReport], None] | None
) -> EmbeddingReport:
    """The sum of the steps that there are to do."""
    done = 0
    while True:
        made = step()
        done += made.embedded
        report = dataclasses.replace(made, embedded=done)
        if on_progress is not None:
            on_progress(report)
        if made.done:
            return report


def _tried(failed: list[NotAdded]) -> int:
    """How many of the failures are of files that were read."""
    return sum(one.code != "skipped" for one in failed)
