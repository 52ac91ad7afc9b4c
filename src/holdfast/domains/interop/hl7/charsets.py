"""From the bytes of a message to its characters, so that they can be turned back into the same bytes."""

from dataclasses import dataclass

_CODECS = {
    "": "ascii",
    "ASCII": "ascii",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
    "WINDOWS-1252": "cp1252",
    "CP1252": "cp1252",
}
_CODECS |= {f"8859/{part}": f"iso8859_{part}" for part in (*range(1, 12), 13, 14, 15, 16)}
_CODECS |= {f"ISO-8859-{part}": f"iso8859_{part}" for part in (*range(1, 12), 13, 14, 15, 16)}
# Escape sequences switch these within seven bits, where a trail byte may look like a delimiter.
_SWITCHED = frozenset({"ISO IR6", "ISO IR14", "ISO IR87", "ISO IR159", "CNS 11643-1992"})

KNOWN = frozenset(_CODECS) | _SWITCHED


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and the codec it came by. A byte in no character is a lone surrogate (PEP 383), which goes back to it."""

    text: str
    codec: str
    declared: str
    """MSH-18 in capitals where it names a known set, "" where there is none, "other" where it is not known."""
    kind: str | None = None
    """The problem of the character set as a whole: "charset_unknown" or "charset_differs"."""


def decode(raw: bytes, declared: str) -> Decoded:
    """The characters of a message. `declared`: MSH-18, whose first repetition counts."""
    name = declared.strip().upper()
    known = name if name in KNOWN else "other"
    if name in _SWITCHED and b"\x1b" in raw:
        return _switched(raw, name)
    if raw.isascii():
        return Decoded(raw.decode("ascii"), "ascii", known, "charset_unknown" if known == "other" else None)
    return _beyond_ascii(raw, known)


def _beyond_ascii(raw: bytes, known: str) -> Decoded:
    codec = _CODECS.get(known)
    if codec is not None and codec not in ("ascii", "utf-8"):
        text = raw.decode(codec, "surrogateescape")
        if text.encode(codec, "surrogateescape") == raw:
            return Decoded(text, codec, known)
        return Decoded(raw.decode("latin-1"), "latin-1", known, "charset_differs")
    kind = "charset_unknown" if known == "other" else "charset_differs" if codec == "ascii" else None
    return Decoded(raw.decode("utf-8", "surrogateescape"), "utf-8", known, kind)


def _switched(raw: bytes, name: str) -> Decoded:
    """Japanese as ISO 2022 has it, where it comes back to the same bytes; else every byte as a character of its own."""
    try:
        text = raw.decode("iso2022_jp_2")
        if text.encode("iso2022_jp_2") == raw:
            return Decoded(text, "iso2022_jp_2", name)
    except UnicodeError:
        pass
    return Decoded(raw.decode("latin-1"), "latin-1", name, "charset_differs")
