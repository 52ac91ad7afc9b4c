"""Rate limits that processes share through Redis: each store here is opened as another process would open it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from threading import Barrier

import httpx
import pytest
from support.server import serving
from support.waiting import until

from holdfast.faces.http.limits import Buckets, Rate
from holdfast.faces.http.problems import TooManyRequests
from holdfast.faces.http.shared_limits import SharedBuckets

ENDLESS = 0.001
"""So few requests a second that a bucket does not fill while a test runs."""


@pytest.fixture
def servers(opens):
    """Makes two servers of one store, with limits, at a Redis: their URLs, and a key of Amina's and one of Ben's."""
    with ExitStack() as running:

        def start(cache, **limits):
            stores = [opens(cache), opens(cache)]
            identity = stores[0].system().identity
            keys = [
                identity.create_api_key(tenant="acme", user=f"{name}@acme.test").secret for name in ("amina", "ben")
            ]
            return [running.enter_context(serving(store, **limits)).url for store in stores], *keys

        yield start


def ask(url, key):
    return httpx.get(f"{url}/v1/visible", headers={"Authorization": f"Bearer {key}"})


def bucket(store, whose, rate, clock=lambda: 0.0):
    return SharedBuckets(Buckets(whose, rate), store.engine.levels.rates, clock=clock)


def taken_by(limiter, sender):
    """So many until the bucket is empty."""
    taken = 0
    while True:
        try:
            limiter.take(sender)
        except TooManyRequests:
            return taken
        taken += 1


def test_a_person_and_a_tenant_have_one_rate_at_all_processes(servers, redis):
    (here, there), amina, ben = servers(redis.url, rate_per_key=Rate(ENDLESS, 3), rate_per_tenant=Rate(ENDLESS, 5))
    answers = [ask(url, amina) for url in (here, there, here, there, here)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert [one.headers["ratelimit-remaining"] for one in answers[:3]] == ["2", "1", "0"]
    assert answers[3].json()["code"] == "too_many_requests" and int(answers[3].headers["retry-after"]) > 100
    # Who was refused cost the tenant nothing: two of its five are left.
    assert [ask(url, ben).status_code for url in (there, here, there)] == [200, 200, 429]


def test_refused_credentials_of_an_address_count_at_all_processes(servers, redis):
    (here, there), amina, _ = servers(redis.url, failures_per_address=Rate(ENDLESS, 2))
    assert [ask(url, "hf_no").status_code for url in (here, there, here, there)] == [401, 401, 429, 429]
    assert ask(here, amina).status_code == 200
    with redis.client() as client:
        keys = client.keys("holdfast:*:rate:*")
        assert keys and all(client.pttl(key) > 0 for key in keys), "a bucket that nobody uses ends by itself"
        kept = b"".join([*keys, *client.mget(keys)])
    assert b"127.0.0.1" not in kept and b"amina" not in kept


def test_without_a_redis_each_process_counts_for_itself(servers):
    (here, there), amina, _ = servers(None, rate_per_key=Rate(ENDLESS, 2))
    assert [ask(here, amina).status_code for _ in range(3)] == [200, 200, 429]
    assert [ask(there, amina).status_code for _ in range(3)] == [200, 200, 429]


def test_while_redis_is_away_each_process_counts_for_itself_and_then_together_again(opens, own_redis):
    rate = Rate(ENDLESS, 2)
    first, second = (bucket(opens(own_redis.url), "person", rate) for _ in range(2))
    assert (first.take("amina").remaining, second.take("amina").remaining) == (1, 0)
    own_redis.kill()
    assert taken_by(first, "ben") == taken_by(second, "ben") == 2
    own_redis.start()
    senders = count()

    def together_again():
        sender = f"sender {next(senders)}"
        return (first.take(sender).remaining, second.take(sender).remaining) == (1, 0)

    until(together_again)


def test_never_one_more_gets_in_however_many_ask_at_once(opens, redis):
    limiters = [bucket(opens(redis.url), "person", Rate(ENDLESS, 500)) for _ in range(2)]
    together = Barrier(8)

    def ask_on(number):
        together.wait()
        return taken_by(limiters[number % 2], "somebody")

    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(ask_on, range(8)))
    assert sum(taken) == 500 and taken_by(limiters[0], "somebody else") == 500


def test_few_requests_pay_a_round_trip_and_refused_ones_none(opens, redis, monkeypatch):
    store = opens(redis.url)
    trips, pour = [], store.engine.levels.rates.pour
    monkeypatch.setattr(
        store.engine.levels.rates, "pour", lambda *given, **named: trips.append(1) or pour(*given, **named)
    )
    limiter = bucket(store, "person", Rate(ENDLESS, 200))
    assert taken_by(limiter, "somebody") == 200
    assert len(trips) == 51, "four at a time, and the one that found it empty"
    with pytest.raises(TooManyRequests):
        limiter.take("somebody")
    assert len(trips) == 51


def test_what_a_process_holds_is_void_after_a_second_and_a_bucket_fills_again(opens, redis):
    now = [0.0]
    limiter = bucket(opens(redis.url), "person", Rate(ENDLESS, 100), clock=lambda: now[0])
    assert limiter.take("somebody").remaining == 99
    now[0] += 1.1
    assert limiter.take("somebody").remaining == 97, "the second of the first two was given up"
    quick = bucket(opens(redis.url), "person", Rate(50.0, 1), clock=lambda: now[0])
    assert quick.take("another").remaining == 0

    def filled():
        now[0] += 1.0  # for the process; Redis has a clock of its own
        try:
            return quick.take("another").remaining == 0
        except TooManyRequests:
            return False

    until(filled)


def test_what_is_given_back_counts_for_nobody(opens, redis):
    first, second = (bucket(opens(redis.url), "account", Rate(ENDLESS, 2)) for _ in range(2))
    for limiter in (first, second, first, second):
        limiter.take("amina")
        limiter.give_back("amina")
    assert taken_by(first, "amina") == 2
    second.give_back("amina")
    assert taken_by(second, "amina") == 1
