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


def test_a_call_that_runs_out_of_items_does_not_wait_for_ever() -> None:
    hop = Hop(1)

    async def main() -> None:
        with pytest.raises(RuntimeError, match="StopIteration") as caught:
            await asyncio.wait_for(hop(next, iter(())), 5)
        assert isinstance(caught.value.__cause__, StopIteration)

    asyncio.run(main())
    hop.close()


def test_a_call_that_comes_while_it_closes_runs_or_is_refused() -> None:
    async def main() -> None:
        for _ in range(200):
            hop = Hop(1)
            closing = threading.Thread(target=hop.close)
            calls = [asyncio.create_task(hop(int)) for _ in range(3)]
            closing.start()
            while not all(call.done() for call in calls):
                calls.append(asyncio.create_task(hop(int)))
                done = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10)
                assert all(one == 0 or isinstance(one, RuntimeError) for one in done)
            closing.join()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        asyncio.run(main())
    finally:
        sys.setswitchinterval(before)


def test_a_child_process_has_threads_of_its_own() -> None:
    program = """
import asyncio, os
from holdfast.core.hop import Hop
hop = Hop(1)
async def main():
    return await asyncio.wait_for(hop(os.getpid), 10)
asyncio.run(main())
child = os.fork()
if child == 0:
    try:
        right = asyncio.run(main()) == os.getpid()
        hop.close()
        os._exit(0 if right else 1)
    except BaseException:
        os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "0\n", done.stderr
