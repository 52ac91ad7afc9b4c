"""A deadline for code that does not look at the clock: the libraries that parse what strangers wrote.

The call runs in a thread of its own. When its time is up, an exception is raised in that thread from outside, between
two of its instructions, until it is out; where else it might strike, nothing is left to break. It is no `Exception`, so
that no parser takes it for a damaged file and carries on. Where it strikes in a finaliser, Python reports and drops it,
and the next one follows. A thread that is stuck in C is left behind.

Nothing is taken back unless something was sent: otherwise CPython 3.11 goes on looking for an exception that is not
there, and stands still as soon as a profiler, a debugger or a tracer is at work in the process.
"""

import ctypes
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_AGAIN_SECONDS = 0.1
_TRIES = 50


class TimeIsUp(BaseException):
    """The deadline has passed."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns or raises; `TimeIsUp` when it takes longer. Costs some 100 µs."""
    attempt = _Attempt(call)
    attempt.start()
    try:
        attempt.join(seconds)
    finally:  # Ctrl-C in the caller ends the call too
        attempt.end()
    return attempt.outcome()


class _Attempt(threading.Thread, Generic[T]):
    """One call in its thread, and what became of it."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__(name="holdfast-reader", daemon=True)
        self._call: Callable[[], T] | None = call
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._done = self._struck = False

    def run(self) -> None:
        while not self._done:
            try:
                self._run_once()
                with self._lock:  # from here on nothing strikes any more, and what has not struck yet is taken back
                    self._done = True
                    if self._struck:
                        _strike(self.ident, None)
            except TimeIsUp:
                continue

    def _run_once(self) -> None:
        call, self._call = self._call, None
        if call is None:
            return
        try:
            self._result.append(call())
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            self._error = error

    def end(self) -> None:
        """Raise `TimeIsUp` in the thread until it is at its end."""
        for _ in range(_TRIES):
            with self._lock:
                if self._done:
                    break
                self._struck = True
                _strike(self.ident, TimeIsUp)
            self.join(_AGAIN_SECONDS)
        else:
            return  # stuck in C
        self.join()

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        if not self._result:
            raise TimeIsUp
        return self._result[0]


def _strike(thread: int | None, kind: type[BaseException] | None) -> None:
    """Have `kind` raised in the thread, or take back what was not raised yet."""
    struck = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread or 0), struck)
