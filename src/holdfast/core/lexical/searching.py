"""Searching: which texts to look at, by the rarest words first, and which of them are best (BM25).

Neither engine ranks within bounded time: both score every match of a common word, and PostgreSQL knows nothing of how
rare a word is. So the index only matches. The counts say how rare each word is among the texts that the scope may see;
texts with rare words are all looked at, those with common ones as far as `window` goes, first those that have most of
them; and what was found is scored here. Both engines rank alike.
"""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.database.text_match import Wanted, mark
from holdfast.core.database.text_search import MOST_TERMS, Term, shorter_stems
from holdfast.core.lexical import queries
from holdfast.core.lexical.counted import ALL, counted
from holdfast.core.lexical.questions import Question
from holdfast.core.scope import NIL
from holdfast.core.words import words

WINDOW = 1_000
"""The most texts that are scored."""
BEGINNINGS = 20
"""With `begin*`, one text in so many is taken to have such a word, or as many as have just what was given."""
K1, B = 1.2, 0.75
"""The usual parameters of BM25 (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009)."""
_MARKS = 2 * len(mark(NIL, "", NIL, "")) + 1
"""So many characters stand before a text's words: two marks, with a space between."""


class Found(NamedTuple):
    """A text and how well it answers: greater is better, comparable only within one search."""

    item_id: UUID
    score: float


class _Text:
    """The words of a text, to count in. Counting in one string takes a tenth of splitting it and counting words."""

    __slots__ = ("_spaced", "length")

    def __init__(self, marked: str) -> None:
        self._spaced = f"{marked[_MARKS:]} "
        self.length = self._spaced.count(" ") - 1
        """In words."""

    def count(self, term: Term) -> int:
        """How often a term is in it."""
        if len(term.words) > 1 or term.prefix:
            return _occurrences(term, self._spaced.split())
        word = f" {term.words[0]} "
        often = self._spaced.count(word)
        if often and f"{word}{term.words[0]} " in self._spaced:  # twice in a row, with one space between
            return self._spaced.replace(" ", "  ").count(word)
        return often


class _Counts(NamedTuple):
    """What the counts say: texts, words in all of them, and texts with each term."""

    texts: int
    length: int
    having: Mapping[Term, int]


def search(
    tx: Transaction,
    question: Question,
    *,
    purpose: str,
    abouts: Sequence[UUID],
    k: int,
    among: Sequence[UUID] | None = None,
    window: int = WINDOW,
) -> list[Found]:
    """The best `k` texts for a question, best first, among what the scope may see.

    Only texts with at least one of the question's terms. When more than `window` match, those with its rarest words
    are ranked. `among`: only these texts are looked at, all of them. Costs one statement for the counts and up to five
    for the texts, whatever the size of the index.
    """
    if not abouts:
        return []
    at = {"purpose": purpose, "abouts": abouts}
    unwanted = [term for term in question.terms if term.without]
    counts = _look_up(tx, [term for term in question.terms if not term.without], at)
    wanted = sorted((term for term, items in counts.having.items() if items), key=lambda term: counts.having[term])
    wanted = wanted[:MOST_TERMS]
    if not wanted:
        return []
    if among is not None:
        listed = _listed(tx, among, purpose, abouts, [term for term in unwanted if len(term.words) == 1])
        return heapq.nsmallest(k, _scored(listed, wanted, unwanted, counts), key=_best_first)
    texts = _candidates(tx, wanted, unwanted, counts.having, at | {"places": _places(tx, purpose, abouts)}, window)
    scored = _scored(texts, wanted, unwanted, counts)
    return heapq.nsmallest(k, scored, key=_best_first)


def _best_first(found: Found) -> tuple[float, int]:
    return -found.score, found.item_id.int  # in C: comparing and hashing ids themselves is Python


def _listed(
    tx: Transaction, ids: Sequence[UUID], purpose: str, abouts: Sequence[UUID], unwanted: Sequence[Term]
) -> Iterable[tuple[UUID, _Text]]:
    """The words of given texts that the scope may see and that have none of some terms."""
    for start in range(0, len(ids), 500):
        for row in tx.all(queries.items, {"ids": ids[start : start + 500]}):
            found = _Text(row[6])
            if row[1] == purpose and row[2] in abouts and not any(found.count(term) for term in unwanted):
                yield row[0], found


def without_unwanted(
    tx: Transaction, question: Question, ids: Sequence[UUID], *, purpose: str, abouts: Sequence[UUID]
) -> Sequence[UUID]:
    """Those of the texts that have nothing that the question leaves out. No statement where it leaves out nothing."""
    unwanted = [term for term in question.terms if term.without]
    if not unwanted:
        return ids
    kept = {item_id for item_id, _words in _listed(tx, ids, purpose, abouts, unwanted)}
    return [item_id for item_id in ids if item_id in kept]


def telling_words(tx: Transaction, text: str, *, purpose: str, abouts: Sequence[UUID], most: int = 20) -> Question:
    """The rarest words of a text that other texts have too, as a question."""
    distinct = [Term((word,)) for word in dict.fromkeys(words(text))]
    having = _look_up(tx, distinct, {"purpose": purpose, "abouts": abouts}).having
    shared = [term for term in distinct if having.get(term, 0) > 1]
    return Question(tuple(sorted(shared, key=lambda term: having[term])[:most]))


def _look_up(tx: Transaction, terms: Sequence[Term], at: dict[str, Any]) -> _Counts:
    assert tx.tenant_id is not None, "only a tenant has texts"
    looked_up = {ALL, *(word for term in terms for word in (*term.words, *shorter_stems(term)))}
    names = {UUID(counted(tx.tenant_id, word)): word for word in looked_up}
    found = tx.all(queries.counts, at | {"words": sorted(names)})
    rows = {names[word]: (items, length) for word, items, length in found}
    texts, length = rows.get(ALL, (0, 0))
    return _Counts(texts, length, {term: _having(term, rows, texts) for term in terms})


def _having(term: Term, rows: Mapping[str, tuple[int, int]], texts: int) -> int:
    """In how many texts a term is, at most. Beginnings are not counted: they are taken for one in `BEGINNINGS`."""
    found = [rows.get(word, (0, 0))[0] for word in (term.words[:-1] if term.prefix else term.words)]
    if term.prefix:
        known = sum(rows.get(word, (0, 0))[0] for word in (term.words[-1], *shorter_stems(term)))
        found.append(min(texts, max(known, -(-texts // BEGINNINGS))))
    return min(found)


def _places(tx: Transaction, purpose: str, abouts: Sequence[UUID]) -> tuple[str, ...]:
    """The marks of where the scope may look."""
    scope = tx.scope
    assert scope.tenant_id is not None, "only a tenant has texts"
    levels = ("", *sorted(scope.levels))
    owners = (None,) if tx.reach == "tenant" else (NIL, scope.actor_id)
    return tuple(
        mark(scope.tenant_id, purpose, about, level, owner) for about in abouts for level in levels for owner in owners
    )


def _candidates(
    tx: Transaction,
    wanted: Sequence[Term],
    unwanted: Sequence[Term],
    having: Mapping[Term, int],
    at: dict[str, Any],
    window: int,
) -> Iterable[tuple[UUID, _Text]]:
    """Texts to score. `wanted` begins with the rarest."""
    without = tuple(group for term in unwanted if len(term.words) == 1 for group in _groups(term))
    texts: dict[int, tuple[UUID, _Text]] = {}
    for alternatives in _steps(wanted, having, window):
        if len(texts) >= window:
            break
        asked = {"wanted": Wanted(tuple(alternatives), without), "most": window - len(texts)}
        found = tx.all(queries.matching, at | asked)
        texts |= {item_id.int: (item_id, _Text(marked)) for item_id, marked in found}
    return texts.values()


def _steps(wanted: Sequence[Term], having: Mapping[Term, int], window: int) -> Iterable[list[tuple[str, ...]]]:
    """What to ask the index for, one after the other: all that have rare words, then those with most of the others."""
    rare, total = 0, 0
    while rare < len(wanted) and total + having[wanted[rare]] <= window:
        total += having[wanted[rare]]
        rare += 1
    if rare:
        yield [group for term in wanted[:rare] for group in _groups(term)]
    common = wanted[rare:]
    if not common:
        return
    for size in sorted({len(common), min(3, len(common)), min(2, len(common))}, reverse=True):
        if size > 1:
            yield [_together(common[:size])]
    yield _groups(common[0])


def _together(terms: Sequence[Term]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for term in terms for word in _spelled(term)))


def _groups(term: Term) -> list[tuple[str, ...]]:
    """The words that a text must have for a term, in each of the ways it may have them."""
    return [_spelled(term), *((stem,) for stem in shorter_stems(term))]


def _spelled(term: Term) -> tuple[str, ...]:
    return (*term.words[:-1], term.words[-1] + "*") if term.prefix else term.words


def _scored(
    texts: Iterable[tuple[UUID, _Text]], wanted: Sequence[Term], unwanted: Sequence[Term], counts: _Counts
) -> Iterable[Found]:
    average = max(1.0, counts.length / max(1, counts.texts))
    weights = []
    for term in wanted:
        having = min(counts.having[term], counts.texts)
        weights.append((term, math.log(1 + (counts.texts - having + 0.5) / (having + 0.5))))
    phrases = [term for term in unwanted if len(term.words) > 1]
    for item_id, found in texts:
        if phrases and any(found.count(term) for term in phrases):
            continue
        norm = K1 * (1 - B + B * found.length / average)
        score = 0.0
        for term, weight in weights:
            often = found.count(term)
            if often:
                score += weight * often * (K1 + 1) / (often + norm)
        if score > 0:
            yield Found(item_id, score)


def _occurrences(term: Term, found: list[str]) -> int:
    """Of a beginning or a phrase."""
    if len(term.words) == 1:
        begin, stems = term.words[0], shorter_stems(term)
        return sum(word.startswith(begin) for word in found) + sum(found.count(stem) for stem in stems)
    first, *others = term.words
    return sum(_continues(found, at, others, prefix=term.prefix) for at, word in enumerate(found) if word == first)


def _continues(found: list[str], at: int, others: list[str], *, prefix: bool) -> bool:
    following = found[at + 1 : at + 1 + len(others)]
    if not prefix or len(following) < len(others):
        return following == others
    return following[:-1] == others[:-1] and following[-1].startswith(others[-1])
