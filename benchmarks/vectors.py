"""The nearest of 100,000 vectors of 384 numbers: how long it takes, and how many of the true ones are found.

The vectors are like those of texts: topics of very different sizes around a common mean, 64 directions that carry most
of the meaning, some noise in all. So each has many near neighbours, and the tenth is hardly nearer than the fiftieth.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from benchmarks.figures import Bound, Figure, latencies
from benchmarks.places import EMAIL, Place, Places
from benchmarks.raw_vectors import raw_vectors
from holdfast.core.ids import new_id
from holdfast.core.vectors import VectorIndex, create_index, nearest, store

if TYPE_CHECKING:
    from support.vectors import Vectors

DIMENSION = 384
K = 10
LOT = 2_500
SHARES = (("S", 0.01), ("A", 0.09), ("B", 0.4), ("D", 0.5))
"""What share of the vectors has which level."""
CASES = (("all of them", "SABD"), ("1 % by level", "S"), ("10 % by level", "SA"), ("50 % by level", "SAB"))
Array = np.ndarray[Any, np.dtype[np.float32]]
Search = Callable[[Array], Sequence[Any]]


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Everything on one engine, over one store."""
    total, asked = (4_000, 20) if quick else (100_000, 200)
    data = embeddings(total + asked, seed=1)
    vectors, questions = data[:total], data[total:]
    levels = np.random.default_rng(2).choice([name for name, _ in SHARES], total, p=[share for _, share in SHARES])
    place = places.new()
    with place.open() as opened:
        opened.system().identity.create_tenant("globex")
        opened.system().identity.create_user(EMAIL, tenant="globex")
        acme, globex = _people(opened)
        index, ids, figure = _fill(place, acme, vectors, levels)
        yield figure
        few = vectors[:: 100 if total > 10_000 else 10]
        small, small_ids, _ = _fill(place, globex, few, np.full(len(few), ""))
        began = time.perf_counter()
        opened.engine.optimize_vectors()
        built = time.perf_counter() - began
        places.settle(place)
        fast = 5 if place.server else 30
        raw = raw_vectors(place, vectors)
        for name, wanted in CASES:
            held = np.flatnonzero(np.isin(levels, list(wanted)))
            limit, recall = (fast, 0.95) if len(held) == total else (fast if len(held) > total / 50 else 5, 0.99)
            allowed = frozenset(wanted)

            def ours(question: Array, allowed: frozenset[str] = allowed) -> list[int]:
                return [ids[one.item_id] for one in _near(acme, index, question, allowed)]

            beside = raw if len(held) == total else None
            yield _figure(place, name, ours, beside, vectors, held, questions, limit, recall, built)

        def theirs(question: Array) -> list[int]:
            return [small_ids[one.item_id] for one in _near(globex, small, question, None)]

        yield _figure(place, "a tenant with 1 %", theirs, None, few, np.arange(len(few)), questions, 5, 0.99, built)


def embeddings(count: int, seed: int) -> Array:
    """Vectors of length 1, as the module says."""
    chance = np.random.default_rng(seed)
    directions = chance.standard_normal((64, DIMENSION)) / 8
    topics = chance.standard_normal((1_000, 64)) @ directions + chance.standard_normal(DIMENSION) * 0.5
    of = topics[chance.zipf(1.3, count) % 1_000]
    data = of + 0.6 * (chance.standard_normal((count, 64)) @ directions) + 0.25 * chance.standard_normal(of.shape)
    return (data / np.linalg.norm(data, axis=1, keepdims=True)).astype(np.float32)


def _people(opened: Any) -> "tuple[Vectors, Vectors]":
    from support.vectors import Vectors  # beside the tests' own server, which is looked for only when needed

    return Vectors(opened, "acme", EMAIL), Vectors(opened, "globex", EMAIL)


def _fill(
    place: Place, person: "Vectors", vectors: Array, levels: Sequence[str]
) -> tuple[VectorIndex, dict[UUID, int], Figure]:
    index = person.write(
        lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=DIMENSION, state="active")
    )
    ids = [new_id() for _ in vectors]
    began = time.perf_counter()
    for first in range(0, len(ids), LOT):
        lot = [(ids[n], str(levels[n]) or None, None, vectors[n]) for n in range(first, min(first + LOT, len(ids)))]
        person.write(lambda tx, lot=lot: store(tx, index, lot))  # type: ignore[misc]  # mypy knows no default here
    rate = len(ids) / (time.perf_counter() - began)
    figure = Figure(
        table="vectors",
        operation=f"store {len(ids):,} vectors, {LOT:,} at a time",
        engine=place.engine,
        unit="/s",
        ours=rate,
        promise=(Bound(measure="ours", limit=2_000, at_least=True),),
    )
    return index, {one: n for n, one in enumerate(ids)}, figure


def _near(person: "Vectors", index: VectorIndex, question: Array, levels: frozenset[str] | None) -> list[Any]:
    return person.read(lambda tx: nearest(tx, index, question, k=K, levels=levels))


def _figure(
    place: Place,
    name: str,
    ours: Search,
    raw: Search | None,
    vectors: Array,
    held: Any,
    questions: Array,
    limit: float,
    recall: float,
    built: float,
) -> Figure:
    truth = held[np.argsort(-(questions @ vectors[held].T), axis=1)[:, :K]]
    taken, found = _run(ours, questions)
    times = latencies(taken)
    more = {
        **times,
        "recall": _recall(found, truth),
        "short": float(sum(len(one) < K for one in found)),
        "build s": built,
    }
    raw_ms = None
    if raw is not None:
        raw_taken, raw_found = _run(raw, questions)
        raw_ms = latencies(raw_taken)["p95 ms"]
        more["raw recall"] = _recall(raw_found, truth)
    return Figure(
        table="vectors",
        operation=f"nearest {K} of {len(held):,} in {len(vectors):,}: {name}, p95",
        engine=place.engine,
        unit="ms",
        ours=times["p95 ms"],
        raw=raw_ms,
        ratio=None if raw_ms is None else times["p95 ms"] / raw_ms,
        more=more,
        promise=(
            Bound(measure="ours", limit=limit),
            Bound(measure="recall", limit=recall, at_least=True),
            Bound(measure="short", limit=1),
        ),
    )


def _run(search: Search, questions: Array) -> tuple[list[float], list[Sequence[Any]]]:
    for question in questions[:10]:
        search(question)
    taken, found = [], []
    for question in questions:
        began = time.perf_counter()
        found.append(search(question))
        taken.append(time.perf_counter() - began)
    return taken, found


def _recall(found: Sequence[Sequence[Any]], truth: Any) -> float:
    return float(np.mean([len({*one} & {*true}) / K for one, true in zip(found, truth.tolist(), strict=True)]))
