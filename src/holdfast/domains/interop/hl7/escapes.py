r"""Escape sequences: \F\ \S\ \T\ \R\ \E\ \P\, \Xdd..\ \Cxxyy\ \Mxxyyzz\ \Zdd..\, \H\ \N\, those of formatted text."""

import re
from functools import lru_cache

from .delimiters import Delimiters

_FORMATTED = re.compile(r"\.(?:br|sp[+-]?\d*|in[+-]?\d*|ti[+-]?\d*|fi|nf|ce|sk[+-]?\d*)", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-Fa-f]+")
_NAMES = {"F": "delimiter", "S": "delimiter", "T": "delimiter", "R": "delimiter", "E": "delimiter", "P": "delimiter"}
_NAMES |= {"H": "highlight", "N": "highlight"}
_PREFIXED = {"X": "hexadecimal", "C": "charset", "M": "charset"}


@lru_cache(maxsize=64)
def _pattern(escape: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(escape)}([^{re.escape(escape)}]*){re.escape(escape)}")


@lru_cache(maxsize=64)
def _meanings(delimiters: Delimiters) -> dict[str, str]:
    meant = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
    }
    return meant | ({"P": delimiters.truncation} if delimiters.truncation else {})


def kind_of(body: str) -> str:
    """What stands between two escape characters: one of six kinds, or "unknown"."""
    if body in _NAMES:
        return _NAMES[body]
    if body[:1] in _PREFIXED and _HEX.fullmatch(body[1:]) and len(body) % 2 == 1:
        return _PREFIXED[body[0]]
    if body[:1] == "Z":
        return "local"
    return "formatting" if _FORMATTED.fullmatch(body) else "unknown"


def escapes_in(value: str, delimiters: Delimiters) -> list[str]:
    """The kind of every escape sequence in a value, in order; a lone escape character counts as "unknown"."""
    pattern = _pattern(delimiters.escape)
    kinds = [kind_of(body) for body in pattern.findall(value)]
    return [*kinds, "unknown"] if value.count(delimiters.escape) % 2 else kinds


def unescape(value: str, delimiters: Delimiters, *, codec: str = "utf-8") -> str:
    r"""The text meant: delimiters and \X..\ resolved, \.br\ as a line break. What is not known stays as it was."""
    if delimiters.escape not in value:
        return value
    meant = _meanings(delimiters)

    def resolved(found: re.Match[str]) -> str:
        body = found[1]
        if body in meant:
            return meant[body]
        if body[:1] == "X" and kind_of(body) == "hexadecimal":
            return bytes.fromhex(body[1:]).decode(codec, "replace")
        return "\n" if body.lower() == ".br" else found[0]

    return _pattern(delimiters.escape).sub(resolved, value)


def escape(text: str, delimiters: Delimiters) -> str:
    r"""The text as a value: delimiters as sequences, line breaks as \X0D\ and \X0A\."""
    sequences = {
        meant: f"{delimiters.escape}{name}{delimiters.escape}" for name, meant in _meanings(delimiters).items()
    }
    sequences |= {end: f"{delimiters.escape}X{ord(end):02X}{delimiters.escape}" for end in "\r\n\x0b\x1c"}
    return "".join(sequences.get(one, one) for one in text)
