"""See conftest.py."""

from integration.test_limits import (  # noqa: F401
    root,
    test_a_hold_is_its_persons_own,
    test_a_hold_that_nobody_ends_comes_back_and_is_charged_when_it_is_settled_late,
    test_a_limit_on_money_needs_to_know_what_a_call_may_cost,
    test_of_several_limits_all_hold_or_nothing_is_reserved,
    test_what_is_held_is_charged_as_it_was_used_and_the_rest_comes_back,
    test_what_is_released_comes_back_and_is_not_settled,
    test_what_the_platform_sets_a_tenants_administrator_does_not_change,
    time,
)

from holdfast.domains.metering import LimitExceeded


def test_a_server_says_in_how_many_seconds_there_is_more(amina, root):  # noqa: F811
    root.metering.set_limit(tenant="acme", measure="requests", per="day", amount=1)
    with amina.metering.reserve() as held:
        held.settle(tokens=1)
    try:
        amina.metering.reserve()
    except LimitExceeded as error:
        assert error.status == 429
        assert 0 < error.retry_after <= 24 * 3600
    else:
        raise AssertionError("there was one only")
    with amina.metering.lease(requests=5) as lease:
        try:
            lease.take()
        except LimitExceeded as error:
            assert error.code == "limit_exceeded"
