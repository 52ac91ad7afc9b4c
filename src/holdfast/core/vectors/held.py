"""The vectors worth a look, by codes held in memory: see `core.database.held_codes`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from holdfast.core.database import Transaction
from holdfast.core.database.sqlite_vectors import CELLS
from holdfast.core.database.vector_codes import code_of
from holdfast.core.vectors import queries
from holdfast.core.vectors.models import VectorIndex
from holdfast.core.vectors.storing import LEVELS


def likely(tx: Transaction, index: VectorIndex, asked: Mapping[str, Any]) -> Sequence[int] | None:
    """Which rows of the index's cells to look at; None where its codes are not held. `asked`: `nearest`'s parameters.

    Costs a statement where the engine has cells; where the codes are to be read first, one for each cell: 0.2 s for
    100,000.
    """
    if tx.codes is None:
        return None
    epoch = tx.all(queries.cells_epoch, {"index_id": index.id})
    if not epoch or epoch[0][0] is None:
        return None
    held = tx.codes.of(index.id, epoch[0][0], lambda: _by_cell(tx, index))
    if held is None:
        return None
    owners = [owner.bytes for owner in asked["owners"]] if "owners" in asked else None
    code = code_of(asked["code"])
    return held.likely(code, levels=asked["at_levels"], owners=owners, fewest=asked["fewest"], most=asked["candidates"])


def _by_cell(tx: Transaction, index: VectorIndex) -> Iterator[Sequence[Any]]:
    for cell in range(CELLS):
        if rows := tx.all(queries.codes_of_cell, {"index_id": index.id, "cell": cell, "at_levels": ["", *LEVELS]}):
            yield rows
