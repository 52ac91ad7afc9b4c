"""What can go wrong in metering."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from holdfast.core.errors import Conflict, HoldfastError, NotFound, Unavailable


class LimitExceeded(HoldfastError):
    """There is not so much left of a limit. Nothing was reserved, of this limit or another.

    `limit_id`, `measure`, `amount`, `left`, `wanted`; `resets_at`: when there is more, as far as that is known, and
    `retry_after` the seconds until then.
    """

    code = "limit_exceeded"
    status = 429

    def __init__(
        self,
        *,
        limit_id: UUID,
        measure: str,
        whose: str,
        per: str,
        amount: int | Decimal,
        left: int | Decimal,
        wanted: int | Decimal,
        resets_at: datetime,
        retry_after: int,
    ) -> None:
        when = f"{resets_at:%Y-%m-%dT%H:%M:%SZ}"
        super().__init__(
            f"the limit of {amount:,} {_UNITS[measure]} per {per} of this {whose} has {left:,} left, {wanted:,} were "
            f"asked for; nothing was reserved. Ask for less, wait until {when}, or have limit {limit_id} raised"
        )
        self.limit_id = limit_id
        self.measure = measure
        self.amount = amount
        self.left = left
        self.wanted = wanted
        self.resets_at = resets_at
        self.retry_after = retry_after


_UNITS = {"tokens": "tokens", "requests": "requests", "money": "US dollars"}


class CounterAway(Unavailable):
    """The Redis in which a limit is counted does not answer, and the limit lets nothing pass meanwhile. Nothing was
    reserved.
    """

    code = "counter_away"

    def __init__(self, limit_id: UUID) -> None:
        super().__init__(
            f"limit {limit_id} is counted in Redis, which does not answer; nothing was reserved. Repeat the call when "
            "it does, or set the limit with when_away='allow'"
        )
        self.limit_id = limit_id


class LimitNotFound(NotFound):
    """There is no such limit, or it ended, or it is not the caller's to change."""

    code = "limit_not_found"

    def __init__(self, limit_id: UUID) -> None:
        super().__init__(f"limit {limit_id} is not there, or was set by the platform; metering.limits() lists them")
        self.limit_id = limit_id


class HoldNotFound(NotFound):
    """There is no such hold, or it is somebody else's."""

    code = "hold_not_found"

    def __init__(self, hold_id: UUID) -> None:
        super().__init__(f"hold {hold_id} is not there; metering.reserve(…) makes one")
        self.hold_id = hold_id


class HoldReleased(Conflict):
    """The hold was released, so there is nothing to settle."""

    code = "hold_released"

    def __init__(self, hold_id: UUID) -> None:
        super().__init__(f"hold {hold_id} was released; metering.record(…) keeps what was used all the same")
        self.hold_id = hold_id


class HoldSettled(Conflict):
    """The hold was settled, so there is nothing to release."""

    code = "hold_settled"

    def __init__(self, hold_id: UUID) -> None:
        super().__init__(f"hold {hold_id} was settled; what it charged is in the ledger, under the hold's id")
        self.hold_id = hold_id


class PriceUnknown(NotFound):
    """Nobody knows what the model costs."""

    code = "price_unknown"

    def __init__(self, model: str, provider: str | None) -> None:
        of = "" if provider is None else f" of {provider!r:.80}"
        super().__init__(f"the price of {model!r:.80}{of} is not known; metering.set_price(…) says it")
        self.model = model


class CostNeeded(Conflict):
    """A limit on money applies, and nobody knows what the call may cost. Nothing was reserved."""

    code = "cost_needed"

    def __init__(self, model: str | None) -> None:
        said = "no model was named" if model is None else f"the price of {model!r:.80} is not known"
        super().__init__(f"a limit on money applies, and {said}; give cost=…, or the price with metering.set_price(…)")
        self.model = model
