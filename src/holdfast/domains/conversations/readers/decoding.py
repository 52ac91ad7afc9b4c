"""From the bytes of one conversation to its JSON, and, for a first look, only the paths of its keys."""

import re
from collections.abc import Iterator
from itertools import islice

import ijson

from .fields import Malformed
from .splitting import RawItem

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# Escapes one by one, so that an escaped backslash before a "u" is not taken for one. Only the group is half a pair.
_HALF_PAIR = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
# A first look gives up after so many JSON events: a conversation shows its format long before.
_LOOK = 20_000


def decode(raw: RawItem) -> object:
    """The JSON value. Raises Malformed, with the byte where it can be told, when it is none.

    Half of a surrogate pair, as left by products that cut text in the middle of an emoji, becomes U+FFFD.
    """
    if raw.problem is not None:
        raise Malformed(raw.problem, raw.data)
    _check_utf8(raw)
    try:
        return next(ijson.items(_mended(raw.data), "", use_float=True), None)
    except ijson.JSONError as error:
        raise Malformed(_explained(error, raw), raw.data) from error


def paths(data: bytes) -> Iterator[str]:
    """The dotted path of every key, in the order of the data (`messages.item.role`), as far as it can be read."""
    try:
        for prefix, event, value in islice(ijson.parse(data), _LOOK):
            if event == "map_key":
                yield f"{prefix}.{value}" if prefix else str(value)
    except (ijson.JSONError, UnicodeDecodeError):
        # Not swallowed: this is only a look, at data that may be cut. Whoever reads it in full gets the error.
        return


def _check_utf8(raw: RawItem) -> None:
    try:
        raw.data.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {raw.offset + error.start} of the file", raw.data) from error


def _mended(data: bytes) -> bytes:
    if _SURROGATE.search(data) is None:
        return data
    return _HALF_PAIR.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], data)


def _explained(error: ijson.JSONError, raw: RawItem) -> str:
    """The parser's words without the lines after them, which quote the conversation."""
    first = str(error.args[0] if error.args else error).split("\n", 1)[0]
    return f"not JSON between bytes {raw.offset} and {raw.offset + len(raw.data)} of the file: {first[:60]}"
