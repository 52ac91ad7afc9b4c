"""Text cut into sentences, and a sentence that is too long into stretches that are not."""

import re
import unicodedata
from collections.abc import Callable, Iterator

CountTokens = Callable[[str], int]

_END = re.compile(
    r"[.!?…]+[\"'”’»)\]]*(?P<space>\s+)(?![a-z])"  # not after "e.g." and the like
    r"|[。！？｡؟।]+[」』”’）]*(?P<none>\s*)"
    r"|(?P<line>\n+)"
)
_LAST_SPACE = re.compile(r"\s+(?=\S*\Z)")
_SOFT = re.compile(r"[，、；：,;:)\]｝）」』/\-](?=[^，、；：,;:)\]｝）」』/\-]*\Z)")


def sentences(text: str) -> Iterator[tuple[str, str]]:
    """Each sentence with the space after it: put together again they are the text. The last has no space after it."""
    start = 0
    for match in _END.finditer(text):
        end = match.start(match.lastgroup or 0)
        if match.end() == len(text):
            break
        if text[start:end].strip():
            yield text[start:end], text[end : match.end()]
            start = match.end()
    if start < len(text):
        yield text[start:], ""


def cut_long(text: str, tokens: int, room: int, count: CountTokens) -> Iterator[tuple[str, str]]:
    """Stretches of at most `room` tokens, each with the space after it: between words, or inside one that is too long.

    Writing without spaces is cut after a comma where there is one, and never between a letter and its marks.
    """
    fits = max(1, len(text) * room // max(tokens, 1))
    start = 0
    while start < len(text):
        chars = fits
        while chars > 1 and count(text[start : start + chars]) > room:
            chars = max(1, chars * 9 // 10)
        end, following = _place(text, start, start + chars)
        yield text[start:end], text[end:following]
        start = following


def _place(text: str, start: int, end: int) -> tuple[int, int]:
    """Where to cut at the latest at `end`, and where what follows begins."""
    if end >= len(text):
        return len(text), len(text)
    if text[end].isspace():
        return end, _after_space(text, end)
    window = text[start:end]
    space = _LAST_SPACE.search(window)
    if space is not None and space.start() > 0:
        return start + space.start(), start + space.end()
    soft = _SOFT.search(window, len(window) // 2)
    if soft is not None:
        return start + soft.end(), start + soft.end()
    while end > start + 1 and _clings(text, end):
        end -= 1
    return end, end


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _clings(text: str, at: int) -> bool:
    """Whether the character here belongs to the one before it."""
    return unicodedata.category(text[at])[0] == "M" or "\u200d" in text[at - 1 : at + 1] or text[at] in "\ufe0e\ufe0f"
