"""Finding configurations by their words, and by their shape.

Both look at current versions. What is open to the tenant is in one place of the text index and has a vector; what is
private has a place of its own there, and no vector: its shape is worked out when somebody who may read it asks.
"""

from typing import Any
from uuid import UUID

from holdfast.core import lexical, vectors
from holdfast.core.database import Transaction
from holdfast.core.scope import NIL
from holdfast.core.vectors import VectorIndex
from holdfast.domains.configurations import queries
from holdfast.domains.configurations.addresses import Address
from holdfast.domains.configurations.shapes import DIMENSION, EMBEDDER, shape_of
from holdfast.domains.configurations.stored import Stored

PURPOSE = "configurations"
MOST_PRIVATE = 50
"""So many private configurations of a person are looked through, those changed last."""


def put(tx: Transaction, stored: Stored, document: object, *, new: bool) -> None:
    """Let the current version be found, in place of the one before."""
    if not new:
        remove(tx, stored.id)
    if stored.visibility == "tenant":
        shape = shape_of(document)
        if shape is not None:
            vectors.store(tx, _index(tx), [(stored.id, None, None, shape)])
    about = NIL if stored.visibility == "tenant" else stored.id
    lexical.put(tx, PURPOSE, about, [lexical.Entry(stored.id, None, None, text_of(stored.address, document))])


def remove(tx: Transaction, configuration_id: UUID) -> None:
    """Let it be found no more."""
    lexical.remove(tx, [configuration_id])
    vectors.remove(tx, [configuration_id])


def by_words(tx: Transaction, question: lexical.Question, k: int) -> list[tuple[Stored, float]]:
    """The best `k` for a question, best first."""
    abouts = [NIL, *(one.id for one in _private(tx))]
    hits = lexical.search(tx, question, purpose=PURPOSE, abouts=abouts, k=k)
    return _with(tx, {hit.item_id: hit.score for hit in hits})


def by_shape(tx: Transaction, stored: Stored, document: object, k: int, above: float) -> list[tuple[Stored, float]]:
    """Those whose shape is most like a document's, best first: the cosine above a bound."""
    shape = shape_of(document)
    if shape is None:
        return []
    found = vectors.nearest(tx, _index(tx), shape, k=k + 1, levels=None)
    cosines = {hit.item_id: hit.similarity for hit in found}
    for other in _private(tx):
        version = tx.first(
            queries.version_of, {"configuration_id": other.id, "branch": "main", "version": other.version}
        )
        theirs = None if version is None else shape_of(version.parsed())
        if theirs is not None:
            cosines[other.id] = sum(a * b for a, b in zip(shape, theirs, strict=True))
    cosines.pop(stored.id, None)
    return _with(tx, {one: cosine for one, cosine in cosines.items() if cosine > above})[:k]


def text_of(address: Address, document: object) -> str:
    """The words of a configuration: of its address, of the names and values in it, each text once."""
    found = dict.fromkeys(address)
    _collect(found, document)
    return " ".join(found)


def _collect(found: dict[str, None], value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            found[name] = None
            _collect(found, inner)
    elif isinstance(value, list):
        for inner in value:
            _collect(found, inner)
    elif value is not None and not isinstance(value, bool):
        found[str(value)] = None


def _private(tx: Transaction) -> list[Stored]:
    return tx.all(queries.private_ones, {"limit": MOST_PRIVATE})


def _with(tx: Transaction, scores: dict[UUID, float]) -> list[tuple[Stored, float]]:
    """The configurations that the scope may read, best first."""
    rows = {row.id: row for row in tx.all(queries.listed, {"ids": list(scores)})} if scores else {}
    ordered = sorted(scores, key=lambda one: (-scores[one], one))
    return [(rows[one], scores[one]) for one in ordered if one in rows]


def _index(tx: Transaction) -> VectorIndex:
    """The tenant's index of shapes, made when it is first needed."""
    found = vectors.active_index(tx, purpose=PURPOSE)
    if found is None:
        tx.all(queries.wait_for_turn, {"turn": f"shapes of configurations {tx.tenant_id}"})
        found = vectors.active_index(tx, purpose=PURPOSE)
    if found is None:
        made = {"embedder": EMBEDDER, "dimension": DIMENSION}
        found = vectors.create_index(tx, purpose=PURPOSE, state="active", **made)  # type: ignore[arg-type]  # as named
    return found
