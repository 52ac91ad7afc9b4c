"""Words as search sees them: one analyzer for both engines, so that both find the same messages.

Text is case-folded and split into words; English endings are stemmed (other languages pass through, the same
way in text and in query); Chinese, Japanese and Korean, written without spaces, become overlapping pairs of
characters. The engines index what this module gives them: FTS5 with its plainest tokenizer, PostgreSQL as a
tsvector without a dictionary. Common words are kept in the index, so that a quoted phrase is found whole, and
left out of a query that has others (measured: worth a fifth of the answers' quality).
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]+|(?:(?![{_CJK}])[^\W_])+")
_IS_CJK = re.compile(rf"[{_CJK}]")

WORDS_INDEXED = 16_383
"""Of a longer message only so many words are searchable: as many places as a tsvector has."""
WORD_CHARS = 64
"""Longer words (a line of base64) are cut to this."""

_stemmer = Stemmer.Stemmer("english", 0)  # its own cache takes ten times as long as stemming
_stemmer_lock = threading.Lock()
_STEMS_KEPT = 200_000


class _Stems(dict[str, str]):
    """The stem of each word; that of a word not seen before is made."""

    def __missing__(self, word: str) -> str:
        with _stemmer_lock:  # the stemmer is not re-entrant
            stem: str = _stemmer.stemWord(word[:WORD_CHARS])
        if len(self) < _STEMS_KEPT:
            self[word] = stem
        return stem


_stems = _Stems()


def words(text: str) -> list[str]:
    """The searchable words of `text`, in order."""
    if text.isascii():
        return [*map(_stems.__getitem__, _ascii_pieces(text)[:WORDS_INDEXED])]
    folded = _fold(text)
    pieces = _WORD.findall(folded)
    if _IS_CJK.search(folded) is None:
        return [*map(_stems.__getitem__, pieces[:WORDS_INDEXED])]
    return [word for piece in pieces for word in _analyzed(piece)][:WORDS_INDEXED]


def _ascii_pieces(text: str) -> list[str]:
    """What the general pattern finds in ASCII text, five times as fast."""
    return text.encode("ascii").translate(_ASCII).decode("ascii").split()


_ASCII = bytes(ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else 32 for code in range(256))


def _analyzed(piece: str) -> list[str]:
    return _pairs(piece) if _IS_CJK.match(piece) else [_stems[piece]]


def spans(text: str, begins: frozenset[str] | None = None) -> Iterator[tuple[str, int, int]]:
    """Each searchable word of `text` with where it begins and ends in its NFC form.

    With `begins`, words that begin with another letter may be left out: a stem keeps the first letter of its word.
    """
    if begins is not None and text.isascii():
        for match in _beginning_with(begins).finditer(text.lower()):
            yield _stems[match.group()], match.start(), match.end()
        return
    folded = [_fold_character(character) for character in unicodedata.normalize("NFC", text)]
    places = [place for place, piece in enumerate(folded) for _ in piece]  # a fold can be longer: one half is 1⁄2
    for match in _WORD.finditer("".join(folded)):
        at = match.start()
        found = _analyzed(match.group())
        if len(found) > 1 or _IS_CJK.match(match.group()):
            for offset, pair in enumerate(found):
                yield pair, places[at + offset], places[at + offset + len(pair) - 1] + 1
        else:
            yield found[0], places[at], places[match.end() - 1] + 1


@lru_cache(maxsize=1_000)
def _beginning_with(letters: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])[{re.escape(''.join(sorted(letters)))}][a-z0-9]*")


def _fold(text: str) -> str:
    """Case and accents removed; plain ASCII, the common case, skips the slow path."""
    if text.isascii():
        return text.lower()
    return "".join([_fold_character(character) for character in unicodedata.normalize("NFC", text)])


@lru_cache(maxsize=100_000)
def _fold_character(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _pairs(piece: str) -> list[str]:
    return [piece[n : n + 2] for n in range(len(piece) - 1)] or [piece]


COMMON = frozenset(
    _stems[word]
    for word in """
    a about after all also an and any are as at be been but by can could did do does for from had has have he her
    his how i if in into is it its just me more much my no not of on or our out over she so some than that the their
    them then there these they this to too up us very was we were what when where which who whom whose why will with
    would you your
    """.split()
)
"""Stems of words that tell nothing, in a query that has others."""
