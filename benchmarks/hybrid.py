"""Knowledge from end to end: documents added, searched by words and meaning, passages in a prompt's context.

The embedder is one of the program's own that takes almost no time, so that what is measured is what stands beside it.
"""

import random
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

import holdfast
from benchmarks.figures import Bound, Figure
from benchmarks.knowledge import QUESTIONS, text
from benchmarks.places import EMAIL, Place, Places, person
from benchmarks.reads import alone
from holdfast.core.embedders import Kind, Vector
from holdfast.domains.knowledge import Knowledge

DIMENSION = 384
CHUNKS_EACH = 100
"""Of one document."""


class Instant:
    """A direction for each text, by chance of its beginning: as large as a model's, and made at once."""

    name = "instant"
    dimension: int | None = DIMENSION

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        made = [np.random.default_rng(zlib.crc32(one.encode())).standard_normal(DIMENSION) for one in texts]
        return [(one / np.linalg.norm(one)).astype(np.float32).tolist() for one in made]


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Adding, searching and the context on one engine, over one base."""
    total = 1_000 if quick else 100_000
    place = places.new()
    with _opened(place) as store:
        store.system().identity.set_clearance(EMAIL, ["D"], tenant="acme")
        me = person(store)
        me.knowledge.create_base("base", embedder="instant")
        yield _added(place, me.knowledge, 1_000 if quick else 10_000)
        for _ in range((total - _chunks(me.knowledge)) // CHUNKS_EACH):
            me.knowledge.add("base", _document())
        store.engine.optimize_vectors()
    places.settle(place)
    yield from searched(place, 10 if quick else 100)


def searched(place: Place, rounds: int) -> Iterator[Figure]:
    """Searches by words and meaning, and the context with passages, over the base as it is."""
    with _opened(place) as store:
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


def _opened(place: Place) -> holdfast.Store:
    settings = replace(holdfast.Settings(), embedders={"instant": Instant()})
    return holdfast.open(place.url, place.key, settings=settings)


_chance = random.Random(1)


def _document() -> str:
    """Paragraphs that are about a chunk each."""
    return "\n\n".join(f"{text(_chance)} {text(_chance)}." for _ in range(CHUNKS_EACH))


def _chunks(knowledge: Knowledge) -> int:
    page, count = knowledge.documents("base", limit=200), 0
    while True:
        count += sum(one.chunk_count for one in page.items)
        if page.next is None:
            return count
        page = knowledge.documents("base", limit=200, cursor=page.next)


def _added(place: Place, knowledge: Knowledge, chunks: int) -> Figure:
    documents = [_document() for _ in range(chunks // CHUNKS_EACH)]
    began = time.perf_counter()
    made = sum(knowledge.add("base", one).chunk_count for one in documents)
    took = (time.perf_counter() - began) * chunks / made
    promise = (Bound(measure="ours", limit=15 * chunks / 10_000),)
    return Figure(
        table="knowledge",
        operation=f"documents added, with vectors, {chunks:,} chunks",
        engine=place.engine,
        unit="s",
        ours=took,
        promise=promise,
    )
