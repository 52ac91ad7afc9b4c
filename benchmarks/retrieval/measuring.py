"""What is set up to be judged, and the short form that every run of the benchmarks includes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Bound, Figure
from benchmarks.places import Places
from benchmarks.retrieval.indexes import (
    NEIGHBOURS,
    HybridIndex,
    Index,
    LexicalIndex,
    PlainIndex,
    RankFusedIndex,
    VectorIndex,
)
from benchmarks.retrieval.judging import DEPTHS, judge
from benchmarks.retrieval.samples import read
from holdfast.core.embedders import Embedder, HashingEmbedder
from holdfast.domains.knowledge.fusion import CANDIDATES, WEIGHT
from holdfast.domains.knowledge.preparing import WINDOW

OWN = Path(__file__).parent.parent / "data" / "conversations.json"
EMBEDDER = "hashing:512"
"""It knows spelling, not meaning: what hybrid gains by it is the least that it gains."""
JUDGED_AT = 10


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The ways of searching that are compared; without an embedder only those by words."""

    embedder: Embedder | None
    weight: float = WEIGHT
    window: int = WINDOW
    neighbour_weight: float = NEIGHBOURS
    vector_window: int = 0
    candidates: int = CANDIDATES
    keep_names: bool = False

    def indexes(self) -> list[Index]:
        """Fresh ones, for one collection, in the order in which they are to be filled."""
        lexical = LexicalIndex(window=self.window, neighbour_weight=self.neighbour_weight)
        if self.embedder is None:
            return [PlainIndex(), lexical]
        vector = VectorIndex(self.embedder, window=self.vector_window, keep_names=self.keep_names)
        hybrid = HybridIndex(lexical, vector, weight=self.weight, candidates=self.candidates)
        return [PlainIndex(), lexical, vector, hybrid, RankFusedIndex(lexical, vector)]


def embedder_named(spec: str) -> Embedder | None:
    """`none`, or `hashing:DIMENSION`."""
    if spec == "none":
        return None
    provider, _, dimension = spec.partition(":")
    if provider != "hashing" or not dimension.isdigit():
        raise SystemExit(f"--embedder {spec!r}: not known here; give none or hashing:512")
    return HashingEmbedder(int(dimension))


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Over our own conversations, on the engine whose index it uses: there is nothing to time."""
    if places.engine != "sqlite-plain":
        return
    collections = read(OWN)[:2] if quick else read(OWN)
    answers = {each.name: each for each in judge(collections, Setup(embedder=embedder_named(EMBEDDER)).indexes)}
    for name, other in (("lexical", "plain BM25"), ("hybrid", "lexical")):
        ours, theirs = (answers[each].recall(JUDGED_AT) for each in (name, other))
        yield Figure(
            table="retrieval",
            operation=f"recall@{JUDGED_AT}, {name} beside {other}",
            engine=places.engine,
            unit="",
            ours=ours,
            raw=theirs,
            ratio=ours / theirs,
            more={f"recall@{depth}": answers[name].recall(depth) for depth in DEPTHS},
            promise=(Bound(measure="ratio", limit=1.0, at_least=True),),
        )
