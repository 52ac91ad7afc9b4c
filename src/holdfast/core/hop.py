"""The hop of the async face to a worker thread: one does one whole action, so that an event loop never waits.

Threads with the synchronous driver did 2,400–3,000 transactions/s where the async drivers did 1,130–1,400 (ten
tasks, PostgreSQL). A task that is cancelled stops waiting; its action still ends, committed or rolled back.

The threads are our own: an executor's future, made for threads that wait, costs more than the hop itself.
"""

import asyncio
import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Job(NamedTuple):
    """A call, and who awaits it."""

    loop: asyncio.AbstractEventLoop
    waiting: "asyncio.Future[Any]"
    context: Context
    call: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Hop:
    """Runs calls in worker threads, which start as they are needed."""

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        """Without a thread yet. A child process has none of its parent's."""
        self._process = os.getpid()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._changing = threading.Lock()
        self._end = weakref.finalize(self, _end, self._jobs, self._threads)  # also before the interpreter ends

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await `call(*args, **kwargs)`, run in a worker thread with the caller's context variables."""
        if self._process != os.getpid():
            self._end.detach()
            self._begin()
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        job = _Job(loop, waiting, copy_context(), call, args, kwargs)
        with self._changing:  # behind what ends the threads, nobody would take it
            if self._closed:
                raise RuntimeError("the worker threads have ended; nothing runs after close()")
            if len(self._threads) < self._most:
                self._start()
            self._jobs.put(job)
        return await waiting

    def _start(self) -> None:
        name = f"holdfast_{len(self._threads)}"
        thread = threading.Thread(target=_work, args=(self._jobs,), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def close(self) -> None:
        """Wait for what is running or waits, and end the threads."""
        with self._changing:
            self._closed = True
        self._end()


def _work(jobs: "SimpleQueue[_Job | None]") -> None:
    """What a thread does. It holds no Hop, so that one that nobody uses any more can go."""
    while (job := jobs.get()) is not None:
        if job.waiting.cancelled():
            continue
        result: Any = None
        error: BaseException | None = None
        try:
            result = job.context.run(job.call, *job.args, **job.kwargs)
        except StopIteration as raised:  # a future takes none: who awaits it would wait for ever
            error = RuntimeError("the call raised StopIteration")
            error.__cause__ = raised
        except BaseException as raised:  # noqa: BLE001  # raised again where it is awaited
            error = raised
        with suppress(RuntimeError):  # the loop has ended: nobody waits
            job.loop.call_soon_threadsafe(_settle, job.waiting, result, error)
        del job, result, error


def _end(jobs: "SimpleQueue[_Job | None]", threads: list[threading.Thread]) -> None:
    for _ in threads:
        jobs.put(None)
    for thread in threads:
        if thread is not threading.current_thread():
            thread.join()


def _settle(waiting: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if waiting.done():  # cancelled meanwhile
        return
    if error is None:
        waiting.set_result(result)
    else:
        waiting.set_exception(error)
