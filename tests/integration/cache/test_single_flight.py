"""However many want a value at once, it is loaded once; whoever dies or fails at it blocks nobody for long."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.waiting import until

import holdfast

from .conftest import KEY, linked


def test_a_hundred_threads_that_miss_load_once(opens, cache_url):
    stores = [opens(cache_url), opens(cache_url)] if cache_url else [opens()]
    together, calls = threading.Barrier(100), []

    def load() -> list[int]:
        calls.append(1)
        time.sleep(0.1)
        return [1, 2, 3]

    def ask(number: int) -> list[int]:
        together.wait()
        return stores[number % len(stores)].cache.get_or_load("n", "k", load)

    with ThreadPoolExecutor(100) as pool:
        assert list(pool.map(ask, range(100))) == [[1, 2, 3]] * 100
    assert len(calls) == 1


@pytest.mark.parametrize("kind", ["coroutine", "function"])
def test_a_hundred_tasks_that_miss_load_once_and_take_no_thread_each(file, cache_url, kind):
    calls = []

    async def load() -> str:
        calls.append(1)
        await asyncio.sleep(0.1)
        return "v"

    def load_in_thread() -> str:
        calls.append(1)
        time.sleep(0.1)
        return "v"

    async def ask() -> None:
        settings = holdfast.Settings(pool=2)
        async with await holdfast.open_async(file, KEY, cache=cache_url, settings=settings) as store:
            loader = load if kind == "coroutine" else load_in_thread
            found = await asyncio.gather(*[store.cache.get_or_load("n", "k", loader) for _ in range(100)])
            assert found == ["v"] * 100

    asyncio.run(ask())
    assert len(calls) == 1


def test_loaders_that_ask_the_store_and_the_cache_find_a_thread(file, cache_url):
    async def ask() -> None:
        settings = holdfast.Settings(pool=2)
        async with await holdfast.open_async(file, KEY, cache=cache_url, settings=settings) as store:

            async def inner(number: int) -> str:
                return (await store.tenant("acme")).tenant.name + str(number)

            async def outer(number: int) -> str:
                return await store.cache.get_or_load("inner", number % 5, lambda: inner(number % 5))

            found = await asyncio.gather(
                *[store.cache.get_or_load("outer", n, lambda n=n: outer(n)) for n in range(50)]
            )
            assert found == [f"Acme Bank{n % 5}" for n in range(50)]

    asyncio.run(asyncio.wait_for(ask(), 30))


def test_an_error_reaches_everybody_who_waits_and_is_not_kept(opens, cache_url):
    store, together, calls = opens(cache_url), threading.Barrier(20), []

    def fail() -> None:
        calls.append(1)
        time.sleep(0.2)
        raise LookupError("nothing there")

    def ask(_: int) -> str:
        together.wait()
        try:
            store.cache.get_or_load("n", "k", fail)
        except LookupError as error:
            return str(error)
        return "no error"

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, range(20))) == ["nothing there"] * 20
    assert len(calls) == 1
    assert store.cache.get_or_load("n", "k", lambda: "there now") == "there now"


def test_when_the_one_who_loads_is_interrupted_another_does(opens, cache_url):
    store, began, go_on = opens(cache_url), threading.Event(), threading.Event()

    def interrupted() -> None:
        began.set()
        assert go_on.wait(10)
        raise KeyboardInterrupt

    def ask_first() -> None:
        with pytest.raises(KeyboardInterrupt):
            store.cache.get_or_load("n", "k", interrupted)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask_first)
        assert began.wait(10)
        second = pool.submit(store.cache.get_or_load, "n", "k", lambda: "by the second")
        time.sleep(0.05)
        go_on.set()
        assert second.result(5) == "by the second"
        first.result(5)


def test_a_task_that_is_cancelled_while_loading_lets_others_load_at_once(opens, file, cache_url):
    async def ask() -> float:
        async with await holdfast.open_async(file, KEY, cache=cache_url) as store:
            began = asyncio.Event()

            async def never_ends() -> str:
                began.set()
                await asyncio.sleep(60)
                return "never"

            task = asyncio.create_task(store.cache.get_or_load("n", "k", never_ends))
            await began.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            before = time.monotonic()
            assert await store.cache.get_or_load("n", "k", lambda: "by another") == "by another"
            return time.monotonic() - before

    assert asyncio.run(ask()) < 2, "less than the lease: it was given back"


def test_a_loader_that_asks_for_what_it_loads_does_not_wait_for_itself(opens, cache_url):
    store = opens(cache_url)
    found = store.cache.get_or_load("n", "k", lambda: store.cache.get_or_load("n", "k", lambda: "inner") + " outer")
    assert found == "inner outer"


def test_two_loaders_that_wait_for_each_other_both_end(opens, cache_url):
    store, together = opens(cache_url, cache_wait_seconds=0.3), threading.Barrier(2)

    def load(other: str) -> str:
        together.wait(5)
        return store.cache.get_or_load("n", other, lambda: f"{other} alone")

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(store.cache.get_or_load, "n", "a", lambda: load("b"))
        two = pool.submit(store.cache.get_or_load, "n", "b", lambda: load("a"))
        assert {one.result(5), two.result(5)} <= {"a alone", "b alone"}


LOADS_AND_SAYS_SO = """
import sys, time
sys.path[:0] = {path!r}
import holdfast
store = holdfast.open({url!r}, {key!r}, cache={cache!r}, settings=holdfast.Settings(cache_lease_seconds=1.0))
def load():
    print("loading", flush=True)
    time.sleep(60)
store.cache.get_or_load("n", "k", load)
"""


def test_a_process_that_dies_while_loading_blocks_others_no_longer_than_its_lease(opens, file, redis):
    text = textwrap.dedent(LOADS_AND_SAYS_SO).format(path=sys.path, url=file, key=KEY, cache=redis.url)
    dying = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE)
    assert dying.stdout is not None
    assert dying.stdout.readline() == b"loading\n"
    store = linked(opens(redis.url))
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(store.cache.get_or_load, "n", "k", lambda: "by another")
        time.sleep(2.0)
        assert not call.done(), "the lease is kept for as long as the loader lives"
        os.kill(dying.pid, signal.SIGKILL)
        dying.wait()
        dying.stdout.close()
        killed = time.monotonic()
        assert call.result(10) == "by another"
        assert time.monotonic() - killed < 2.5


def test_whoever_waits_for_another_process_is_told_when_it_is_done(opens, redis):
    one, other = linked(opens(redis.url)), linked(opens(redis.url))
    began, go_on = threading.Event(), threading.Event()

    def load() -> str:
        began.set()
        assert go_on.wait(10)
        return "loaded"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(one.cache.get_or_load, "n", "k", load)
        assert began.wait(10)
        second = pool.submit(other.cache.get_or_load, "n", "k", lambda: "twice")
        until(lambda: other.cache.stats().redis.counts.succeeded > 4)
        go_on.set()
        assert (first.result(5), second.result(5)) == ("loaded", "loaded")
    assert other.cache.stats().names["n"].loads == 0
