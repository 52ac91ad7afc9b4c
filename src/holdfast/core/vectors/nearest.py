"""The nearest vectors, among those that may be seen."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.database.sqlite_vectors import CELLS
from holdfast.core.errors import InvalidInput
from holdfast.core.scope import NIL
from holdfast.core.vectors import queries
from holdfast.core.vectors.held import likely
from holdfast.core.vectors.models import Found, VectorIndex
from holdfast.core.vectors.values import Numbers, normalised

MOST = 1_000
FEW = 200
"""So many that match are all compared exactly, or ten for each of `k`; of more a quarter, as far as the effort goes."""


class Effort(NamedTuple):
    """How much of many vectors is looked at: on SQLite at most so many are compared exactly, or so many for each `k`,
    chosen by their codes, of the nearest so many cells of 128 where codes are not held in memory; on PostgreSQL a scan
    of an index keeps so many in view, and for each of `k`; half where it passes over nothing.
    """

    candidates: int
    for_each: int
    cells: int
    in_view: int
    in_view_for_each: int


WELL = Effort(candidates=500, for_each=30, cells=36, in_view=140, in_view_for_each=2)
"""Of the ten nearest of 100,000 hard vectors 0.96 to 1 are found, by how many may be seen (benchmarks/vectors.py)."""
ROUGHLY = Effort(candidates=240, for_each=2, cells=20, in_view=100, in_view_for_each=1)
"""Of the ten nearest 0.95 or more: for what is joined with what the words find, and asks for a hundred."""


def nearest(
    tx: Transaction,
    index: VectorIndex,
    vector: Numbers,
    *,
    k: int,
    levels: frozenset[str] | None,
    owner: UUID | None = None,
    within: Collection[UUID] | None = None,
    effort: Effort = WELL,
) -> list[Found]:
    """The `k` items most like `vector`, best first, ties by id; fewer only where there are fewer. One statement,
    on SQLite another where the nearest cells held too few.

    `levels`: only items of these, beside those without one, as far as the scope is cleared for them; None: all of its.
    `owner`: only what is theirs or nobody's own. `within`: only these items, compared one by one. Similarities are
    exact; which items are found is exact among up to 200 that match (2,000 on PostgreSQL), and nearly so among more, by
    `effort`. Raises `InvalidInput`, `VectorMismatch`, `InvalidVector`.
    """
    if not 1 <= k <= MOST:
        raise InvalidInput(f"k: {k!r} is not between 1 and {MOST}", field="k")
    direction, cleared = normalised(index, vector), tx.scope.levels
    params = {
        "index_id": index.id,
        "vector": direction,
        "at_levels": ["", *sorted(cleared if levels is None else cleared & levels)],
        "k": k,
    }
    if owner is not None:
        params["owners"] = [NIL, owner]
    if within is not None:
        query = queries.nearest_within if owner is None else queries.nearest_within_of_owner
        return tx.all(query, {**params, "item_ids": list(within)})
    params |= {"code": direction, "dimension": index.dimension, "cells": effort.cells, "fewest": max(FEW, 10 * k)}
    least, each = effort.candidates, effort.for_each
    if not tx.has_cells:
        least, each = effort.in_view, effort.in_view_for_each
    params["candidates"] = max(least, each * k)
    if (numbers := likely(tx, index, params)) is not None:
        query = queries.nearest_held if owner is None else queries.nearest_held_of_owner
        found = tx.all(query, {**params, "likely": numbers})
        if len(found) == k:
            return found
    query = queries.nearest if owner is None else queries.nearest_of_owner
    found = tx.all(query, params)
    if tx.has_cells and len(found) < k:
        return tx.all(query, {**params, "cells": CELLS})
    return found
