"""A pool of connections: what came back last is lent first, and nothing of it is looked at or reset.

SQLAlchemy's keeps a record and fires events for each loan, which took 40 µs of a call; this one takes 2. What a
connection is worth when it comes back, its engine knows.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from holdfast.core.database.errors import Busy
from holdfast.core.seats import Seats


class Closes(Protocol):
    """What can be lent."""

    def close(self) -> None:
        """End it."""


C = TypeVar("C", bound=Closes)


class Pool(Generic[C]):
    """At most `size` connections, made by `connect` as they are needed; who finds none waits up to `seconds`, and those
    who wait are served in order of arrival.
    """

    def __init__(self, connect: Callable[[], C], *, size: int, seconds: float) -> None:
        self._connect = connect
        self._seconds = seconds
        self._idle: list[C] = []
        self._seats = Seats(size)

    @property
    def lent(self) -> int:
        """Connections in use now."""
        return self._seats.taken

    def take(self) -> C:
        """A connection, to be given back or dropped. Raises `Busy`, or what connecting raises."""
        if not self._seats.take(self._seconds):
            raise Busy("connection", self._seconds, in_use=self._seats.count, waiting=self._seats.waiting)
        try:
            return self._idle_one() or self._connect()
        except BaseException:
            self._seats.leave()
            raise

    def _idle_one(self) -> C | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def give(self, connection: C) -> None:
        """Back, as it was lent."""
        self._idle.append(connection)  # before the seat is free: who gets that finds it
        self._seats.leave()

    def drop(self, connection: C) -> None:
        """Back, not to be lent again."""
        self._seats.leave()
        connection.close()

    def dispose(self) -> None:
        """Close what is not lent."""
        while (connection := self._idle_one()) is not None:
            connection.close()
