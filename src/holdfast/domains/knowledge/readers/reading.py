"""Reading one document: fetch it, tell what it is, read it within the limits, and clean what came out."""

import re
import stat
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from holdfast.core.errors import InvalidInput
from holdfast.domains.knowledge.errors import (
    DocumentFileMissing,
    DocumentTooComplex,
    DocumentTooLarge,
    EmptyDocument,
)

from . import detecting
from .cleaning import cleaned, cleaned_metadata
from .deadline import TimeIsUp, within
from .delimited import read_delimited
from .models import Block, Found, Given, ReadDocument, ReadLimits
from .needing_libraries import Reader, reader_with_libraries
from .plain import read_plain

_VISIBLE = re.compile(r"\w")


def read(
    source: str | bytes | Path,
    *,
    media_type: str | None = None,
    filename: str | None = None,
    password: str | None = None,
    limits: ReadLimits = ReadLimits(),  # noqa: B008  it is frozen
) -> ReadDocument:
    """The document in `source`: its text, the bytes of its file, or the file's path.

    What it is, the content tells where it can; `media_type` ("text/markdown", "text/plain; charset=shift_jis") and
    `filename` (of a path, its own) tell kinds of text apart. Raises an error of the family `DocumentError`, or
    `ReaderMissing`. No document takes longer than `limits.seconds`.
    """
    if isinstance(source, Path):
        filename = filename or source.name
    data = _fetched(source, limits)
    if not data.strip(b"\0 \t\r\n\f\v\xef\xbb\xbf\xff\xfe"):
        raise EmptyDocument("holds nothing at all")
    charset = "utf-8" if isinstance(source, str) else detecting.charset_of(media_type)
    kind = detecting.media_type_of(data, media_type=media_type, filename=filename)
    reader = _reader(kind)
    given = Given(data=data, charset=charset, password=password, limits=limits)
    try:
        return within(limits.seconds, lambda: _read(reader(given), kind, limits))
    except (TimeIsUp, RecursionError, MemoryError) as error:
        raise DocumentTooComplex(_reason(error, limits)) from None  # its frames hold the text


def _read(found: Found, kind: str, limits: ReadLimits) -> ReadDocument:
    blocks = tuple(_within(_clean(found.blocks), limits))
    if not any(_VISIBLE.search(block.text) for block in blocks):
        scanned = "; its pages may be scanned: run text recognition (OCR) first" if kind == detecting.PDF else ""
        raise EmptyDocument(f"holds no text ({kind}){scanned}")
    title = cleaned(found.title or "").strip() or next((b.text for b in blocks[:5] if b.kind == "heading"), None)
    replaced = sum(block.text.count("\ufffd") for block in blocks)
    metadata = cleaned_metadata(found.metadata | ({"replaced": replaced} if replaced else {}))
    return ReadDocument(title=title, media_type=kind, blocks=blocks, metadata=metadata)


def _reader(kind: str) -> Reader:
    if kind == detecting.PLAIN:
        return read_plain
    if kind in (detecting.CSV, detecting.TSV):
        return partial(read_delimited, tabs=kind == detecting.TSV)
    return reader_with_libraries(kind)


def _reason(error: BaseException, limits: ReadLimits) -> str:
    if isinstance(error, TimeIsUp):
        return f"took longer than {limits.seconds:g} seconds to read (limits.seconds); split it"
    return "nests too deeply" if isinstance(error, RecursionError) else "needs more memory than there is"


def _fetched(source: str | bytes | Path, limits: ReadLimits) -> bytes:
    if isinstance(source, Path):
        return _file(source, limits)
    if not isinstance(source, (str, bytes)):
        raise InvalidInput(f"document: text, bytes or a path is needed, got {type(source).__name__}", field="document")
    _check_size(len(source), limits)
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    _check_size(len(data), limits)
    return data


def _file(path: Path, limits: ReadLimits) -> bytes:
    """The bytes of a plain file, after a look at its size; it may grow meanwhile."""
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(path.stat().st_mode):
                raise DocumentFileMissing(f"{path.name!r} is no plain file")
            _check_size(path.stat().st_size, limits)
            data = file.read(limits.document_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise DocumentFileMissing(f"{path.name!r:.200} cannot be read: {reason}") from None
    _check_size(len(data), limits)
    return data


def _check_size(size: int, limits: ReadLimits) -> None:
    if size > limits.document_bytes:
        raise DocumentTooLarge(f"{size:,} bytes, the limit is {limits.document_bytes:,} (document_bytes); split it")


def _clean(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        text = cleaned(block.text)
        text = text.strip("\n") if block.kind == "code" else text.strip()
        if text:
            yield block if text == block.text else Block(text=text, kind=block.kind, level=block.level, page=block.page)


def _within(blocks: Iterable[Block], limits: ReadLimits) -> Iterator[Block]:
    chars = 0
    for count, block in enumerate(blocks, 1):
        chars += len(block.text)
        if count > limits.blocks or chars > limits.text_chars:
            raise DocumentTooComplex(
                f"holds more than {limits.blocks:,} blocks or {limits.text_chars:,} characters; split it"
            )
        yield block
