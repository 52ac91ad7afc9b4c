"""What models cost: worked out here as the catalogue works it out, to the billionth of a dollar."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.core.clock import EPOCH
from holdfast.domains.metering.checks import check_usage
from holdfast.domains.metering.models import NewUsage
from holdfast.domains.metering.periods import end_of, start_of, stretches
from holdfast.domains.metering.prices import listed_cost

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
MODELS = ("gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro", "deepseek-chat", "mistral-large-latest")


@settings(deadline=None)  # the catalogue is loaded once
@given(st.sampled_from(MODELS), st.integers(0, 10**6), st.integers(0, 10**5), st.floats(0, 1))
def test_a_cost_is_what_the_catalogue_makes_it(model, tokens_in, tokens_out, share):
    cached = int(tokens_in * share)
    from genai_prices import Usage, calc_price

    usage = NewUsage(operation="chat", model=model, tokens_in=tokens_in, tokens_out=tokens_out, tokens_cached=cached)
    expected = calc_price(
        Usage(input_tokens=tokens_in, output_tokens=tokens_out, cache_read_tokens=cached),
        model,
        genai_request_timestamp=NOW,
    ).total_price
    assert listed_cost(check_usage(usage, NOW)) == expected.quantize(Decimal("1e-9"), ROUND_HALF_EVEN)


@pytest.mark.parametrize("model", ["llama3.2:3b", "home-made", "x" * 200])
def test_a_model_that_is_not_in_the_catalogue_costs_what_nobody_knows(model):
    assert listed_cost(check_usage(NewUsage(operation="chat", model=model, tokens_in=5), NOW)) is None


_hours = st.integers(0, 24 * 800).map(lambda hours: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours))


@given(_hours, _hours, st.sampled_from(["hour", "day", "month"]))
def test_stretches_cover_a_period_without_a_gap_or_an_overlap(one, other, finest):
    since, until = min(one, other), max(one, other) + timedelta(hours=1)
    parts = stretches(since, until, finest)
    assert parts[0][1] == since and parts[-1][2] == until
    assert all(a[2] == b[1] for a, b in pairwise(parts))
    assert len(parts) <= 5
    for grain, begin, end in parts:
        assert begin < end and start_of(begin, grain) == begin and start_of(end, grain) == end


def test_an_open_period_is_open():
    assert stretches(None, None, "month") == [("month", None, None)]
    assert stretches(None, None, "hour") == [("hour", None, None)]
    since = datetime(2026, 3, 14, 9, tzinfo=UTC)
    assert stretches(since, None, "month") == [
        ("hour", since, datetime(2026, 3, 15, tzinfo=UTC)),
        ("day", datetime(2026, 3, 15, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        ("month", datetime(2026, 4, 1, tzinfo=UTC), None),
    ]
    assert end_of(EPOCH, "month") == datetime(1970, 2, 1, tzinfo=UTC)
