"""The hop to a worker thread."""

import asyncio
import gc
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from holdfast.core.hop import Hop

PLACE: ContextVar[str] = ContextVar("PLACE")


def test_results_and_errors_come_back_with_the_callers_context() -> None:
    hop = Hop(2)

    async def main() -> None:
        PLACE.set("here")
        assert await hop(lambda a, *, b: (a, b, PLACE.get()), 1, b=2) == (1, 2, "here")
        with pytest.raises(KeyError, match="gone"):
            await hop({}.__getitem__, "gone")

    asyncio.run(main())
    hop.close()


def test_no_more_run_at_once_than_there_are_threads() -> None:
    hop, running, most, lock = Hop(3), 0, 0, threading.Lock()
    meeting = threading.Barrier(3)

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meeting.wait(10)
        with lock:
            running -= 1

    async def main() -> None:
        await asyncio.gather(*[hop(call) for _ in range(12)])

    asyncio.run(main())
    hop.close()
    assert most == 3


def test_who_is_cancelled_stops_waiting_and_what_has_begun_ends() -> None:
    hop, begun, go_on, ended = Hop(1), threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    async def main() -> None:
        first = asyncio.create_task(hop(call))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        never = asyncio.create_task(hop(lambda: pytest.fail("was cancelled before it began")))
        await asyncio.sleep(0.01)
        first.cancel()
        never.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert not ended.is_set()
        go_on.set()

    asyncio.run(main())
    hop.close()
    assert ended.is_set()


def test_nothing_runs_once_it_is_closed() -> None:
    hop = Hop(1)
    hop.close()
    with pytest.raises(RuntimeError, match="close"):
        asyncio.run(hop(int))


def test_threads_end_with_a_hop_that_nobody_uses_any_more() -> None:
    hop = Hop(1)
    asyncio.run(hop(int))
    (thread,) = hop._threads
    del hop
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_what_has_begun_ends_before_the_interpreter_does() -> None:
    program = """
import asyncio, time
from holdfast.core.hop import Hop
hop = Hop(1)
async def main():
    task = asyncio.create_task(hop(lambda: (time.sleep(0.3), print("ended"))))
    await asyncio.sleep(0.1)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "ended\n"
