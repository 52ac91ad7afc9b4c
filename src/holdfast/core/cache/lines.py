"""Connections to Redis: a few, lent one to a call, each with a time limit and with one server at its end.

redis-py's connection is used for what it knows (addresses, TLS, logging in, the protocol); its client and its pool are
not. They connect again behind one's back, and a subscription that was broken for a moment is then a first level that
has missed what it should have dropped. Here a broken line is an error, each time.

Each line knows the *server* at its end by the number Redis gives each start of the program. All keys carry it: after a
restart, which may bring back an older state, or a failover to a copy that lacks the last writes, nothing from before
counts any more.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from holdfast.core.cache.scripts import Script
from holdfast.core.seats import Seats

T = TypeVar("T")

FAILING = (redis.RedisError, OSError)
"""What means that Redis is away, or not of use."""
LOST = redis.ConnectionError
"""What means that a connection is broken, which a new one may not be."""


class Line:
    """One connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        try:
            connection.connect()
            info: bytes = self.ask(b"INFO", b"server")
        except BaseException:
            self.close()
            raise
        lines = dict(line.split(b":", 1) for line in info.splitlines() if b":" in line)
        self.server = lines[b"run_id"]

    def ask(self, *command: bytes | int) -> Any:
        """What Redis answers. Raises what redis-py raises."""
        self.say(*command)
        return self._connection.read_response(disable_decoding=True)

    def say(self, *command: bytes | int) -> None:
        """Send without waiting."""
        parts = [part if isinstance(part, bytes) else b"%d" % part for part in command]
        packed = b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])
        self._connection.send_packed_command([b"*%d\r\n%b" % (len(parts), packed)], check_health=False)

    def hear(self, seconds: float) -> Any:
        """The next that Redis says by itself; None when it says nothing for so long."""
        connection = self._connection
        return connection.read_response(disable_decoding=True) if connection.can_read(timeout=seconds) else None

    def run(self, script: Script, keys: list[bytes], *arguments: bytes | int) -> Any:
        """Run a script, which Redis is told once. One round trip."""
        try:
            return self.ask(b"EVALSHA", script.name, len(keys), *keys, *arguments)
        except redis.exceptions.NoScriptError:
            return self.ask(b"EVAL", script.text, len(keys), *keys, *arguments)

    def close(self) -> None:
        """Close it."""
        self._connection.disconnect()


class Lines:
    """The connections of one process."""

    def __init__(self, url: str, *, seconds: float, most: int) -> None:
        """`seconds`: how long each connecting and each answer may take. Raises ValueError for what is no address."""
        pool: Any = redis.ConnectionPool.from_url(
            url,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )
        self._make: Callable[[], Any] = lambda: pool.connection_class(**pool.connection_kwargs)
        self.seconds = seconds
        self.most = most
        self.begin()

    def begin(self) -> None:
        """Start without any, with locks of this process. What a parent process has open stays open there."""
        self._lock = threading.Lock()
        self._seats = Seats(self.most)
        self._idle: list[Line] = []
        self._closed = False
        self.server: bytes | None = None

    @property
    def in_use(self) -> int:
        """How many are lent now."""
        return self._seats.taken

    def new(self) -> Line:
        """A line of one's own, to be closed by the caller. The server it meets is the one that counts from now on."""
        line = Line(self._make())
        with self._lock:
            if line.server != self.server:
                self.server, gone, self._idle = line.server, self._idle, []
                for other in gone:
                    other.close()
        return line

    def call(self, work: Callable[[Line], T]) -> T:
        """What `work` does on a line. The line is closed if that fails, whatever failed."""
        if not self._seats.take(self.seconds):
            raise redis.ConnectionError("every connection is in use")
        try:
            line = self._idle_line() or self.new()
            try:
                done = work(line)
            except BaseException:
                line.close()
                raise
            self._take_back(line)
            return done
        finally:
            self._seats.leave()

    def _idle_line(self) -> Line | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _take_back(self, line: Line) -> None:
        with self._lock:
            if line.server == self.server and not self._closed:
                self._idle.append(line)
                return
        line.close()

    def drop_idle(self) -> None:
        """Close those that nobody uses: when one is lost, the others of its time usually are."""
        with self._lock:
            gone, self._idle = self._idle, []
        for line in gone:
            line.close()

    def close(self) -> None:
        """Close every line as it comes back."""
        with self._lock:
            self._closed = True
        self.drop_idle()
