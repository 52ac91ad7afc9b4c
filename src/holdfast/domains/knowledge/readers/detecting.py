"""What a document is: told by its content first, then by its name.

The content decides wherever it can be recognised. A name or a media type only tells apart what looks the same: plain
text, Markdown and CSV.
"""

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath

from holdfast.domains.knowledge.errors import UnknownDocumentFormat

from .decoding import decode, is_binary

PLAIN, MARKDOWN, HTML, CSV, TSV, PDF = (
    "text/plain", "text/markdown", "text/html", "text/csv", "text/tab-separated-values", "application/pdf",
)  # fmt: skip
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

BY_SUFFIX = {
    ".txt": PLAIN, ".text": PLAIN, ".log": PLAIN, ".rst": PLAIN,
    ".md": MARKDOWN, ".markdown": MARKDOWN, ".mdown": MARKDOWN,
    ".html": HTML, ".htm": HTML, ".xhtml": HTML,
    ".csv": CSV, ".tsv": TSV, ".tab": TSV,
    ".pdf": PDF, ".docx": DOCX, ".docm": DOCX,
}  # fmt: skip
"""The media type of a file by the end of its name."""

_SAME = {"text/x-markdown": MARKDOWN, "application/xhtml+xml": HTML, "application/csv": CSV, "application/x-pdf": PDF}
_READ = frozenset(BY_SUFFIX.values())
_TEXTS = frozenset({PLAIN, MARKDOWN, CSV, TSV})
_TELLS_NOTHING = frozenset({"application/octet-stream", "binary/octet-stream", "application/x-download"})
_LOOK = 1_024

_OTHERS = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Office file of before 2007, or one with a password; save it as .docx without",
    ),
    (b"{\\rtf", "RTF; save it as .docx"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "a database"),
)
_PAGE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_RETRIED = "which is in none of the formats that are read: plain text, Markdown, HTML, PDF, DOCX, CSV"


def media_type_of(data: bytes, *, media_type: str | None, filename: str | None) -> str:
    """The media type that `data` is read as. Raises `UnknownDocumentFormat`."""
    said = _said(media_type, filename)
    found = _recognised(data)
    if found is not None:
        return found
    if said in _TEXTS or said == HTML:
        return said
    if said is not None:
        raise UnknownDocumentFormat(f"is said to be {said}, but does not begin like one; give its real type")
    return PLAIN


def charset_of(media_type: str | None) -> str | None:
    """The charset parameter of a media type."""
    found = re.search(r";\s*charset\s*=\s*[\"']?([^\s;\"']+)", media_type or "", re.IGNORECASE)
    return None if found is None else found[1]


def _said(media_type: str | None, filename: str | None) -> str | None:
    """What the caller says it is; None when that tells nothing. Raises for a kind that is not read."""
    bare = (media_type or "").partition(";")[0].strip().lower()
    bare = _SAME.get(bare, bare)
    if bare in _READ and bare != PLAIN:
        return bare
    by_name = BY_SUFFIX.get(PurePath(filename or "").suffix.lower())
    if bare == PLAIN:  # what servers call Markdown and CSV
        return by_name if by_name in _TEXTS else PLAIN
    if bare in _TELLS_NOTHING or not bare or bare.startswith("text/"):
        return by_name
    raise UnknownDocumentFormat(f"is said to be {bare:.80}, {_RETRIED}")


def _recognised(data: bytes) -> str | None:
    """The media type that the content shows; None for text of any kind. Raises for what is neither."""
    if data[:_LOOK].lstrip().startswith(b"%PDF-") or (b"%PDF-" in data[:_LOOK] and is_binary(data)):
        return PDF  # readers of PDF forgive what stands before its beginning
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _packed(data)
    for magic, what in _OTHERS:
        if data.startswith(magic):
            raise UnknownDocumentFormat(f"is {what}")
    if is_binary(data):
        raise UnknownDocumentFormat(f"holds bytes that are in no text, {_RETRIED}")
    return HTML if _PAGE.match(decode(data[:_LOOK]).text) else None


def _packed(data: bytes) -> str:
    names = set(_names(data))
    if "word/document.xml" in names or "word/document2.xml" in names:
        return DOCX
    what = next(
        (what for part, what in _PACKED.items() if any(name.startswith(part) for name in names)), "a zip archive"
    )
    raise UnknownDocumentFormat(f"is {what}, {_RETRIED}")


_PACKED = {
    "xl/": "an Excel workbook (save its sheets as CSV)",
    "ppt/": "a PowerPoint presentation",
    "META-INF/container.xml": "an EPUB book",
    "content.xml": "an OpenDocument file (save it as .docx)",
}


def _names(data: bytes) -> Iterator[str]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            yield from archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise UnknownDocumentFormat("begins like a zip archive (as DOCX does) and is damaged") from None
