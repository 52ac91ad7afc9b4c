"""What models cost: a tenant's own prices first, then those of genai-prices, which comes with them and asks no network.

A price is of the moment of the call. A model without one has none: its cost is unknown, and never taken for zero.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache, lru_cache
from typing import Any

from holdfast.core.database.types import NANO
from holdfast.domains.metering.checks import Draft, Tokens
from holdfast.domains.metering.models import Price, PricedBy

MILLION = 1_000_000


def cost_of(draft: Draft, own: Iterable[Price], listed: Decimal | None) -> tuple[Decimal | None, PricedBy]:
    """What a use cost, and who says so. `own`: the tenant's prices; `listed`: what the catalogue makes it."""
    if draft.cost is not None:
        return draft.cost, "given"
    price = own_price(own, draft.model, draft.provider, draft.at)
    if price is not None and draft.tokens.split:
        return by_price(price, draft.tokens), "tenant"
    return (None, "unknown") if listed is None or price is not None else (listed, "catalogue")


def own_price(own: Iterable[Price], model: str | None, provider: str | None, at: datetime) -> Price | None:
    """The tenant's price that was good then: of this provider, else of any."""
    good = [
        price
        for price in own
        if price.model == model and price.provider in (None, provider) and price.since is not None and price.since <= at
    ]
    return max(good, key=lambda price: (price.provider is not None, price.since), default=None)


def by_price(price: Price, tokens: Tokens) -> Decimal:
    """US dollars, rounded to the billionth."""
    fresh = tokens.into - tokens.cached
    whole = fresh * price.input + tokens.cached * price.cached + tokens.out * price.output
    return (whole / MILLION).quantize(NANO, ROUND_HALF_EVEN)


def dearest(price: Price, tokens: int) -> Decimal:
    """The most that so many tokens can cost, whichever they are."""
    each = max(price.input, price.output, price.cached)
    return (each * tokens / MILLION).quantize(NANO, ROUND_HALF_EVEN)


def listed_cost(draft: Draft) -> Decimal | None:
    """By the catalogue; None where it does not know the model, or nobody knows which tokens were in and which out.

    Takes a moment the first time (the catalogue is loaded), so it is not called in a transaction.
    """
    if draft.cost is not None or draft.model is None or not draft.tokens.split:
        return None
    price = listed_price(draft.model, draft.provider, draft.at, tokens_in=draft.tokens.into)
    return None if price is None else by_price(price, draft.tokens)


def listed_price(model: str, provider: str | None, at: datetime, *, tokens_in: int = 0) -> Price | None:
    """What a million tokens cost by the catalogue in a call with so many tokens in; None where it does not know.

    Worked out here from the catalogue's tables: its own way takes a hundred microseconds for each call.
    """
    found = _model(model, provider)
    if found is None:
        return None
    prices = found[1].get_prices(at)
    into, out = _of_tier(prices.input_mtok, tokens_in), _of_tier(prices.output_mtok, tokens_in)
    if into is None or out is None:
        return None
    cached = _of_tier(prices.cache_read_mtok, tokens_in)
    given = {"input": into, "output": out, "cached": into if cached is None else cached}
    return Price(model=model, provider=provider, since=None, source="catalogue", **given)


def _of_tier(price: Any, tokens_in: int) -> Decimal | None:
    """A price that depends on the tokens in: that of the last tier which they are above holds for all of them."""
    if price is None or isinstance(price, Decimal):
        return price
    above = [tier.price for tier in price.tiers if tokens_in > tier.start]
    return Decimal(above[-1] if above else price.base)


@lru_cache(maxsize=4_096)
def _model(model: str, provider: str | None) -> tuple[Any, Any] | None:
    """The catalogue's provider and model. Of a provider that it does not know it knows no price."""
    catalogue = _catalogue()
    if catalogue is None:
        return None
    try:
        found: tuple[Any, Any] = catalogue.find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    return found


@cache
def _catalogue() -> Any:
    """genai-prices, if it is installed (the extra `prices`)."""
    try:
        from genai_prices import data_snapshot
    except ImportError:
        return None
    return data_snapshot.get_snapshot()
