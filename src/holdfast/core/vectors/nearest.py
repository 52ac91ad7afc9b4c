"""The nearest vectors, among those that may be seen."""

from collections.abc import Collection
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.scope import NIL
from holdfast.core.vectors import queries
from holdfast.core.vectors.models import Found, VectorIndex
from holdfast.core.vectors.values import Numbers, normalised

MOST = 1_000
CANDIDATES = 300
"""On SQLite so many are compared exactly, at least: sets up to this size are searched exactly."""


def nearest(
    tx: Transaction,
    index: VectorIndex,
    vector: Numbers,
    *,
    k: int,
    levels: frozenset[str] | None,
    owner: UUID | None = None,
    within: Collection[UUID] | None = None,
    candidates: int | None = None,
) -> list[Found]:
    """The `k` items most like `vector`, best first, ties by id; fewer only where there are fewer. One statement.

    `levels`: only items of these, beside those without one, as far as the scope is cleared for them; None: all of its.
    `owner`: only what is theirs or nobody's own. `within`: only these items, compared one by one. Similarities are
    exact; which items are found is exact among up to 300 that match (2,000 on PostgreSQL), and nearly so among more.
    `candidates`: on SQLite so many are compared exactly; by default 300, or 30 for each of `k` if that is more. Raises
    `InvalidInput`, `VectorMismatch`, `InvalidVector`.
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
    query = queries.nearest if owner is None else queries.nearest_of_owner
    return tx.all(
        query,
        {
            **params,
            "code": direction,
            "dimension": index.dimension,
            "candidates": candidates or max(CANDIDATES, 30 * k),
        },
    )
