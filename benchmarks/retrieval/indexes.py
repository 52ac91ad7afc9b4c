"""What is judged: ways to find passages, behind one small interface, so that another can be put in their place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import mul
from typing import Protocol
from uuid import UUID

from sqlcipher3 import dbapi2 as sqlite

from benchmarks.retrieval.preparing import WINDOW, indexed, neighbours, strip_names, windowed
from benchmarks.retrieval.samples import Passage
from holdfast.core import lexical
from holdfast.core.embedders import Embedder, Vector
from holdfast.core.errors import InvalidInput
from holdfast.core.fusion import CANDIDATES, WEIGHT, fuse
from holdfast.core.ids import new_id
from holdfast.scopes import UserScope

Ranked = list[tuple[str, float]]
"""Ids of passages and their scores, best first."""
PURPOSE = "retrieval"
MOST_CHARS = 4_000
_WORD = re.compile(r"\w+")


class Index(Protocol):
    """One collection, searched in one way."""

    name: str

    def add(self, passages: Sequence[Passage]) -> None:
        """All passages of the collection, in order; once."""
        ...

    def search(self, question: str, k: int) -> Ranked: ...


class PlainIndex:
    """What a first attempt comes to: FTS5 as it is, every word of the question, best BM25 first."""

    name = "plain BM25"

    def __init__(self) -> None:
        self._connection = sqlite.connect(":memory:")
        self._connection.execute("CREATE VIRTUAL TABLE passages USING fts5(id UNINDEXED, body)")

    def add(self, passages: Sequence[Passage]) -> None:
        self._connection.executemany("INSERT INTO passages VALUES (?, ?)", [(each.id, each.text) for each in passages])

    def search(self, question: str, k: int) -> Ranked:
        query = " OR ".join(f'"{word}"' for word in _WORD.findall(question))
        if not query:
            return []
        found = self._connection.execute(
            "SELECT id, -bm25(passages) AS score FROM passages WHERE passages MATCH ? ORDER BY score DESC, id LIMIT ?",
            (query, k),
        )
        return list(found)


@dataclass
class LexicalIndex:
    """Ours: stems, no common words in the question, and neighbours that count less."""

    person: UserScope
    """In whose store it is, on either engine."""
    window: int = WINDOW
    name: str = "lexical"
    _about: UUID = field(default_factory=new_id, init=False)
    _names: dict[UUID, str] = field(default_factory=dict, init=False)

    def add(self, passages: Sequence[Passage]) -> None:
        entries = []
        for session in _sessions(passages):
            texts = [passage.text for passage in session]
            for place, passage in enumerate(session):
                text = indexed(said(passage), neighbours(texts, place, self.window))
                entries.append(lexical.Entry(new_id(), None, None, text))
                self._names[entries[-1].item_id] = passage.id
        scope, engine = self.person.scope, self.person.conversations.engine
        engine.write(scope, "own", lambda tx: lexical.put(tx, PURPOSE, self._about, entries))

    def search(self, question: str, k: int) -> Ranked:
        try:
            asked = lexical.parse_question(question, most_chars=MOST_CHARS)
        except InvalidInput:  # not a word in it
            return []
        scope, engine = self.person.scope, self.person.conversations.engine
        found = engine.read(
            scope, "own", lambda tx: lexical.search(tx, asked, purpose=PURPOSE, abouts=[self._about], k=k)
        )
        return [(self._names[each.item_id], each.score) for each in found]


@dataclass
class VectorIndex:
    """Every vector compared, so that nothing but the embedder is judged. Remembers what it found."""

    embedder: Embedder
    window: int = 0
    keep_names: bool = False
    name: str = "vector"
    _vectors: list[tuple[str, Vector]] = field(default_factory=list, init=False)
    _names: set[str] = field(default_factory=set, init=False)
    _found: dict[str, Ranked] = field(default_factory=dict, init=False)

    def add(self, passages: Sequence[Passage]) -> None:
        self._names.update(passage.speaker for passage in passages if passage.speaker and not self.keep_names)
        for session in _sessions(passages):
            texts = windowed([passage.text for passage in session], self.window)
            embedded = self.embedder.embed(texts, kind="document")
            self._vectors += [(passage.id, vector) for passage, vector in zip(session, embedded, strict=True)]

    def search(self, question: str, k: int) -> Ranked:
        if question not in self._found:
            [asked] = self.embedder.embed([strip_names(question, self._names)], kind="query")
            found = [(id, sum(map(mul, asked, vector))) for id, vector in self._vectors]
            self._found[question] = sorted(found, key=lambda each: (-each[1], each[0]))
        return self._found[question][:k]


@dataclass
class HybridIndex:
    """Both, fused. It searches indexes that are filled already, so that they need not be filled twice."""

    lexical: Index
    vector: Index
    weight: float = WEIGHT
    candidates: int = CANDIDATES
    name: str = "hybrid"

    def add(self, passages: Sequence[Passage]) -> None:
        """Nothing: the two have them."""

    def search(self, question: str, k: int) -> Ranked:
        sides = (index.search(question, self.candidates) for index in (self.lexical, self.vector))
        return [(found.id, found.score) for found in fuse(*sides, weight=self.weight, k=k)]


@dataclass
class RankFusedIndex:
    """Reciprocal ranks, the usual default, to see what the scores are worth."""

    lexical: Index
    vector: Index
    constant: int = 60
    name: str = "reciprocal ranks"

    def add(self, passages: Sequence[Passage]) -> None:
        """Nothing: the two have them."""

    def search(self, question: str, k: int) -> Ranked:
        sums: dict[str, float] = {}
        for index in (self.lexical, self.vector):
            for rank, (id, _) in enumerate(index.search(question, CANDIDATES), 1):
                sums[id] = sums.get(id, 0.0) + 1 / (self.constant + rank)
        return sorted(sums.items(), key=lambda each: (-each[1], each[0]))[:k]


def _sessions(passages: Sequence[Passage]) -> list[list[Passage]]:
    return [list(session) for _, session in groupby(passages, key=lambda passage: passage.session)]


def said(passage: Passage) -> str:
    """With who said it: questions name people."""
    return f"{passage.speaker}: {passage.text}" if passage.speaker else passage.text
