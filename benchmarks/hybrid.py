"""Knowledge from end to end: documents added, searched by words and meaning, passages in a prompt's context.

The embedder is one of the program's own that takes almost no time, so that what is measured is what stands beside it.
"""

import random
from collections.abc import Iterator

from benchmarks.adding import RICH_CHUNKS, added, opened, rich
from benchmarks.figures import Bound, Figure
from benchmarks.knowledge import QUESTIONS
from benchmarks.places import EMAIL, Place, Places, person
from benchmarks.reads import alone
from holdfast.domains.knowledge import Knowledge


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Adding, searching and the context on one engine, over one base."""
    total = 1_000 if quick else 100_000
    place = places.new()
    with opened(place) as store:
        store.system().identity.set_clearance(EMAIL, ["D"], tenant="acme")
        me = person(store)
        me.knowledge.create_base("base", embedder="instant")
        yield added(place, me.knowledge, 1_000 if quick else 10_000)
        for _ in range((total - _chunks(me.knowledge)) // RICH_CHUNKS):
            me.knowledge.add("base", rich(_chance))
        store.engine.optimize_vectors()
    places.settle(place)
    yield from searched(place, 10 if quick else 100)


def searched(place: Place, rounds: int) -> Iterator[Figure]:
    """Searches by words and meaning, and the context with passages, over the base as it is."""
    with opened(place) as store:
        me = person(store)
        held = _chunks(me.knowledge)
        for name in ("a rare word", "common words", "a question"):
            chance = random.Random(2)
            yield alone(
                place,
                f"hybrid: {name}, {held:,} chunks",
                lambda name=name, chance=chance: me.knowledge.search(QUESTIONS[name](chance), base="base"),
                rounds,
                table="knowledge",
                promise=(Bound(measure="p95 ms", limit=60),),
            )
        chat = me.conversations.create().id
        me.conversations.append(chat, role="user", content=QUESTIONS["a question"](random.Random(3)))
        yield alone(
            place,
            f"context with passages, {held:,} chunks",
            lambda: me.conversations.context(chat, max_tokens=8_000),
            rounds,
            table="knowledge",
            promise=(Bound(measure="ours", limit=10),),
        )


_chance = random.Random(1)


def _chunks(knowledge: Knowledge) -> int:
    page, count = knowledge.documents("base", limit=200), 0
    while True:
        count += sum(one.chunk_count for one in page.items)
        if page.next is None:
            return count
        page = knowledge.documents("base", limit=200, cursor=page.next)
