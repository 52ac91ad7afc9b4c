"""Search by meaning: the question's vectors, which no transaction waits for, and the chunks that are near them."""

from collections.abc import Mapping, Sequence

from holdfast.core import vectors
from holdfast.core.database import Transaction
from holdfast.core.embedders import Embedders, Vector
from holdfast.core.errors import HoldfastError
from holdfast.core.fusion import CANDIDATES
from holdfast.core.questions import Asked
from holdfast.core.results import WantedMode
from holdfast.core.vectors import Found, VectorIndex
from holdfast.domains.knowledge import outside
from holdfast.domains.knowledge.ingest import PURPOSE
from holdfast.domains.knowledge.models import KnowledgeBase
from holdfast.domains.knowledge.outside import Outside
from holdfast.domains.knowledge.passing import Passing

MOST_NEAREST = 1_000


def active(tx: Transaction, bases: Sequence[KnowledgeBase]) -> dict[KnowledgeBase, VectorIndex]:
    """The indexes that are searched of bases with an embedder. One statement, none where no base has one."""
    wanted = {base.id: base for base in bases if base.embedder is not None}
    if not wanted:
        return {}
    alone = next(iter(wanted)) if len(wanted) == 1 else None
    found = vectors.indexes(tx, purpose=PURPOSE, about=alone)
    return {wanted[one.about]: one for one in found if one.state == "active" and one.about in wanted}


def needed(embedders: Embedders, indexes: Mapping[KnowledgeBase, VectorIndex]) -> tuple[dict[str, str], list[str]]:
    """The embedders to ask, each recorded text by the name its vectors have; and what is to be said of the others."""
    ask, notes = {}, []
    for base, index in indexes.items():
        assert base.embedder is not None, "those without have no index"
        try:
            pair = embedders.find(base.embedder)
        except HoldfastError as error:
            notes.append(f"{base.name}: searched by words alone; {error}")
            continue
        if pair.name == index.embedder:
            pair.expect(index.dimension)
            ask[pair.name] = base.embedder
        else:
            notes.append(
                f"{base.name}: searched by words alone; its vectors are of {index.embedder}, not of {pair.name}"
            )
    return ask, notes


def without(
    wanted: WantedMode, bases: Sequence[KnowledgeBase], indexes: Mapping[KnowledgeBase, VectorIndex], asked: Asked
) -> list[str]:
    """What is to be said of bases whose embedder gave nothing, and of those that have no vectors where that matters."""
    notes = [
        f"{base.name}: {asked.notes[one.embedder]}" for base, one in indexes.items() if one.embedder in asked.notes
    ]
    for base in bases:
        if base not in indexes and wanted != "lexical" and (base.embedder is not None or wanted != "auto"):
            why = "no passage has a vector yet" if base.embedder is not None else "it has no embedder"
            notes.append(f"{base.name}: searched by words alone; {why}")
    return notes


def nearest(
    tx: Transaction, indexes: Mapping[KnowledgeBase, VectorIndex], asked: Asked, passing: Passing, *, k: int
) -> tuple[list[tuple[Found, float]], list[str], bool]:
    """The chunks nearest to a question, each with what unrelated ones of its model have in common; notes; and whether
    an outside index should be asked for more.

    One statement for each index; with filters that leave more than 2,000 chunks, up to four.
    """
    by_embedder: dict[str, list[Found]] = {}
    notes: list[str] = []
    short = False
    for base, index in indexes.items():
        vector = asked.vectors.get(index.embedder)
        if vector is None:
            continue
        if len(vector) != index.dimension:
            notes.append(
                f"{base.name}: searched by words alone; {index.embedder} makes vectors of {len(vector)} numbers now, "
                f"and made its vectors of {index.dimension}"
            )
        elif base.index is not None:
            said: Outside = asked.outside or outside.NOTHING
            near = said.near.get(index.id, ())
            kept = passing.of(tx, outside.seen(tx, index, near))
            short |= len(kept) < k and len(near) >= said.size > 0
            by_embedder.setdefault(index.embedder, []).extend(kept[: max(k, CANDIDATES)])
        else:
            by_embedder.setdefault(index.embedder, []).extend(_of_index(tx, index, vector, passing, k, notes))
    found = []
    for some in by_embedder.values():
        floor = min((one.similarity for one in some), default=0.0)
        found += [(one, floor) for one in some]
    return found, notes, short


def _of_index(
    tx: Transaction, index: VectorIndex, vector: Vector, passing: Passing, k: int, notes: list[str]
) -> list[Found]:
    levels, most = tx.scope.levels, max(k, CANDIDATES)
    if passing.few is not None:
        return vectors.nearest(tx, index, vector, k=most, levels=levels, within=passing.few) if passing.few else []
    for size in (most, MOST_NEAREST):
        found = vectors.nearest(tx, index, vector, k=size, levels=levels, effort=vectors.ROUGHLY)
        kept = passing.of(tx, found)
        if len(kept) >= k or len(found) < size:
            return kept[:most]
    if passing.many is not None:
        return vectors.nearest(tx, index, vector, k=most, levels=levels, within=passing.many)
    notes.append(f"the filter was applied to the {MOST_NEAREST:,} nearest passages")
    return kept[:most]
