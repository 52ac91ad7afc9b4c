"""What metering takes: counts, money, moments, checked before a database sees them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from uuid import UUID

from holdfast.core.clock import as_happened
from holdfast.core.database.types import NANO
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice, check_name
from holdfast.domains.metering.models import OUTCOMES, NewUsage, UsageOutcome

NAME_CHARS = 200
MOST_UNITS = 10**15
"""The most tokens or requests of one event, and the highest limit: sums of thousands of such ones still fit."""
MOST_MONEY = Decimal(1_000_000)
"""The most that one event may cost, and the highest limit on money, in US dollars."""
AHEAD = timedelta(minutes=5)
"""So far ahead of this machine's clock another's may be."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """How many tokens: all, and of those in and out as far as that is known."""

    all: int = 0
    into: int = 0
    out: int = 0
    cached: int = 0

    @property
    def split(self) -> bool:
        """Whether it is known which were in and which out, without which there is no price."""
        return self.all == self.into + self.out


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A checked `NewUsage`."""

    operation: str
    model: str | None
    provider: str | None
    tokens: Tokens
    cost: Decimal | None
    latency_ms: int | None
    outcome: UsageOutcome
    requests: int
    conversation_id: UUID | None
    workspace_id: UUID | None
    user_id: UUID | None
    at: datetime
    request_id: str | None


def check_usage(given: NewUsage, moment: datetime) -> Draft:
    """Raises `InvalidInput`, naming the field."""
    return Draft(
        operation=check_label(given.operation, "operation"),
        model=_optional(given.model, "model"),
        provider=_optional(given.provider, "provider"),
        tokens=check_tokens(given.tokens, given.tokens_in, given.tokens_out, given.tokens_cached),
        cost=None if given.cost is None else check_money(given.cost, field="cost"),
        latency_ms=None
        if given.latency_ms is None
        else check_count(given.latency_ms, field="latency_ms", most=2**31 - 1),
        outcome=check_choice(given.outcome, OUTCOMES, field="outcome"),  # type: ignore[arg-type]  # one of them
        requests=check_count(given.requests, field="requests"),
        conversation_id=check_id(given.conversation, "conversation"),
        workspace_id=check_id(given.workspace, "workspace"),
        user_id=check_id(given.user, "user"),
        at=moment if given.at is None else as_happened(given.at, field="at", ahead=AHEAD, moment=moment),
        request_id=_optional(given.request_id, "request_id"),
    )


def check_tokens(
    tokens: int | None, tokens_in: int | None, tokens_out: int | None, tokens_cached: int | None
) -> Tokens:
    """Tokens that add up. Raises `InvalidInput`."""
    into = 0 if tokens_in is None else check_count(tokens_in, field="tokens_in")
    out = 0 if tokens_out is None else check_count(tokens_out, field="tokens_out")
    cached = 0 if tokens_cached is None else check_count(tokens_cached, field="tokens_cached")
    together = into + out if tokens is None else check_count(tokens, field="tokens")
    if cached > into:
        raise InvalidInput(
            f"tokens_cached: {cached:,} are more than the {into:,} of tokens_in, which includes them",
            field="tokens_cached",
        )
    if (tokens_in is not None or tokens_out is not None) and together != into + out:
        raise InvalidInput(
            f"tokens: {together:,} is not the sum of tokens_in and tokens_out, {into + out:,}; leave it out",
            field="tokens",
        )
    return Tokens(all=together, into=into, out=out, cached=cached)


def check_count(value: object, *, field: str, most: int = MOST_UNITS) -> int:
    """A whole number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidInput(f"{field}: {value!r:.40} is not a whole number from 0 to {most:,}", field=field)
    return value


def check_money(value: object, *, field: str) -> Decimal:
    """US dollars, 0 or more, rounded to the billionth. A float is refused: it is not the amount that was meant."""
    if isinstance(value, float):
        raise InvalidInput(f"{field}: {value!r} is a float; give a Decimal: Decimal('{value!r}')", field=field)
    try:
        made = Decimal(value) if isinstance(value, (Decimal, int, str)) and not isinstance(value, bool) else None
    except InvalidOperation:
        made = None
    if made is None or not made.is_finite() or not 0 <= made <= MOST_MONEY:
        raise InvalidInput(f"{field}: {value!r:.40} is not an amount of 0 to {MOST_MONEY:,} US dollars", field=field)
    return made.quantize(NANO, ROUND_HALF_EVEN)


def check_label(value: object, field: str) -> str:
    """A name of a model, a provider, an operation."""
    return check_name(value, field=field, most_chars=NAME_CHARS)


def check_id(value: UUID | str | None, field: str) -> UUID | None:
    """An id, if one is given."""
    return None if value is None else as_id(value, field=field)


def _optional(value: str | None, field: str) -> str | None:
    return None if value is None else check_label(value, field)
