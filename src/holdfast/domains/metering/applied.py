"""A limit as it applies to some usage."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from holdfast.core.clock import EPOCH
from holdfast.domains.metering.periods import start_of


@dataclass(frozen=True)
class Applied:
    """A limit that applies. `counts_from`: what was before is not on its counter."""

    id: UUID
    subject: str
    subject_id: UUID
    measure: str
    per: str
    window_seconds: int
    amount: int
    counter: str
    when_away: str
    counts_from: datetime

    def period(self, at: datetime) -> datetime:
        """The period of its counter that a moment is in; of a rolling window there is one."""
        if self.per == "window":
            return EPOCH
        return start_of(at, "day" if self.per == "day" else "month")

    def counts(self, at: datetime) -> bool:
        """Whether what was used then is on its counter. What one in Redis counts of a day or month is the ledger's sum
        of it, whole.
        """
        return at >= self.counts_from or (self.is_in_redis and self.per != "window")

    @property
    def is_in_redis(self) -> bool:
        """Whether it is counted there."""
        return self.counter == "redis"
