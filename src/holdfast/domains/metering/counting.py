"""Counting limits in Redis: how a call's transaction and its counters come to agree.

The ledger and the holds are in the database; a counter in Redis is a copy that may say more, never less:

1. before the transaction units are held in Redis; a reservation that does not fit is refused there (`take`);
2. in it, beside whoever else charges, it is checked that the count under which they were held is still the good one
   (its *epoch*); else nothing is committed and it begins again;
3. after it the hold is ended in Redis. Whoever dies in between leaves units held too long, which expire.

A counter that is not there, was built under another start of Redis, or is *behind* (something was charged that it could
not be told) counts for nothing: before anything passes it is built anew from the ledger and the open holds, while
nobody charges, under a new epoch (`recount`). So a Redis that lost its data loses nobody a unit.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import sleep
from uuid import UUID

from holdfast.core.clock import EPOCH
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import OutsideNeeded
from holdfast.core.errors import HoldfastError, Unavailable
from holdfast.core.ids import new_id
from holdfast.domains.metering import limit_queries as queries
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.counters import Asked, Away, Full, Stood, Unbuilt, counters_of
from holdfast.domains.metering.errors import CounterAway
from holdfast.domains.metering.recounting import recount
from holdfast.domains.metering.refusals import refusal_of

PASSING = timedelta(minutes=2)
"""For so long what is charged without a reservation is held in Redis, until its transaction has committed."""
PATIENCE = 50
"""So often a counter that others build at the same time is asked again."""
Place = tuple[UUID, datetime]


class Counting:
    """One call's units in Redis, through however many runs of its transaction."""

    def __init__(self, engine: Engine, tenant_id: UUID | None, moment: datetime, hold: UUID | None = None) -> None:
        self.engine = engine
        self.tenant_id = tenant_id
        self.moment = moment
        self.hold = hold or new_id()
        self.expires = moment + PASSING
        self.reclaim: Callable[[], int] = lambda: 0
        """Ends holds that expired, in a transaction of its own: how many."""
        self.away = False
        self._taken: dict[Place, tuple[Asked, Stood | None]] = {}

    def reserved(self, tx: Transaction, limits: Sequence[tuple[Applied, datetime, int]]) -> set[UUID]:
        """See that the units of a reservation are held, by counts that are good. Those limits that could not be asked,
        and let pass what is then counted afterwards. Raises `OutsideNeeded`.
        """
        asked = _with_counts(tx, [Asked(limit, period, units) for limit, period, units in limits])
        if not any(one.behind or not self._holds(one, exactly=True) for one in asked):
            return set()
        if not self.away:
            raise TakeNeeded(self, asked)
        fall_behind(tx, [one.limit.id for one in asked if not one.behind], self.moment)
        return {one.limit.id for one in asked}

    def charged(self, tx: Transaction, asked: Sequence[Asked]) -> dict[UUID, Stood]:
        """See that what is charged is held already; or is known to be missing, so that the counter is built anew before
        anything else passes. What was used and held before, as far as that is known. Raises `OutsideNeeded`.
        """
        told = [one for one in _with_counts(tx, asked) if not one.behind]
        missing = [one for one in told if not self._holds(one, exactly=False)]
        unbuilt = [one for one in missing if self._was_left(one)]
        if missing and not self.away and len(unbuilt) < len(missing):
            raise ChargeNeeded(self, told)
        if missing:
            fall_behind(tx, {one.limit.id for one in missing}, self.moment)
        stood = {one.limit.id: self._taken[one.place][1] for one in told if one.place in self._taken}
        return {limit_id: one for limit_id, one in stood.items() if one is not None}

    def end_afterwards(self, tx: Transaction, ended: Sequence[tuple[Place, dict[str, int]]]) -> None:
        """Once it is committed, end the hold: of each counter what was used. If Redis is away, it expires there."""
        if ended:
            tx.after_commit(lambda: self._finish(ended))

    def take(self, asked: Sequence[Asked]) -> None:
        """Hold units of every counter, or refuse. Raises `LimitExceeded`, `CounterAway`."""
        try:
            asked = self._up_to_date(asked)
            cleared, waits = False, 0
            for _ in range(PATIENCE):
                said = self._ask(asked, force=False)
                if isinstance(said, Unbuilt) and waits:
                    waits -= 1
                    sleep(0.005)
                elif isinstance(said, Unbuilt):
                    asked, own = self._recounted(asked, asked[said.at])
                    waits = 0 if own else 5
                elif isinstance(said, Full):
                    if not said.expired or cleared:
                        raise refusal_of(asked[said.at], said, self.moment)
                    cleared = True
                    self.reclaim()
                    asked, _ = self._recounted(asked, asked[said.at])
                else:
                    self._taken = {one.place: (one, stood) for one, stood in zip(asked, said, strict=True)}
                    return
            raise Away
        except Away:
            for one in asked:
                if one.limit.when_away != "allow":
                    raise CounterAway(one.limit.id) from None
            self.away = True

    def precharge(self, asked: Sequence[Asked]) -> None:
        """Hold what was used, whatever is left. A counter that cannot be told is noted in the transaction."""
        try:
            said = self._ask(asked, force=True)
        except Away:
            self.away = True
            return
        assert isinstance(said, list), "nothing is refused"
        self._taken |= {one.place: (one, stood) for one, stood in zip(asked, said, strict=True)}

    def undo(self, error: BaseException) -> None:
        """Give back what was held for a call that was refused. Whether others committed nobody knows: they expire."""
        if self._taken and isinstance(error, HoldfastError) and not isinstance(error, Unavailable):
            self._finish([(place, {}) for place in self._taken])

    @property
    def _tenant(self) -> UUID:
        assert self.tenant_id is not None, "limits are a tenant's"
        return self.tenant_id

    def _ask(self, asked: Sequence[Asked], *, force: bool) -> "list[Stood | None] | Unbuilt | Full":
        counters = counters_of(self.engine)
        if counters is None:
            raise Away
        return counters.take(self._tenant, self.hold, asked, moment=self.moment, expires=self.expires, force=force)

    def _finish(self, ended: Sequence[tuple[Place, dict[str, int]]]) -> None:
        counters = counters_of(self.engine)
        if counters is None:
            return
        try:
            counters.finish(self._tenant, self.hold, ended)
        except Away:
            return  # it expires there, and is then found out about

    def _up_to_date(self, asked: Sequence[Asked]) -> Sequence[Asked]:
        """Those that are behind built anew. Raises `Away`."""
        for one in asked:
            if one.behind:
                asked, _ = self._recounted(asked, one)
        return asked

    def _recounted(self, asked: Sequence[Asked], which: Asked) -> tuple[list[Asked], bool]:
        """The same, by the count that is good now; and whether it was made here. Raises `Away`."""
        epoch, own = recount(self.engine, self._tenant, which, self.moment)
        return [replace(one, epoch=epoch) if one.limit.id == which.limit.id else one for one in asked], own

    def _holds(self, one: Asked, *, exactly: bool) -> bool:
        taken, stood = self._taken.get(one.place, (None, None))
        if taken is None or stood is None or taken.epoch != one.epoch:
            return False
        same = taken.units == one.units and taken.limit.amount == one.limit.amount
        return same if exactly else taken.units >= one.units

    def _was_left(self, one: Asked) -> bool:
        """Whether the counter was asked under this count, and is not there."""
        taken, stood = self._taken.get(one.place, (None, None))
        return taken is not None and stood is None and taken.epoch == one.epoch


class TakeNeeded(OutsideNeeded):
    """Units have to be held in Redis before the transaction is run again."""

    def __init__(self, counting: Counting, asked: Sequence[Asked]) -> None:
        super().__init__("units of limits in Redis")
        self.counting = counting
        self.asked = asked

    def provide(self) -> None:
        """Raises `LimitExceeded`, `CounterAway`."""
        self.counting.take(self.asked)

    def undo(self, error: BaseException) -> None:
        """See `Counting.undo`."""
        self.counting.undo(error)


class ChargeNeeded(TakeNeeded):
    """What was used has to be held in Redis before the transaction is run again."""

    def provide(self) -> None:
        """Raises nothing: it has been used."""
        self.counting.precharge(self.asked)


def fall_behind(tx: Transaction, limits: Iterable[UUID], moment: datetime) -> None:
    """Note that counters were not told what this transaction charges: they count for nothing until built anew."""
    for limit_id in sorted(limits):
        tx.run(queries.fall_behind, {"limit_id": limit_id, "period": EPOCH, "moment": moment})


def _with_counts(tx: Transaction, asked: Sequence[Asked]) -> list[Asked]:
    """Each with the count that is good, as this transaction sees it."""
    counts: dict[UUID, tuple[int, datetime | None]] = {}
    for limit_id in {one.limit.id for one in asked}:
        counts[limit_id] = tx.first(queries.count_of, {"limit_id": limit_id, "period": EPOCH}) or (0, None)
    made = []
    for one in asked:
        epoch, behind_since = counts[one.limit.id]
        made.append(replace(one, epoch=epoch, behind=behind_since is not None))
    return made
