"""Metering: record, reserve, settle, release; prices."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import as_utc, now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.domains.metering import ledger, prices, queries, reserving
from holdfast.domains.metering.checks import (
    Draft,
    check_count,
    check_id,
    check_label,
    check_money,
    check_usage,
)
from holdfast.domains.metering.errors import CostNeeded
from holdfast.domains.metering.holding import Holding
from holdfast.domains.metering.limiting import Limiting
from holdfast.domains.metering.models import HoldState, NewUsage, Price, Recorded, Settlement, UsageEvent, UsageOutcome

PriceList = list[Price]
_LONGEST_HOLD = timedelta(days=1)


class Metering(Limiting, Holding):
    """What was used, what it cost, and how much may be."""

    @action("metering.record", writes=True, recorded=False)
    def record(
        self,
        operation: str,
        *,
        model: str | None = None,
        provider: str | None = None,
        tokens: int | None = None,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        tokens_cached: int | None = None,
        cost: Decimal | None = None,
        latency_ms: int | None = None,
        outcome: UsageOutcome = "success",
        requests: int = 1,
        conversation: UUID | str | None = None,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        at: datetime | None = None,
        request_id: str | None = None,
    ) -> Work[UsageEvent]:
        """Keep what was used. It has been, so no limit refuses it; every limit that applies counts it.

        `tokens_in` includes `tokens_cached`; `tokens` alone where in and out are not known. Without `cost` it is what
        the tenant's own price, or the catalogue's, makes it at that time; where there is none it stays unknown. The
        same `request_id` again gives the first event. A time up to five minutes ahead is taken, and any in the past.
        Raises `WorkspaceNotFound`, `ConversationNotFound`, `UserNotFound`, `InvalidInput`.
        """
        given = NewUsage(
            operation=operation,
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
            workspace=check_id(workspace, "workspace"),
            user=check_id(user, "user"),
            at=at,
            request_id=request_id,
        )
        self._actor()
        moment = now()
        draft = check_usage(given, moment)
        listed = prices.listed_cost(draft)

        def work(tx: Transaction) -> UsageEvent:
            kept = ledger.record(tx, [draft], [listed], moment)
            return (kept.new or kept.before)[0]

        return work

    @action("metering.record", writes=True, recorded=False)
    def record_many(self, events: Iterable[NewUsage]) -> Work[Recorded]:
        """Keep many events in one transaction, all or none; each as `record` does. At most `Settings.batch`."""
        self._actor()
        if isinstance(events, (str, bytes)) or not isinstance(events, Iterable):
            raise InvalidInput(f"events: a list is needed, got {type(events).__name__}", field="events")
        moment = now()
        drafts = [check_usage(_as_new(event), moment) for event in events]
        if len(drafts) > self.settings.batch:
            raise InvalidInput(f"events: {len(drafts):,}, the limit is {self.settings.batch:,}", field="events")
        listed = [prices.listed_cost(draft) for draft in drafts]

        def work(tx: Transaction) -> Recorded:
            kept = ledger.record(tx, drafts, listed, moment)
            return Recorded(
                recorded=len(kept.new),
                replayed=len(drafts) - len(kept.new),
                tokens=sum(event.tokens for event in kept.new),
                cost=sum((event.cost or Decimal(0) for event in kept.new), Decimal(0)),
                unpriced=sum(event.cost is None for event in kept.new),
            )

        return work

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
        day at most); with `leased` it counts as used instead. Three statements for one limit. Raises `LimitExceeded`,
        with nothing reserved, `CostNeeded`, `WorkspaceNotFound`, `ConversationNotFound`, `InvalidInput`.
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
        listed = (
            None if draft.model is None else prices.listed_price(draft.model, draft.provider, moment, tokens_in=tokens)
        )

        def work(tx: Transaction) -> HoldState:
            ledger.check_places(tx, [draft])
            return reserving.reserve(tx, dict(row), _most_it_costs(draft, listed))

        return work

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
        the first settlement. A hold that expired is settled too, and `late`. Raises `HoldNotFound`, `HoldReleased`.
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
        keep = operation is None
        return lambda tx: reserving.settle(tx, hold_id, draft, listed, moment, keep_operation=keep)

    @action("metering.reserve", writes=True, recorded=False)
    def release(self, hold: UUID | str) -> Work[HoldState]:
        """Give back what is held: nothing was used. Again, or after it expired, it changes nothing.

        Raises `HoldNotFound`, `HoldSettled`.
        """
        hold_id, moment = as_id(hold, field="hold"), now()
        return lambda tx: reserving.release(tx, hold_id, moment)

    @action("metering.reserve", writes=True, recorded=False)
    def reclaim(self) -> Work[int]:
        """End up to a hundred holds that expired, and give back what they held: how many.

        Whoever finds a limit used up does it by themselves. Leases that were abandoned count as used; their takers, and
        those who administer the tenant, end them.
        """
        moment = now()
        return lambda tx: reserving.reclaim(tx, moment)

    @action("metering.set_price", writes=True, as_operator=True)
    def set_price(
        self,
        model: str,
        *,
        input: Decimal,  # what it is called everywhere
        output: Decimal,
        cached: Decimal | None = None,
        provider: str | None = None,
        since: datetime | None = None,
        tenant: str | None = None,
    ) -> Work[Price]:
        """Say what a million tokens of a model cost a tenant, in US dollars, from `since` on (now, unless given).

        It comes before the catalogue's. `cached`: tokens from the provider's cache, as `input` unless given. Events
        that were recorded keep the cost they have. Raises `InvalidInput`, `TenantNotFound`.
        """
        moment = now()
        into = check_money(input, field="input")
        row: dict[str, Any] = {
            "model": check_label(model, "model"),
            "provider": "" if provider is None else check_label(provider, "provider"),
            "since": moment if since is None else as_utc(since, field="since"),
            "input": into,
            "output": check_money(output, field="output"),
            "cached": into if cached is None else check_money(cached, field="cached"),
        }

        def work(tx: Transaction) -> Price:
            tenant_id = self._tenant(tx, tenant).id
            tx.run(queries.put_price, {**row, "in_tenant": tenant_id, "created_at": moment})
            tx.record("price", None, tenant_id=tenant_id, model=row["model"], provider=provider)
            return queries.as_price(tuple(row.values()))

        return work

    @action("metering.list_prices", writes=False, as_operator=True)
    def prices(self, *, tenant: str | None = None) -> Work[PriceList]:
        """The tenant's own prices, by model, provider and since when. Raises `TenantNotFound`."""

        def work(tx: Transaction) -> PriceList:
            tenant_id = self._tenant(tx, tenant).id
            return [queries.as_price(row) for row in tx.all(queries.prices_in, {"in_tenant": tenant_id})]

        return work

    def _hold_row(self, draft: Draft, moment: datetime, expires: timedelta, *, leased: bool) -> dict[str, Any]:
        if not isinstance(expires, timedelta) or not timedelta(0) < expires <= _LONGEST_HOLD:
            raise InvalidInput(f"expires: {expires!s:.40} is not from above 0 to a day", field="expires")
        return {
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

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: usage is a person's; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id


def _as_new(event: object) -> NewUsage:
    if not isinstance(event, NewUsage):
        raise InvalidInput(f"events: {type(event).__name__} is not a NewUsage", field="events")
    return event


def _most_it_costs(draft: Draft, listed: Price | None) -> Callable[[Transaction], Decimal]:
    """The most that what is reserved can cost, by the tenant's own price or the catalogue's. Raises `CostNeeded`."""

    def cost(tx: Transaction) -> Decimal:
        own = [queries.as_price(row) for row in tx.all(queries.own_prices_of, {"model": draft.model})]
        price = prices.own_price(own, draft.model, draft.provider, draft.at) or listed
        if price is None:
            raise CostNeeded(draft.model)
        return prices.dearest(price, draft.tokens.all)

    return cost
