"""Weighted picks: who may pick, and from which pool."""

from collections.abc import Mapping
from functools import cached_property

from holdfast.core.action import action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput, PermissionDenied
from holdfast.core.pages import check_limit
from holdfast.core.policy import allow
from holdfast.core.scope import Scope
from holdfast.domains.records import picking
from holdfast.domains.records.access import find_source
from holdfast.domains.records.finding import RecordFinding
from holdfast.domains.records.models import Record

MOST_PICKED = 10_000


_NONE: tuple[Scope | None, str, picking.Pool | None] = (None, "", None)


class RecordPicks(RecordFinding):
    """Picks; see `Records`."""

    _last = _NONE
    """Who picked last, from what, and its pool."""

    @composite
    def pick(
        self, name: str, *, where: Mapping[str, object] | None = None, n: int = 1, seed: int | None = None
    ) -> list[Record]:
        """`n` records, each drawn anew with the share of its weight among those that the filter lets through.

        Exact, from memory: the set is read at the first pick, then a pick takes microseconds. What this process changes
        counts at once, what others change after a second at the latest (`pick_seconds`). The same seed gives the same
        from the same records, wherever they are stored. Of a set that another tenant shares each call asks the database
        once whether it still does. Raises `SetNotFound`, `InvalidFilter`, `NothingToPick`,
        `TooManyToPick`, `InvalidInput` where the set has no `weight`.
        """
        if n != 1 or type(n) is not int:
            check_limit(n, MOST_PICKED, field="n")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise InvalidInput(f"seed: {seed!r:.40} is no whole number", field="seed")
        pool = self._pool_at_hand(name)
        return (pool or self._pool(name)).pick(where, n, seed)

    @cached_property
    def _pools(self) -> picking.Pools:
        return picking.pools_of(self.engine)

    def _pool_at_hand(self, name: str) -> picking.Pool | None:
        """The pool, where it is known and the scope may use it; who may not is refused by `_pool`, which records it.

        What was found for a scope and a name is kept for the next call: a pool that another took the place of, or that
        nobody keeps any more, is not known.
        """
        scope = self.access.checked()
        held, named, pool = self._last
        if scope is not held or name != named:
            try:
                allow(scope, "records.read", writes=False)
            except PermissionDenied:
                return None
            pool = self._pools.get(scope.tenant_id, name, scope.levels)
            self._last = (scope, name, pool) if pool is not None else _NONE
        if pool is not None and pool.is_known:
            return pool
        self._last = _NONE
        return None

    @action("records.read", writes=False)
    def _pool(self, name: str) -> Work[picking.Pool]:
        pools, limits = self._pools, self.settings
        told = pools.told

        def work(tx: Transaction) -> picking.Pool:
            source = find_source(tx, name, self.engine)
            of = source.of
            if of.weight is None:
                raise InvalidInput(f"name: record set {of.name!r:.200} has no weight path; define one", field="name")
            before = pools.get(tx.tenant_id, of.name, source.levels)
            seconds = limits.pick_seconds if of.owner is None else 0.0
            pool = picking.brought_up(tx, before, source, most=limits.pick_records, seconds=seconds)
            pools.keep(tx.tenant_id, pool, source.levels, told=told, most=limits.pick_sets)
            return pool

        return work
