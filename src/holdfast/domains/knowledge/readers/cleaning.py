"""What no database can store, and nobody can see, is taken out of a text that was read."""

import json
import re
import unicodedata

_METADATA_CHARS = 2_000
_BREAKS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
# Surrogates without their other half, and what a font or a file should not have given out as text.
_NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")
_UNSEEN = re.compile("[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\ufeff\u2060]")
_SPACES = re.compile("[\xa0\u2000-\u200a\u202f\u205f]")
_SUSPECT = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\xa0\xad\u2000-\u200a\u2028-\u202f\u205f\u2060\ud800-\udfff\ufeff\ufffe\uffff]"
)


def cleaned(text: str) -> str:
    """`text` in NFC, with line feeds for line ends and plain spaces for typographic ones.

    Control characters (NUL), soft hyphens and byte-order marks are gone; halves of surrogate pairs are U+FFFD.
    """
    if _SUSPECT.search(text):
        text = _BREAKS.sub("\n", text)
        text = _NO_CHARACTERS.sub("\ufffd", text)
        text = _UNSEEN.sub("", text)
        text = _SPACES.sub(" ", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def cleaned_metadata(metadata: dict[str, object]) -> dict[str, object]:
    """Only what says something, as JSON, texts cut to 2,000 characters."""
    kept: dict[str, object] = {}
    for name, value in metadata.items():
        found = _value(value)
        if found not in (None, "", [], {}):
            kept[name] = found
    return json.loads(json.dumps(kept, default=str))  # type: ignore[no-any-return]


def _value(value: object) -> object:
    if isinstance(value, str):
        return cleaned(value).strip()[:_METADATA_CHARS]
    if isinstance(value, (list, tuple)):
        return [_value(one) for one in value[:1_000]]
    return value
