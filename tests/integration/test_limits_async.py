"""Holds and leases of the async face: `async with`, and checks in memory that leave the event loop free."""

import asyncio

import pytest

import holdfast
from holdfast.domains.metering import LimitExceeded


def on_metering(place, measure, amount, story):
    """Run a coroutine function on the metering of one person under a limit."""

    async def run():
        store = await holdfast.open_async(place.url, place.key)
        async with store:
            await store.system().metering.set_limit(tenant="acme", measure=measure, per="day", amount=amount)
            me = (await (await store.tenant("acme")).user("amina@acme.test")).metering
            await story(me)
            (limit,) = await me.limits()
            return limit.used, limit.reserved

    return asyncio.run(run())


def test_a_hold_is_settled_in_its_block_or_released_at_its_end(place):
    async def story(me):
        async with me.reserve(tokens=60) as hold:
            assert (await me.limits())[0].reserved == 60
            assert (await hold.settle(tokens=20)).event.id == hold.id
        with pytest.raises(ZeroDivisionError):
            async with me.reserve(tokens=80):
                raise ZeroDivisionError
        assert (await me.limits())[0].reserved == 0
        with pytest.raises(LimitExceeded):
            async with me.reserve(tokens=81):
                raise AssertionError("there is not so much left")
        kept = await me.reserve(tokens=10)
        assert kept.state.status == "open" and kept.settlement is None
        assert (await kept.release()).status == "released"

    assert on_metering(place, "tokens", 100, story) == (20, 0)


def test_tasks_share_a_lease_and_get_exactly_what_there_is(place):
    async def story(me):
        given = 0

        async def use(lease):
            nonlocal given
            while True:
                await lease.take()
                given += 1

        async with me.lease(requests=30) as lease:
            ended = await asyncio.gather(*(use(lease) for _ in range(8)), return_exceptions=True)
            assert all(isinstance(one, LimitExceeded) for one in ended)
        assert given == 200

    assert on_metering(place, "requests", 200, story) == (200, 0)


def test_what_is_leased_is_given_out_without_leaving_the_event_loop(place):
    async def story(me):
        async with me.lease(requests=100) as lease:
            await lease.take()
            thread_hops = []
            lease._hop = lambda *given, **named: thread_hops.append(given)
            for _ in range(99):
                await lease.take()
            assert thread_hops == []
            del lease._hop
            lease._hop = me._hop

    assert on_metering(place, "requests", 200, story) == (100, 0)
