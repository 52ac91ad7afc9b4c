"""A deadline for code that does not look at the clock: the libraries that parse what strangers wrote.

The call runs in a thread of its own. When its time is up, an exception is raised in that thread from outside, between
two of its instructions, until it is out; where else it might strike, nothing is left to break. It is no `Exception`, so
that no parser takes it for a damaged file and carries on. A thread that is stuck in C is left behind.
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
        self._call = call
        self._result: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            try:
                self._result.append(self._call())
            except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
                self._error = error
        except TimeIsUp:
            return  # it struck between the two

    def end(self) -> None:
        """Raise `TimeIsUp` in the thread until it is at its end."""
        for _ in range(_TRIES):
            if not self.is_alive():
                return
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident or 0), ctypes.py_object(TimeIsUp))
            self.join(_AGAIN_SECONDS)

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        if not self._result:
            raise TimeIsUp
        return self._result[0]
