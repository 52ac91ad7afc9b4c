"""Sharing transactions on PostgreSQL: calls of one procedure that overlap are made together, by one of the callers.

A round trip, a commit and its fsync cost more than what an append writes. While one thread waits for the server the
others gather, and the next one makes the calls of all in one statement; a lone caller makes its own, as ever. What is
shared waits for no lock, so nobody is kept by another's slow conversation: who cannot be served at once calls alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

from holdfast.core.database.transaction import Call, Params, Procedure
from holdfast.core.database.turns import Turn, Turns
from holdfast.core.errors import Unavailable
from holdfast.core.policy import Reach
from holdfast.core.scope import Scope

MOST = 32
"""Callers in one transaction: bounds how long the first of them waits for the last."""
PATIENCE = 0.02
"""Seconds after which a caller whom nobody has taken along goes alone: one that leads may be waiting for a lock."""


class SharedCall(Turn):
    """One caller's call. Without a row once it is finished, it must be made alone."""

    __slots__ = ("call", "reach", "scope")

    def __init__(self, call: Call[Any], scope: Scope, reach: Reach) -> None:
        super().__init__()
        self.call = call
        self.scope = scope
        self.reach = reach


class SharedCalls(Turns[SharedCall]):
    """The calls of one procedure.

    `alone` makes one call and gives its row; `together` runs the statement for several: rows, or None where the server
    refused all and did nothing.
    """

    def __init__(
        self,
        procedure: Procedure[Any],
        *,
        alone: Callable[[SharedCall], Sequence[Any]],
        together: Callable[[Scope, Reach, Params], Sequence[Sequence[Any]] | None],
    ) -> None:
        super().__init__()
        assert procedure.together is not None
        self._shared = procedure.together
        self._alone = alone
        self._together = together

    def row(self, call: Call[Any], scope: Scope, reach: Reach) -> Sequence[Any]:
        """The procedure's row for one caller, once it is committed."""
        mine = SharedCall(call, scope, reach)
        if self._take(mine, patience=PATIENCE):
            found: Sequence[Any] | None = mine.outcome()
            if found is not None:
                return found
        return self._alone(mine)

    def _some(self, waiting: list[SharedCall]) -> list[SharedCall]:
        some: dict[Any, SharedCall] = {}
        for one in waiting[:MOST]:
            some.setdefault(one.call.params[self._shared.apart], one)
        return list(some.values())

    def _run(self, batch: list[SharedCall]) -> None:
        try:
            if len(batch) == 1:
                batch[0].result = self._alone(batch[0])
            else:
                self._make(batch)
        except Exception as error:  # noqa: BLE001  # raised again in each caller's own thread
            for one in batch:
                one.error = error
        except BaseException:
            for one in batch:
                one.error = Unavailable("this call was made together with another that was cut off; repeat it")
            raise
        finally:
            for one in batch:
                one.finished = True

    def _make(self, batch: list[SharedCall]) -> None:
        first = batch[0]
        rows = self._together(first.scope, first.reach, _lists(batch, self._shared.names))
        for row in rows or ():
            one = batch[row[0] - 1]
            one.result = self._shared.row(row, one.call.params)


def _lists(batch: list[SharedCall], names: Sequence[str]) -> Params:
    """Every parameter as the list of its values."""
    lists: dict[str, list[Any]] = {f"each_{name}": [one.call.params[name] for one in batch] for name in names}
    lists["each_tenant_id"] = [one.scope.tenant_id for one in batch]
    lists["each_actor_id"] = [one.scope.actor_id for one in batch]
    lists["each_reach"] = [one.reach for one in batch]
    return lists
