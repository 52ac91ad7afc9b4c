"""The breaker: when it opens, who may probe, what counts."""

import asyncio
import threading
from typing import Any

import pytest

from holdfast.core.resilience import Breaker, BreakerOpen, BreakerPolicy, Breakers


class Gone(Exception):
    pass


class Time:
    """A clock of the test's own."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    policy = BreakerPolicy(failures=3, rate=0.5, window=20, least=10, pause=1.0, longest=8.0)
    return Breaker("index", failing=(Gone,), policy=policy, clock=time)


def fail() -> None:
    raise Gone


def fail_times(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Gone):
            breaker.call(fail)


def test_it_opens_after_failures_in_a_row_and_refuses_without_asking(breaker):
    fail_times(breaker, 2)
    assert breaker.state == "closed"
    fail_times(breaker, 1)
    assert breaker.state == "open"
    asked = []
    with pytest.raises(BreakerOpen) as refused:
        breaker.call(lambda: asked.append(1))
    assert asked == []
    assert refused.value.code == "breaker_open"
    assert "index has failed repeatedly" in str(refused.value)
    assert (breaker.counts.failed, breaker.counts.refused, breaker.counts.opened) == (3, 1, 1)


def test_a_success_in_between_begins_the_count_anew(time):
    breaker = Breaker("index", failing=(Gone,), policy=BreakerPolicy(failures=3, least=1000), clock=time)
    for _ in range(50):
        fail_times(breaker, 2)
        breaker.call(lambda: None)
    assert breaker.state == "closed"


def test_it_opens_when_half_of_the_last_calls_failed(breaker):
    for _ in range(4):
        fail_times(breaker, 1)
        breaker.call(lambda: None)
    fail_times(breaker, 1)
    assert breaker.state == "closed", "nine calls are too few to tell"
    fail_times(breaker, 1)
    assert breaker.state == "open"


def test_few_failures_among_many_leave_it_closed(breaker):
    for _ in range(100):
        fail_times(breaker, 1)
        for _ in range(2):
            breaker.call(lambda: None)
    assert breaker.state == "closed"


def test_an_answer_that_is_an_error_is_an_answer(breaker):
    for _ in range(50):
        with pytest.raises(KeyError):
            breaker.call(lambda: {}[1])
    assert breaker.state == "closed"
    assert breaker.counts.succeeded == 50


def test_exactly_one_probe_goes_through_however_many_come(breaker, time):
    fail_times(breaker, 3)
    time.now = 2.0
    assert breaker.state == "half_open"
    together, probing, go_on = threading.Barrier(20), threading.Event(), threading.Event()
    asked, refused = [], []

    def probe() -> None:
        asked.append(1)
        probing.set()
        assert go_on.wait(10)

    def come() -> None:
        together.wait()
        try:
            breaker.call(probe)
        except BreakerOpen:
            refused.append(1)

    threads = [threading.Thread(target=come) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert probing.wait(10)
    while len(refused) < 19:
        pass
    assert asked == [1]
    assert breaker.state == "half_open"
    go_on.set()
    for thread in threads:
        thread.join()
    assert (len(asked), len(refused), breaker.state) == (1, 19, "closed")
    assert breaker.counts.probes == 1


def test_a_probe_that_fails_opens_it_for_longer_each_time(breaker, time):
    fail_times(breaker, 3)
    for longest in (1.0, 2.0, 4.0, 8.0, 8.0):
        time.now += 0.75 * longest
        with pytest.raises(BreakerOpen):
            breaker.call(fail)
        time.now += 0.5 * longest
        fail_times(breaker, 1)
        assert breaker.state == "open"
    time.now += 10.0
    breaker.call(lambda: None)
    assert breaker.state == "closed"
    fail_times(breaker, 3)
    time.now += 1.25
    assert breaker.state == "half_open", "once it was closed the pause begins anew"


def test_what_was_asked_before_it_opened_says_nothing_about_now(breaker, time):
    late = breaker.guarding()
    late.__enter__()
    too_late = breaker.guarding()
    too_late.__enter__()
    fail_times(breaker, 3)
    late.__exit__(None, None, None)
    assert breaker.state == "open"
    time.now = 2.0
    with breaker.guarding():
        with pytest.raises(Gone):
            too_late.__exit__(Gone, Gone(), None) or fail()
        assert breaker.state == "half_open"
    assert breaker.state == "closed"


def test_a_probe_that_is_interrupted_gives_its_turn_back(breaker, time):
    fail_times(breaker, 3)
    time.now = 2.0
    with pytest.raises(KeyboardInterrupt), breaker.guarding():
        raise KeyboardInterrupt
    assert breaker.state == "half_open"
    breaker.call(lambda: None)
    assert breaker.state == "closed"


def test_a_task_that_is_cancelled_while_it_probes_gives_its_turn_back(breaker, time):
    fail_times(breaker, 3)
    time.now = 2.0

    async def ask() -> None:
        with breaker.guarding():
            await asyncio.sleep(60)

    async def cancel() -> None:
        task = asyncio.create_task(ask())
        await asyncio.sleep(0)
        with pytest.raises(BreakerOpen):
            breaker.call(lambda: None)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert breaker.call(lambda: "there") == "there"


def test_no_lock_is_held_while_something_is_asked(breaker):
    seen: list[Any] = []

    def ask() -> None:
        thread = threading.Thread(target=lambda: seen.append(breaker.call(lambda: breaker.counts)))
        thread.start()
        thread.join(5)

    breaker.call(ask)
    assert len(seen) == 1


def test_whoever_waits_for_it_to_close_is_told_with_no_lock_held(time):
    told = []
    policy = BreakerPolicy(failures=1, pause=1.0)
    breaker = Breaker("x", failing=(Gone,), policy=policy, clock=time, closed_again=lambda: told.append(breaker.state))
    fail_times(breaker, 1)
    time.now = 5.0
    breaker.call(lambda: None)
    assert told == ["closed"]


def test_a_store_has_one_breaker_of_each_name():
    breakers = Breakers()
    one = breakers.breaker("redis", failing=(Gone,))
    assert breakers.breaker("redis", failing=(OSError,)) is one
    breakers.breaker("index", failing=(Gone,))
    assert [breaker.name for breaker in breakers] == ["redis", "index"]
