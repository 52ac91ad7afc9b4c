"""The gate of an engine: who is inside, so that its connections are closed or left behind only when nobody is.

A SQLite connection must not cross a fork, not even unused: SQLite remembers locks per process and file, the child would
believe it holds its parent's, and what it commits could be deleted under it. So before a fork the gate lets nobody
in, waits until everybody is out, and has the connections closed; parent and child open new ones when they need them.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable

from holdfast.core.database.errors import StoreClosed

PATIENCE = 10.0
"""So many seconds a fork waits for calls that are under way. A child born with one under way cannot use the store."""


class Gate:
    """Counts the calls inside. `drop` closes every connection; new ones are opened on demand."""

    def __init__(self, drop: Callable[[], None]) -> None:
        self._drop = weakref.WeakMethod(drop)
        self._reset()
        _gates.add(self)

    def _reset(self) -> None:
        self._mutex = threading.Lock()
        self._changed = threading.Condition(self._mutex)
        self._inside = 0
        self._paused = False
        self.closed = False

    def inside(self) -> "Gate":
        """For one call, in a `with` statement. Raises `StoreClosed` there."""
        return self

    def __enter__(self) -> None:
        with self._mutex:
            while self._paused and not self.closed:
                self._changed.wait()
            if self.closed:
                raise StoreClosed
            self._inside += 1

    def __exit__(self, *_error: object) -> None:
        with self._mutex:
            self._inside -= 1
            if self._paused or self.closed:
                self._changed.notify_all()

    def close(self) -> bool:
        """Let nobody in any more and wait until everybody is out. Whether it was open."""
        with self._changed:
            was_open, self.closed = not self.closed, True
            self._changed.notify_all()
            while self._inside:
                self._changed.wait()
        return was_open

    def renew(self) -> None:
        """Wait until nobody is inside and drop every connection, so that new ones are opened."""
        self.before_fork()
        self.after_in_parent()

    def before_fork(self) -> None:
        """Pause, wait, drop the connections."""
        give_up = time.monotonic() + PATIENCE
        with self._changed:
            self._paused = True
            while self._inside and time.monotonic() < give_up:
                self._changed.wait(0.1)
            drop = self._drop()
            if not self._inside and not self.closed and drop is not None:
                drop()

    def after_in_parent(self) -> None:
        """Go on."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def after_in_child(self) -> None:
        """Go on without the parent's other threads; closed, if one of them was inside."""
        closed = self.closed or self._inside > 0
        self._reset()
        self.closed = closed


_gates: "weakref.WeakSet[Gate]" = weakref.WeakSet()


def _each(step: Callable[[Gate], None]) -> Callable[[], None]:
    def run() -> None:
        for gate in list(_gates):
            step(gate)

    return run


os.register_at_fork(
    before=_each(Gate.before_fork),
    after_in_parent=_each(Gate.after_in_parent),
    after_in_child=_each(Gate.after_in_child),
)
