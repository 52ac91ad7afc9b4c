"""Texts made ready for being found: passages with their neighbours, questions without the names in them."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from holdfast.core.words import COMMON, words

WINDOW = 1
"""Passages of a conversation are found by their neighbours too: an answer seldom repeats the words of its question."""


def neighbours(texts: Sequence[str], place: int, window: int = WINDOW) -> list[str]:
    """The texts up to `window` places before and after the one at `place`, in order and without it."""
    return [*texts[max(0, place - window) : place], *texts[place + 1 : place + 1 + window]]


def indexed(own: str, around: Sequence[str]) -> str:
    """What the index of words is to hold for a passage: itself twice, then its `neighbours`, if it is to have any.

    So a word of its own counts about twice as much as a neighbour's. With equal counts the question before an answer,
    which has the words that are asked for, came first as often as the answer.
    """
    return "\n".join([own, own, *around]) if around else own


def windowed(texts: Sequence[str], window: int = WINDOW) -> list[str]:
    """Each text between its neighbours, as one text of several lines; for embedding."""
    return ["\n".join(texts[max(0, place - window) : place + 1 + window]) for place in range(len(texts))]


def strip_names(query: str, names: Iterable[str]) -> str:
    """`query` without the names of the people it is asked about, for embedding; unchanged if nothing else is left.

    In a collection that two people wrote, their names are in every other passage: they tell nothing, but fill a small
    model's vector. A name goes however its letters are cased, and with its 's; one that is a common word too ("Will")
    only as it is written in `names`.
    """
    pattern = _pattern(frozenset(part for name in names for part in name.split()))
    if pattern is None:
        return query
    rest = " ".join(pattern.sub(" ", query).split())
    return rest if words(rest) else query


@lru_cache(maxsize=256)
def _pattern(parts: frozenset[str]) -> re.Pattern[str] | None:
    spelled = [_spelled(part) for part in sorted(parts, key=lambda part: (-len(part), part)) if words(part)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?:['’]s?(?!\w)|(?!\w))") if spelled else None


def _spelled(part: str) -> str:
    escaped = re.escape(part)
    return escaped if set(words(part)) <= COMMON else f"(?i:{escaped})"
