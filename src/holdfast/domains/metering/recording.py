"""Recording what was used, one event or many."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.domains.metering import ledger, prices
from holdfast.domains.metering.checks import check_id, check_usage
from holdfast.domains.metering.counting import Counting
from holdfast.domains.metering.models import NewUsage, Recorded, UsageEvent, UsageOutcome
from holdfast.domains.metering.pricing import Pricing


class Recording(Pricing):
    """Operations on the ledger."""

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
        listed, counting = prices.listed_cost(draft), self._counting(moment)

        def work(tx: Transaction) -> UsageEvent:
            kept = ledger.record(tx, [draft], [listed], moment, counting)
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
        listed, counting = [prices.listed_cost(draft) for draft in drafts], self._counting(moment)

        def work(tx: Transaction) -> Recorded:
            kept = ledger.record(tx, drafts, listed, moment, counting)
            return Recorded(
                recorded=len(kept.new),
                replayed=len(drafts) - len(kept.new),
                tokens=sum(event.tokens for event in kept.new),
                cost=sum((event.cost or Decimal(0) for event in kept.new), Decimal(0)),
                unpriced=sum(event.cost is None for event in kept.new),
            )

        return work

    def _counting(self, moment: datetime, hold: UUID | None = None) -> Counting:
        return Counting(self.engine, self.scope.tenant_id, moment, hold)

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: usage is a person's; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id


def _as_new(event: object) -> NewUsage:
    if not isinstance(event, NewUsage):
        raise InvalidInput(f"events: {type(event).__name__} is not a NewUsage", field="events")
    return event
