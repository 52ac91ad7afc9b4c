"""Snippets: the part of a message that shows why a search found it, the matching words marked."""

import unicodedata

from holdfast.core.database.text_search import Term, matched_words
from holdfast.core.words import spans

SNIPPET_CHARS = 160
MARK = "**"


def snippet(text: str, terms: tuple[Term, ...]) -> str:
    """About 160 characters around the first match, every matching word between `**`, accents in their NFC form."""
    text = unicodedata.normalize("NFC", text)
    whole, prefixes = matched_words(terms)
    begins = frozenset(word[0] for word in (*whole, *prefixes))
    places = [(a, b) for word, a, b in spans(text, begins) if word in whole or word.startswith(prefixes or "\0")]
    start, end = _window(text, places[0][0] if places else 0)
    shown = [(a, b) for a, b in places if a >= start and b <= end]
    body = _mark(text, start, end, _merge(shown))
    return ("… " if start else "") + " ".join(body.split()) + (" …" if end < len(text) else "")


def _window(text: str, at: int) -> tuple[int, int]:
    """From a little before `at`, cut between words where there are spaces."""
    start = max(0, at - SNIPPET_CHARS // 4)
    if start:
        space = text.find(" ", start, at)
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + SNIPPET_CHARS)
    if end < len(text):
        space = text.rfind(" ", at, end)
        end = space if space > at else end
    return start, end


def _merge(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping places (pairs of Chinese characters) become one."""
    merged: list[tuple[int, int]] = []
    for a, b in places:
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged


def _mark(text: str, start: int, end: int, places: list[tuple[int, int]]) -> str:
    """The text's own `**` are left out, so that every one in a snippet is a mark."""
    pieces, at = [], start
    for a, b in places:
        pieces += [text[at:a].replace(MARK, ""), MARK, text[a:b], MARK]
        at = b
    return "".join([*pieces, text[at:end].replace(MARK, "")])
