"""The files of a folder that an import would read, and why it leaves others out."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from holdfast.domains.knowledge.errors import DocumentFileMissing

from .detecting import BY_SUFFIX
from .models import ReadLimits

OnSkip = Callable[[Path, str], None]


def walk(
    folder: Path,
    *,
    on_skip: OnSkip | None = None,
    limits: ReadLimits = ReadLimits(),  # noqa: B008  it is frozen
) -> Iterator[Path]:
    """The documents below `folder`, by the ends of their names, in the order of their paths.

    `on_skip` is told of each path that is left out, and why. Links are not followed: they may lead out of the folder
    or in circles. Raises `DocumentFileMissing` when there is no such folder.
    """
    skip = on_skip or (lambda path, reason: None)
    if not folder.is_dir():
        raise DocumentFileMissing(f"{folder.name!r:.200} is no folder")
    yield from _walk(folder, skip, limits)


def _walk(folder: Path, skip: OnSkip, limits: ReadLimits) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if path is not folder and (reason := _reason(path, limits)) is not None:
            skip(path, reason)
        elif path.is_dir():
            try:
                waiting.extend(sorted((Path(entry.path) for entry in os.scandir(path)), reverse=True))
            except OSError as error:
                skip(path, f"cannot be read: {error.strerror}")
        else:
            yield path


def _reason(path: Path, limits: ReadLimits) -> str | None:
    """Why a path is left out; None when it is not."""
    if path.name.startswith((".", "~$")):
        return "is hidden"
    try:
        if path.is_symlink():
            return "is a link"
        if path.is_dir():
            return None
        if not path.is_file():
            return "is no plain file"
        size = path.stat().st_size
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if path.suffix.lower() not in BY_SUFFIX:
        return f"is in none of the formats that are read ({path.suffix.lower() or 'its name has no end'})"
    if size == 0:
        return "is empty"
    return f"{size:,} bytes, the limit is {limits.document_bytes:,}" if size > limits.document_bytes else None
