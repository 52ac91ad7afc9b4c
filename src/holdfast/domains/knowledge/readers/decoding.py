"""From the bytes of a text to its characters, in whatever encoding they are.

A byte-order mark decides; then what the caller or the document itself declares; then UTF-8 when the bytes are that, but
for a few; and what is left is Windows-1252, where every byte is a character. Encodings of East Asia without a
declaration are not guessed: "text/plain; charset=shift_jis" says it.
"""

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOK = 4_096
_META = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]{2,40})", re.IGNORECASE)
# What pages declare as these is Windows-1252 (https://encoding.spec.whatwg.org).
_REALLY_1252 = frozenset({"ascii", "iso8859-1", "cp1252"})
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Decoded:
    """A text, the encoding it was in, and how many places were not in it: each is U+FFFD now."""

    text: str
    encoding: str
    broken: int = 0


def is_binary(data: bytes) -> bool:
    """Whether the beginning holds bytes that are in no text."""
    return _mark(data) is None and _wide(data) is None and _CONTROLS.search(data[:_LOOK]) is not None


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of `data`. `declared`: the charset that the caller or the document names; an unknown one is ignored."""
    mark = _mark(data)
    if mark is not None:
        return _decoded(data.removeprefix(mark[0]), mark[1])
    named = _known(declared)
    if named is not None:
        return _decoded(data, named)
    wide = _wide(data)
    return _decoded(data, wide) if wide is not None else _guessed(data)


def declared_in(page: bytes) -> str | None:
    """The charset that an HTML page declares in its head."""
    found = _META.search(page[:_LOOK])
    name = None if found is None else found[1].decode("ascii").lower()
    return "utf-8" if name is not None and name.startswith("utf-16") else name  # the page would not have been read


def _mark(data: bytes) -> tuple[bytes, str] | None:
    return next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), None)


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: of the beginning nearly every second byte is NUL."""
    head = data[:_LOOK]
    half = len(head) // 2
    if half < 2:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even == 0 and odd > 0.6 * half:
        return "utf-16-le"
    return "utf-16-be" if odd == 0 and even > 0.6 * half else None


def _known(declared: str | None) -> str | None:
    if declared is None:
        return None
    try:
        codec = codecs.lookup(declared)
        codec.decode(b"")
    except (LookupError, UnicodeError, ValueError):
        return None
    text_encoding: bool = codec._is_text_encoding
    if not text_encoding:
        return None
    return "cp1252" if codec.name in _REALLY_1252 else codec.name


def _guessed(data: bytes) -> Decoded:
    try:
        return Decoded(data.decode(), "utf-8")
    except UnicodeDecodeError:
        found = _decoded(data, "utf-8")
    beyond_ascii = len(data) - len(data.translate(None, bytes(range(128, 256))))
    return found if found.broken * 10 < beyond_ascii else _decoded(data, "cp1252")


def _decoded(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    return Decoded(text, encoding, text.count("\ufffd"))
