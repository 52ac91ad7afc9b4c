"""The hop of the async face: one worker thread does one whole action, so that an event loop never waits.

Threads with the synchronous driver did 2,400–3,000 transactions/s where the async drivers did 1,130–1,400 (ten
tasks, PostgreSQL). A task that is cancelled stops waiting; its action still ends, committed or rolled back.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Hop:
    """Runs calls in worker threads."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="holdfast")

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await `call(*args, **kwargs)`, run in a worker thread with the caller's context variables."""
        run = partial(copy_context().run, call, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def close(self) -> None:
        """Wait for what is running and end the threads."""
        self._threads.shutdown()
