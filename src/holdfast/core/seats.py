"""Seats: so many callers at a time, and those who come later are let in in order of arrival.

What a semaphore, or a condition, does not promise: there a seat that comes free goes to whoever asks first, often a
newcomer or the one that has just left, and of 64 callers who wanted 16 seats without a pause four waited 30 s.
"""

import threading
from collections import deque


class Seats:
    """`count` of them. While anybody waits, none is free: a seat left goes straight to who has waited longest."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._mutex = threading.Lock()
        self._free = count
        self._waiting: deque[threading.Lock] = deque()

    @property
    def taken(self) -> int:
        """How many are taken now."""
        return self.count - self._free

    @property
    def waiting(self) -> int:
        """How many callers wait for one now."""
        return len(self._waiting)

    def take(self, seconds: float | None = None) -> bool:
        """Take one, to be left again; False where there was none for so many `seconds`. Without them, wait."""
        with self._mutex:
            if self._free:
                self._free -= 1
                return True
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        try:
            if gate.acquire(timeout=_patience(seconds)):
                return True
        except BaseException:
            if not self._give_up(gate):
                self.leave()
            raise
        return not self._give_up(gate)

    def _give_up(self, gate: threading.Lock) -> bool:
        """Wait no more. False for who has been given a seat meanwhile."""
        with self._mutex:
            if gate not in self._waiting:
                return False
            self._waiting.remove(gate)
            return True

    def leave(self) -> None:
        """Leave the seat that was taken."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *_error: object) -> None:
        self.leave()


def _patience(seconds: float | None) -> float:
    return -1 if seconds is None else min(seconds, threading.TIMEOUT_MAX)
