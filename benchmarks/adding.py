"""Adding documents with vectors: long ones, short ones, and texts whose words are hardly ever repeated.

The embedder is one of the program's own that takes almost no time, so that what is measured is what stands beside it.
"""

import random
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

import holdfast
from benchmarks import prose
from benchmarks.figures import Bound, Figure
from benchmarks.knowledge import text
from benchmarks.places import EMAIL, Place, Places, person
from holdfast.core.embedders import Kind, Vector
from holdfast.domains.knowledge import Knowledge

DIMENSION = 384
PROMISE = 15 / 10_000
"""Seconds for each chunk."""
RICH_CHUNKS = 100
"""Of one document of `rich`."""
_ROW = 2**20
Make = Callable[[random.Random], str]


class Instant:
    """A direction for each text, by chance of its words: as large as a model's, and made in 3 µs.

    A list of numbers for each, as an answer in JSON has them; a stretch of one long row of random numbers.
    """

    name = "instant"
    dimension: int | None = DIMENSION

    def __init__(self) -> None:
        self._row = np.random.default_rng(1).standard_normal(_ROW + DIMENSION).tolist()

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        starts = [zlib.crc32(one.encode()) % _ROW for one in texts]
        return [self._row[start : start + DIMENSION] for start in starts]


def opened(place: Place) -> holdfast.Store:
    """A place's store, with that embedder."""
    settings = replace(holdfast.Settings(), embedders={"instant": Instant()})
    return holdfast.open(place.url, place.key, settings=settings)


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Every kind of document on one engine, each in a store of its own."""
    chunks = 500 if quick else 10_000
    yield _alone(places, "documents added, with vectors", chunks, long, PROMISE)
    yield _alone(places, "short documents added, with vectors", chunks // 10, short, None)
    yield _alone(places, "documents of words hardly ever repeated added, with vectors", chunks, rich, None)


def _alone(places: Places, operation: str, chunks: int, make: Make, promise: float | None) -> Figure:
    place = places.new()
    with opened(place) as store:
        store.system().identity.set_clearance(EMAIL, ["D"], tenant="acme")
        knowledge = person(store).knowledge
        knowledge.create_base("base", embedder="instant")
        return added(place, knowledge, chunks, operation, make, promise)


def long(chance: random.Random) -> str:
    """A hundred chunks, or a few less."""
    return prose.document(chance, 18_000)


def short(chance: random.Random) -> str:
    """Two or three chunks: the usual document."""
    return prose.document(chance, 450)


def rich(chance: random.Random) -> str:
    """Paragraphs that are about a chunk each, by Zipf's plain law: 8,700 different words in each hundred."""
    return "\n\n".join(f"{text(chance)} {text(chance)}." for _ in range(RICH_CHUNKS))


def added(
    place: Place,
    knowledge: Knowledge,
    chunks: int,
    operation: str = "documents added, with vectors",
    make: Make = long,
    promise: float | None = PROMISE,
) -> Figure:
    """So many chunks added to the base `base`, document by document. What is over is taken off in proportion.

    `processor s` is what this process took, without a server's.
    """
    chance = random.Random(1)
    knowledge.add("base", make(chance))  # what is made once in a process is not a part of each call
    made, took, busy, documents = 0, 0.0, 0.0, 0
    while made < chunks:
        document = make(chance)
        began, worked = time.perf_counter(), time.process_time()
        made += knowledge.add("base", document).chunk_count
        took, busy = took + time.perf_counter() - began, busy + time.process_time() - worked
        documents += 1
    part = chunks / made
    return Figure(
        table="knowledge",
        operation=f"{operation}, {chunks:,} chunks",
        engine=place.engine,
        unit="s",
        ours=took * part,
        more={"processor s": busy * part, "ms each": 1000 * took / documents},
        promise=() if promise is None else (Bound(measure="ours", limit=promise * chunks),),
    )
