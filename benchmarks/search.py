"""Search over 200,000 messages of one person, or a million: rare and common words, cold and warm, rightly ordered."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from benchmarks.figures import Bound, Figure
from benchmarks.loading import fill, usual
from benchmarks.places import Place, Places, person
from benchmarks.reads import alone
from benchmarks.sayings import COMMON, FREQUENT
from holdfast import Hit
from holdfast.scopes import UserScope

RARE = "heliotrope"
RARE_EVERY = 10_000
"""One message in so many holds the rare word."""
CONVERSATIONS = 200
LIMIT = 20
LOOKED_AT = 200
"""Asked for so many, a search must begin with the same ones."""


def measure(places: Places, *, quick: bool, million: bool = False) -> Iterator[Figure]:
    """Every search on one engine, over one store."""
    total = 1_000_000 if million else 4_000 if quick else 200_000
    place = places.new()
    with place.open() as store:
        chats = _load(person(store), total, 20 if quick else CONVERSATIONS)
    places.settle(place)
    common = 150 if million else 60
    cases = (
        ("a rare word", RARE, False, 1),
        ("a common word", COMMON, False, common),
        ("two words", f"{COMMON} {FREQUENT}", False, common),
        ("a common word in one conversation", COMMON, True, common),
        ("a rare word in one conversation", RARE, True, 1),
    )
    for name, query, within, limit in cases:
        yield _figure(place, f"{name}, {total:,} messages", query, chats[0] if within else None, limit, quick=quick)


def _load(amina: UserScope, total: int, conversations: int) -> list[str]:
    each = total // conversations
    return [fill(amina, each, partial(_content, first=n * each)) for n in range(conversations)]


def _content(number: int, *, first: int) -> str:
    at = first + number
    return f"{usual(at)} {RARE}" if at % RARE_EVERY == 0 else usual(at)


def _figure(place: Place, operation: str, query: str, chat: str | None, limit: float, *, quick: bool) -> Figure:
    before = time.perf_counter()
    with place.open() as store:
        room = person(store).conversations
        opened = time.perf_counter()
        hits = room.search(query, conversation=chat, limit=LIMIT)
        cold = time.perf_counter() - opened
        more = room.search(query, conversation=chat, limit=LOOKED_AT)
        figure = alone(
            place,
            f"search: {operation}",
            lambda: room.search(query, conversation=chat, limit=LIMIT),
            10 if quick else 40,
            table="search",
            promise=(Bound(measure="ours", limit=limit), Bound(measure="wrong", limit=1)),
        )
    figure.more.update(
        {
            "cold ms": 1000 * cold,
            "open ms": 1000 * (opened - before),
            "hits": len(hits),
            "wrong": _wrong(hits, more, query, chat),
        }
    )
    return figure


def _wrong(hits: list[Hit], more: list[Hit], query: str, chat: str | None) -> int:
    """How many hits are out of order, not the best of `more`, lack a word, or are of elsewhere; 1 if there is none."""
    words = query.split()
    misplaced = sum(later.score > earlier.score for earlier, later in pairwise(hits))
    lacking = sum(any(word not in hit.message.content.lower() for word in words) for hit in hits)
    foreign = sum(chat is not None and str(hit.message.conversation_id) != chat for hit in hits)
    worse = sum(best.score > hit.score for hit, best in zip(hits, more, strict=False))
    return misplaced + worse + lacking + foreign + (not hits)
