"""Lexical search over a base of chunks with Zipf's distribution of words: rare, common, mixed and long questions.

`one in a hundred`: by somebody whose clearance leaves one chunk in a hundred.
"""

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from benchmarks.figures import Bound, Figure
from benchmarks.places import Place, Places, person
from benchmarks.reads import alone
from holdfast.core import lexical
from holdfast.core.ids import new_id
from holdfast.core.scope import Scope
from holdfast.scopes import UserScope

VOCABULARY = 60_000
CHUNK_WORDS = 120
LOT = 20_000
BASE = new_id()
PURPOSE = "benchmark"

_weights = [*accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY))]


def word(rank: int) -> str:
    """The word of a rank: letters that no stemmer touches."""
    letters = "bcdfghklmnpqrtvwxz"
    made = ""
    rank += 18 * 18
    while rank:
        rank, letter = divmod(rank, 18)
        made += letters[letter]
    return made + "q"


WORDS = [word(rank) for rank in range(VOCABULARY)]


def text(chance: random.Random) -> str:
    """A chunk."""
    top = _weights[-1]
    return " ".join(WORDS[bisect(_weights, chance.random() * top)] for _ in range(CHUNK_WORDS))


QUESTIONS = {
    "a rare word": lambda chance: WORDS[chance.randrange(30_000, 60_000)],
    "a common word": lambda chance: WORDS[chance.randrange(0, 20)],
    "common words": lambda chance: " ".join(WORDS[chance.randrange(0, 50)] for _ in range(4)),
    "a question": lambda chance: " ".join(
        [WORDS[chance.randrange(20, 200)], WORDS[chance.randrange(200, 3_000)], WORDS[chance.randrange(3_000, 30_000)]]
    ),
    "a paragraph": lambda chance: text(chance),
}


def measure(places: Places, *, quick: bool, million: bool = False) -> Iterator[Figure]:
    """Every kind of question on one engine, over one index."""
    total = 1_000_000 if million else 4_000 if quick else 100_000
    place = places.new()
    with place.open() as store:
        me = person(store)
        _load(me, total)
    places.settle(place)
    yield from asked(place, total, quick=quick)


def asked(place: Place, total: int, *, quick: bool) -> Iterator[Figure]:
    """Every kind of question, by somebody who may read nearly all of `total` chunks, and one in a hundred."""
    for levels, told in (("D", ""), ("C", ", one in a hundred")):
        for name, ask in QUESTIONS.items():
            yield _figure(place, f"{name}{told}, {total:,} chunks", ask, levels, quick=quick)


def scope_of(me: UserScope, levels: str) -> Scope:
    return replace(me.scope, levels=frozenset(levels), prepared={})


def _load(me: UserScope, total: int) -> None:
    chance, scope = random.Random(1), scope_of(me, "CD")
    for start in range(0, total, LOT):
        made = range(start, min(start + LOT, total))
        entries = [lexical.Entry(new_id(), "C" if n % 100 == 0 else "D", None, text(chance)) for n in made]
        me.conversations.engine.write(scope, "own", lambda tx, lot=entries: lexical.put(tx, PURPOSE, BASE, lot))


def _figure(place: Place, operation: str, ask: object, levels: str, *, quick: bool) -> Figure:
    chance = random.Random(2)
    with place.open() as store:
        me = person(store)
        scope, engine = scope_of(me, levels), me.conversations.engine

        def once() -> None:
            question = lexical.parse_question(ask(chance), most_chars=4_000)  # type: ignore[operator]
            engine.read(scope, "own", lambda tx: lexical.search(tx, question, purpose=PURPOSE, abouts=[BASE], k=8))

        return alone(
            place,
            f"lexical: {operation}",
            once,
            10 if quick else 100,
            table="knowledge",
            promise=(Bound(measure="p95 ms", limit=150),),
        )
