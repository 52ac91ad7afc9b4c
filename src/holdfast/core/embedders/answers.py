"""The answer of an OpenAI-compatible server, read with suspicion."""

import base64
import binascii
import json
import sys
from array import array
from collections.abc import Sequence

from holdfast.core.embedders.errors import EmbedderFailed


def vectors_in(name: str, raw: bytes, *, count: int) -> list[Sequence[float]]:
    """The vectors of an answer in the order of the texts. Raises `EmbedderFailed` for one of another shape."""
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        kind = "a page of HTML" if raw.lstrip()[:1] == b"<" else "something that is not JSON"
        raise EmbedderFailed(name, f"answered 200 with {kind}; is the address right?", answer_status=200) from None
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise EmbedderFailed(name, "answered 200 without a list of vectors (data)", answer_status=200)
    if len(data) != count:
        raise EmbedderFailed(name, f"{len(data)} vectors for {count} texts", answer_status=200)
    found: list[Sequence[float] | None] = [None] * count
    for place, item in enumerate(data):
        index = item.get("index", place)
        if type(index) is not int or not 0 <= index < count or found[index] is not None:
            raise EmbedderFailed(name, "numbers its vectors wrongly (index)", answer_status=200)
        found[index] = _vector(name, item.get("embedding"))
    return [vector for vector in found if vector is not None]


def _vector(name: str, value: object) -> Sequence[float]:
    if isinstance(value, str):
        return _unpacked(name, value)
    if not isinstance(value, list) or not all(type(number) in (int, float) for number in value):
        raise EmbedderFailed(name, "a vector is no list of numbers", answer_status=200)
    return value


def _unpacked(name: str, text: str) -> Sequence[float]:
    """Base64 of numbers of four bytes, little-endian."""
    vector = array("f")
    try:
        vector.frombytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise EmbedderFailed(name, "a vector is broken base64", answer_status=200) from None
    if sys.byteorder == "big":
        vector.byteswap()
    return vector


def error_of(raw: bytes) -> tuple[str, str]:
    """The code and the lower-case message of an error answer, to be matched, never to be shown: it can quote a text."""
    try:
        error = json.loads(raw).get("error")
    except (ValueError, AttributeError, RecursionError):
        return "", ""
    if isinstance(error, dict):
        return str(error.get("code") or error.get("type") or ""), str(error.get("message") or "").lower()
    return "", str(error or "").lower()
