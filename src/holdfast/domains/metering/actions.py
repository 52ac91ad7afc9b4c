"""Metering: reserve, settle, release."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Call, Recorded, Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.policy import allow
from holdfast.domains.metering import at_once, ledger, prices, queries, reserving, settling
from holdfast.domains.metering.applying import turn_of
from holdfast.domains.metering.checks import (
    Draft,
    check_count,
    check_id,
    check_usage,
)
from holdfast.domains.metering.errors import CostNeeded
from holdfast.domains.metering.holding import Holding
from holdfast.domains.metering.models import HoldState, NewUsage, Price, Settlement, UsageOutcome
from holdfast.domains.metering.recording import Recording

_LONGEST_HOLD = timedelta(days=1)
_UNRECORDED = Recorded()
"""Neither leaves a line in the trail."""


class Metering(Recording, Holding):
    """What was used, what it cost, and how much may be."""

    @action("metering.reserve", writes=True, recorded=False)
    def hold(
        self,
        *,
        tokens: int = 0,
        requests: int = 1,
        cost: Decimal | None = None,
        model: str | None = None,
        provider: str | None = None,
        operation: str = "call",
        workspace: UUID | str | None = None,
        conversation: UUID | str | None = None,
        expires: timedelta = timedelta(minutes=5),
        leased: bool = False,
    ) -> Work[HoldState]:
        """Take units out of every limit that applies to the caller and the workspace, all of them or none.

        `tokens`: the most the call may use. For a limit on money: `cost`, or a `model` whose price is known, which
        makes it the most that so many tokens can cost. What nobody settles or releases comes back after `expires` (a
        day at most); with `leased` it counts as used instead. Three statements for one limit; on PostgreSQL one round
        trip for any number of plain ones. Of limits in Redis a round trip there between two transactions. Raises
        `LimitExceeded`, with nothing reserved, `CounterAway` (a limit is counted in Redis, which does not answer),
        `CostNeeded`, `WorkspaceNotFound`, `ConversationNotFound`, `InvalidInput`.
        """
        moment = now()
        draft = check_usage(
            NewUsage(
                operation=operation,
                tokens=tokens,
                requests=requests,
                cost=cost,
                model=model,
                provider=provider,
                workspace=check_id(workspace, "workspace"),
                conversation=check_id(conversation, "conversation"),
            ),
            moment,
        )
        row = self._hold_row(draft, moment, expires, leased=leased)
        counting = self._counting(moment, row["id"])
        counting.expires, counting.reclaim = row["expires_at"], lambda: self._reclaim(moment)
        listed = (
            None if draft.model is None else prices.listed_price(draft.model, draft.provider, moment, tokens_in=tokens)
        )

        def work(tx: Transaction) -> HoldState:
            ledger.check_places(tx, [draft])
            return reserving.reserve(tx, dict(row), _most_it_costs(draft, listed), counting)

        return Call(at_once.hold_units, row, about=_UNRECORDED, before=_check_places(draft), otherwise=work)

    @action("metering.reserve", writes=True, recorded=False)
    def settle(
        self,
        hold: UUID | str,
        *,
        tokens: int | None = None,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        tokens_cached: int | None = None,
        model: str | None = None,
        provider: str | None = None,
        cost: Decimal | None = None,
        latency_ms: int | None = None,
        outcome: UsageOutcome = "success",
        requests: int = 1,
        operation: str | None = None,
        conversation: UUID | str | None = None,
    ) -> Work[Settlement]:
        """Charge what was used and keep it as an event; give back the rest of what was held.

        More than was held is charged all the same, and reported (`over_tokens`, `over_cost`, `exceeded`): it has been
        used. Where a limit on money was held and the cost is not known, what was held is charged. Repeating it gives
        the first settlement. A hold that expired is settled too, and `late`. Five statements for one limit, one more
        for each other; on PostgreSQL one round trip where it is plain. Raises `HoldNotFound`, `HoldReleased`.
        """
        hold_id, moment = as_id(hold, field="hold"), now()
        given = NewUsage(
            operation="call" if operation is None else operation,
            model=model,
            provider=provider,
            tokens=tokens,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            tokens_cached=tokens_cached,
            cost=cost,
            latency_ms=latency_ms,
            outcome=outcome,
            requests=requests,
            conversation=check_id(conversation, "conversation"),
        )
        draft = check_usage(given, moment)
        listed = prices.listed_cost(draft)
        keep, counting = operation is None, self._counting(moment, hold_id)
        plain = ledger.plain_row(self.scope, draft, listed, moment)

        def work(tx: Transaction) -> Settlement:
            return settling.settle(
                tx, hold_id, draft, listed, moment, plain=plain, keep_operation=keep, counting=counting
            )

        row = {**plain, "id": hold_id, "moment": moment, "turn": turn_of(self.scope.tenant_id)}
        if keep:
            row["operation"] = None
        return Call(at_once.settle_units, row, about=_UNRECORDED, before=_check_places(draft), otherwise=work)

    @action("metering.reserve", writes=True, recorded=False)
    def release(self, hold: UUID | str) -> Work[HoldState]:
        """Give back what is held: nothing was used. Again, or after it expired, it changes nothing.

        Raises `HoldNotFound`, `HoldSettled`.
        """
        hold_id, moment = as_id(hold, field="hold"), now()
        counting = self._counting(moment, hold_id)
        return lambda tx: reserving.release(tx, hold_id, moment, counting)

    @action("metering.reserve", writes=True, recorded=False)
    def reclaim(self) -> Work[int]:
        """End up to a hundred holds that expired, and give back what they held: how many.

        Whoever finds a limit used up does it by themselves. Leases that were abandoned count as used; their takers, and
        those who administer the tenant, end them.
        """
        moment = now()
        return lambda tx: reserving.reclaim(tx, moment, self.engine)

    def _reclaim(self, moment: datetime) -> int:
        reach, count = allow(self.scope, "metering.reserve", writes=True), 0
        while some := self.engine.write(self.scope, reach, lambda tx: reserving.reclaim(tx, moment, self.engine)):
            count += some
            if some < reserving.RECLAIMED_AT_ONCE:
                break
        return count

    def _hold_row(self, draft: Draft, moment: datetime, expires: timedelta, *, leased: bool) -> dict[str, Any]:
        if not isinstance(expires, timedelta) or not timedelta(0) < expires <= _LONGEST_HOLD:
            raise InvalidInput(f"expires: {expires!s:.40} is not from above 0 to a day", field="expires")
        return {
            "id": new_id(),
            "user_id": self._actor(),
            "workspace_id": draft.workspace_id,
            "conversation_id": draft.conversation_id,
            "credential_id": self.scope.credential_id,
            "operation": draft.operation,
            "requests": check_count(draft.requests, field="requests"),
            "tokens": draft.tokens.all,
            "cost": draft.cost,
            "leased": int(leased),
            "reserved_at": moment,
            "expires_at": moment + expires,
        }


def _check_places(draft: Draft) -> Callable[[Transaction], None] | None:
    """What has to be looked at first, if anything."""
    if draft.workspace_id is None and draft.conversation_id is None:
        return None
    return lambda tx: ledger.check_places(tx, [draft])


def _most_it_costs(draft: Draft, listed: Price | None) -> Callable[[Transaction], Decimal]:
    """The most that what is reserved can cost, by the tenant's own price or the catalogue's. Raises `CostNeeded`."""

    def cost(tx: Transaction) -> Decimal:
        own = [queries.as_price(row) for row in tx.all(queries.own_prices_of, {"model": draft.model})]
        price = prices.own_price(own, draft.model, draft.provider, draft.at) or listed
        if price is None:
            raise CostNeeded(draft.model)
        return prices.dearest(price, draft.tokens.all)

    return cost
