"""What callers give to metering and get from it. Money is in US dollars, a Decimal."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

UsageOutcome = Literal["success", "error", "cancelled"]
OUTCOMES: tuple[UsageOutcome, ...] = ("success", "error", "cancelled")
PricedBy = Literal["given", "tenant", "catalogue", "reserved", "unknown"]
"""Where a cost comes from: the caller, a price of the tenant's, genai-prices, what had been reserved, or nowhere."""
Measure = Literal["tokens", "requests", "money"]
MEASURES: tuple[Measure, ...] = ("tokens", "requests", "money")
Per = Literal["day", "month", "window"]
PERS: tuple[Per, ...] = ("day", "month", "window")
Counter = Literal["database", "redis"]
"""Where a limit is counted."""
COUNTERS: tuple[Counter, ...] = ("database", "redis")
WhenAway = Literal["refuse", "allow"]
"""What happens while that does not answer: nothing passes, or everything does and is counted afterwards."""
WHEN_AWAYS: tuple[WhenAway, ...] = ("refuse", "allow")
Subject = Literal["tenant", "workspace", "user", "key"]
HoldStatus = Literal["open", "settled", "released", "expired"]
Dimension = Literal["hour", "day", "month", "user", "workspace", "operation", "model", "provider", "conversation"]
DIMENSIONS: tuple[Dimension, ...] = (
    "hour", "day", "month", "user", "workspace", "operation", "model", "provider", "conversation",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NewUsage:
    """One use of a model or service, to be recorded. `tokens_in` includes `tokens_cached`; `tokens` is the sum of in
    and out, for when no more is known. Without `at` it was now; without `cost` it is what the price makes it.
    """

    operation: str
    model: str | None = None
    provider: str | None = None
    tokens: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    cost: Decimal | None = None
    latency_ms: int | None = None
    outcome: UsageOutcome = "success"
    requests: int = 1
    conversation: UUID | None = None
    workspace: UUID | None = None
    user: UUID | None = None
    at: datetime | None = None
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class UsageEvent:
    """One line of the ledger. `cost` None: nobody knew the price. `replayed`: its request was recorded before."""

    id: UUID
    at: datetime
    request_id: str | None
    user_id: UUID
    workspace_id: UUID | None
    conversation_id: UUID | None
    operation: str
    model: str | None
    provider: str | None
    outcome: UsageOutcome
    requests: int
    tokens: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cost: Decimal | None
    priced_by: PricedBy
    latency_ms: int | None
    recorded_by: UUID
    recorded_at: datetime
    replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a batch came to. `replayed`: of how many the request was recorded before."""

    recorded: int
    replayed: int
    tokens: int
    cost: Decimal
    unpriced: int


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a million tokens cost, in US dollars. `cached`: tokens read from the provider's cache."""

    model: str
    provider: str | None
    input: Decimal
    output: Decimal
    cached: Decimal
    since: datetime | None
    source: Literal["tenant", "catalogue"]


@dataclass(frozen=True, kw_only=True)
class UsageLine:
    """Sums over the ledger for one group; what was not grouped by is None.

    `unpriced` events have no known cost and are not in `cost`. `latency_ms` is the mean of the `timed` ones,
    which said how long they took.
    """

    period: datetime | None = None
    user: UUID | None = None
    workspace: UUID | None = None
    operation: str | None = None
    model: str | None = None
    provider: str | None = None
    conversation: UUID | None = None
    events: int = 0
    requests: int = 0
    failures: int = 0
    tokens: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    timed: int = 0
    latency_ms: float | None = None
    slowest_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class UsageReport:
    """Lines by group, in the order of the groups, and their sum. Periods are UTC; `until` itself is not in it."""

    since: datetime | None
    until: datetime | None
    group_by: tuple[str, ...]
    lines: tuple[UsageLine, ...]
    total: UsageLine


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit, and how it stands. `amount`, `used`, `reserved` and `left` are tokens, requests or US dollars.

    Usage that could not be refused (settled above what was reserved, recorded without a reservation) can bring `used`
    over `amount`: by `over`; `left` is then 0. `behind_since`: since when Redis was not told something, so that it is
    counted anew before anything passes. `resets_at` is None for a rolling window, of which something leaves at any
    time.
    """

    id: UUID
    subject: Subject
    subject_id: UUID
    measure: Measure
    per: Per
    window_seconds: int | None
    amount: int | Decimal
    used: int | Decimal
    reserved: int | Decimal
    left: int | Decimal
    resets_at: datetime | None
    set_by: Literal["platform", "tenant"]
    created_at: datetime
    updated_at: datetime
    counter: Counter = "database"
    when_away: WhenAway = "refuse"
    behind_since: datetime | None = None
    over: int | Decimal = 0


@dataclass(frozen=True, kw_only=True)
class Recounted:
    """A limit whose counter was set to what the ledger says, and what it had said: None where it is in Redis."""

    limit: Limit
    was_used: int | Decimal | None
    was_reserved: int | Decimal | None


@dataclass(frozen=True, kw_only=True)
class HoldState:
    """What was reserved, of how many limits, until when. `unchecked`: how many of them did not answer, and let it pass
    to be counted afterwards.
    """

    id: UUID
    status: HoldStatus
    operation: str
    requests: int
    tokens: int
    cost: Decimal
    limits: int
    reserved_at: datetime
    expires_at: datetime
    unchecked: int = 0


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What was charged. `over_tokens` and `over_cost`: how much more than had been reserved. `late`: the hold had
    expired, so that others may have used what was reserved. `exceeded`: limits that are now over their amount.
    `replayed`: it had been settled before.
    """

    event: UsageEvent
    over_tokens: int
    over_cost: Decimal
    late: bool
    exceeded: tuple[UUID, ...]
    replayed: bool = False
