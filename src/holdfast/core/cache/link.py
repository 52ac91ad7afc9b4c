"""The link: a thread that hears from Redis what other processes stored and invalidated, and vouches for the first
level.

Redis says everything in the order it happened, on one connection. Whoever has heard the answer to a ping has heard all
that was said before the ping arrived. So the first level may be trusted for `cache_link_seconds` from when such a ping
was *sent*, and no longer: neither a line that is silently dead, nor a thread that does not get to run, nor a process
that was stopped for an hour can make it give what others have invalidated for longer than that. When the line breaks,
the first level is emptied as soon as this thread gets to run, and is not used until there is a new line and something
was heard on it. Nobody joins a load that was under way when the line broke, or when the new one was there: what was
invalidated in between was not heard. (While there is no line, at first too, callers of this process still share a load:
what they get is at most as old as that load is long.)

So there is a window: between the moment a line dies and the moment the thread has noticed, what others invalidate is
still given here. Where the system says that the line is closed (Redis was killed, a connection reset) the window is as
long as it takes until the thread runs; where nobody says anything, `cache_link_seconds`, and never longer than that.
Once `is_up` is False it is over.
"""

import os
import random
import threading
from time import monotonic

from holdfast.core.cache.flights import Flights
from holdfast.core.cache.keys import TOKEN_BYTES
from holdfast.core.cache.lines import FAILING, Line, Lines
from holdfast.core.cache.memory import Memory
from holdfast.core.cache.remote import Remote
from holdfast.core.database.internal import internal_error
from holdfast.core.resilience import BreakerOpen
from holdfast.core.telemetry import log

LONGEST_PAUSE = 0.1
"""Seconds between two attempts to connect, at most, beside what the breaker makes it wait."""


class Link:
    """The link of one process. The thread begins with `start`."""

    def __init__(self, lines: Lines, remote: Remote, memory: Memory, flights: Flights, *, seconds: float) -> None:
        self._lines = lines
        self._remote = remote
        self._memory = memory
        self._seconds = seconds
        self.begin(flights)

    def begin(self, flights: Flights) -> None:
        """Without a thread; the parent's is not in a child."""
        self._flights = flights
        self._process = os.getpid()
        self._starting = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._line: Line | None = None
        self._server: bytes | None = None
        self.is_up = False

    def start(self) -> None:
        """Start the thread, if there is none."""
        if self._thread is None:
            with self._starting:
                if self._thread is None and not self._ending.is_set():
                    self._thread = threading.Thread(target=self._run, name="holdfast-cache-link", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        pause = 0.02
        while not self._ending.is_set():
            try:
                self._follow()
            except (*FAILING, BreakerOpen):
                pass
            except Exception as error:  # noqa: BLE001  # the thread must live on
                if self._ending.is_set():
                    break  # its line was closed under it
                internal_error("cache", type(error).__name__, "following")
            pause = 0.02 if self.is_up else min(pause * 2, LONGEST_PAUSE)
            self._lose()
            self._ending.wait(pause * random.uniform(0.5, 1.0))

    def _lose(self) -> None:
        was_up = self.is_up
        self._memory.distrust()
        if was_up:
            self._flights.drop_all()
            self._remote.adrift()
        self.is_up = False  # only now: whoever sees it may rely on the above
        line, self._line = self._line, None
        if line is not None:
            line.close()
        if was_up and not self._ending.is_set():
            log.warning("cache.link_lost")

    def _follow(self) -> None:
        """Listen until the line breaks."""
        with self._remote.breaker.guarding():  # where nothing else asks, this is the probe
            line = self._line = self._lines.new()
            asked = monotonic()
            line.say(b"SUBSCRIBE", self._remote.channel)
            self._hear(line, self._lines.seconds)
        self._remote.linked(anew=self._server == line.server)
        if self._server is not None:  # there was a line before
            self._flights.drop_all()
        self._server = line.server
        self.is_up = True
        self._memory.trust(asked + self._seconds)
        while not self._ending.is_set():
            self._listen(line)

    def _listen(self, line: Line) -> None:
        """One ping, and what is heard until its answer and for a third of the time after it."""
        sent = monotonic()
        line.say(b"PING")
        while self._hear(line, self._seconds) != b"pong":
            pass
        self._memory.trust(sent + self._seconds)
        self._remote.probe()
        until = sent + self._seconds / 3
        while (left := until - monotonic()) > 0 and not self._ending.is_set():
            self._hear(line, left, must=False)

    def _hear(self, line: Line, seconds: float, *, must: bool = True) -> bytes | None:
        heard = line.hear(seconds)
        if heard is None:
            if must:
                raise TimeoutError("Redis is silent")
            return None
        kind: bytes = heard[0]
        if kind == b"message":
            self._told(heard[2])
        return kind

    def _told(self, said: bytes) -> None:
        kind, rest = said[:1], said[1:]
        if kind == b"s":
            token, version = rest[:TOKEN_BYTES], rest[TOKEN_BYTES:]
            self._memory.drop([token], but=version)
            self._flights.drop([token])
        elif kind == b"x":
            gone = [rest[at : at + TOKEN_BYTES] for at in range(0, len(rest), TOKEN_BYTES)]
            self._memory.drop(gone)
            self._flights.drop(gone)
        else:  # everything
            until = self._memory.trusted_until
            self._memory.distrust()
            self._flights.drop_all()
            self._memory.trust(until)

    def close(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None and self._process == os.getpid():
            line = self._line
            if line is not None:
                line.close()
            self._thread.join(5)
