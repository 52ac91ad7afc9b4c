"""Turns: callers that come while one is at work wait, and one of them does the work of all that gathered meanwhile.

Nobody waits for others to come: who is alone goes at once. The queue is served in the order in which they came.
"""

import threading
from typing import Any, Generic, TypeVar


class Turn:
    """One caller's work, and what became of it."""

    __slots__ = ("abandoned", "chosen", "error", "finished", "gate", "result")

    def __init__(self) -> None:
        self.gate = threading.Lock()
        self.abandoned = False
        self.chosen = False
        self.finished = False
        self.result: Any = None
        self.error: Exception | None = None

    def outcome(self) -> Any:
        """The result, or the error raised in the caller's own thread."""
        if self.error is not None:
            raise self.error
        return self.result


W = TypeVar("W", bound=Turn)


class Turns(Generic[W]):
    """Runs what has gathered, a batch at a time, in the thread of its first caller."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: list[W] = []
        self._led = False

    def _run(self, batch: list[W]) -> None:
        """Do it, and set `finished` on what is done."""
        raise NotImplementedError

    def _some(self, waiting: list[W]) -> list[W]:
        """Which of those that wait go together, the first one among them."""
        raise NotImplementedError

    def _take(self, turn: W, *, patience: float = -1) -> bool:
        """Have it done. False if nobody has begun it after `patience` seconds; then it is not done, and never will."""
        with self._mutex:
            follows, self._led = self._led, True
            if follows:
                turn.gate.acquire()
                self._waiting.append(turn)
        if not follows:
            self._lead([turn])
            return True
        done = self._wait(turn, patience)
        if done is False:
            self._lead(self._next_batch())
        return done is not None

    def _wait(self, turn: W, patience: float) -> bool | None:
        """Wait until it is finished, or chosen to lead: whether it is finished. None for who has left."""
        try:
            if not turn.gate.acquire(timeout=patience):
                if self._leave(turn):
                    return None
                turn.gate.acquire()
        except BaseException:
            self._withdraw(turn)
            raise
        return turn.finished

    def _leave(self, turn: W) -> bool:
        """Out of the queue, if it is still there and has not been chosen."""
        with self._mutex:
            if turn.chosen or turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True

    def _withdraw(self, turn: W) -> None:
        """An interrupted waiter leaves; were it chosen meanwhile, another must lead."""
        with self._mutex:
            turn.abandoned = True
            if turn in self._waiting:
                self._waiting.remove(turn)
            if turn.chosen:
                self._choose()

    def _next_batch(self) -> list[W]:
        with self._mutex:
            batch = self._some(self._waiting)
            if len(batch) == len(self._waiting):
                self._waiting = []
            else:
                self._waiting = [turn for turn in self._waiting if turn not in batch]
        return batch

    def _lead(self, batch: list[W]) -> None:
        """Run a batch whose first turn is the caller's own."""
        try:
            self._run(batch)
        finally:
            followers = batch[1:]
            with self._mutex:
                self._waiting[:0] = [turn for turn in followers if not (turn.finished or turn.abandoned)]
                self._choose()
            for turn in followers:
                if turn.finished:
                    turn.gate.release()

    def _choose(self) -> None:
        """Name the next leader. Needs the mutex."""
        self._led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].chosen = True
            self._waiting[0].gate.release()
