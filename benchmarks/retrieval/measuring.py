"""What is set up to be judged, and the short form that every run of the benchmarks includes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Bound, Figure
from benchmarks.places import Places, person
from benchmarks.retrieval.indexes import HybridIndex, Index, LexicalIndex, PlainIndex, RankFusedIndex, VectorIndex
from benchmarks.retrieval.judging import DEPTHS, judge
from benchmarks.retrieval.preparing import WINDOW
from benchmarks.retrieval.samples import read
from holdfast.core.embedders import Embedder, embedder_from
from holdfast.core.fusion import CANDIDATES, WEIGHT
from holdfast.core.settings import Settings
from holdfast.scopes import UserScope

OWN = Path(__file__).parent.parent / "data" / "conversations.json"
EMBEDDER = "wordllama:256"
"""A small model of meaning that is there without a network."""
JUDGED_AT = 10


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The ways of searching that are compared; without an embedder only those by words."""

    person: UserScope
    embedder: Embedder | None
    weight: float = WEIGHT
    window: int = WINDOW
    vector_window: int = 0
    candidates: int = CANDIDATES
    keep_names: bool = False

    def indexes(self) -> list[Index]:
        """Fresh ones, for one collection, in the order in which they are to be filled."""
        lexical = LexicalIndex(self.person, window=self.window)
        if self.embedder is None:
            return [PlainIndex(), lexical]
        vector = VectorIndex(self.embedder, window=self.vector_window, keep_names=self.keep_names)
        hybrid = HybridIndex(lexical, vector, weight=self.weight, candidates=self.candidates)
        return [PlainIndex(), lexical, vector, hybrid, RankFusedIndex(lexical, vector)]


def embedder_named(spec: str) -> Embedder | None:
    """`none`, or whatever a knowledge base takes: `wordllama:256`, `openai:MODEL@URL`."""
    return None if spec == "none" else embedder_from(spec, settings=Settings())


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Over our own conversations: what is found, not how fast."""
    collections = read(OWN)[:2] if quick else read(OWN)
    with places.new().open() as store:
        setup = Setup(person=person(store), embedder=embedder_named(EMBEDDER))
        answers = {each.name: each for each in judge(collections, setup.indexes)}
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
