"""Single flight within a process: who wants what another one is loading already waits for it.

A flight that was begun before an invalidation must not be joined after it: the loader may have read what was there
before. So dropping tokens also takes the flights with those tokens off the board; those who are on board arrive.
"""

import threading
from collections.abc import Callable, Iterable

from holdfast.core.cache.entries import Entry
from holdfast.core.cache.keys import Address, Token


class Flight:
    """One load under way."""

    def __init__(self, at: Address, tokens: frozenset[Token], owner: object) -> None:
        self.at = at
        self.tokens = tokens
        self.owner = owner
        """The thread or task that loads."""
        self.finished = False
        self.entry: Entry | None = None
        self.error: Exception | None = None
        self._lock = threading.Lock()
        self._tell: list[Callable[[], object]] = []

    def when_told(self, tell: Callable[[], object]) -> None:
        """Call `tell` when the flight has ended, or there may be news for whoever leads it; at once if it has."""
        with self._lock:
            if not self.finished:
                self._tell.append(tell)
                return
        tell()

    def end(self, *, entry: Entry | None = None, error: Exception | None = None) -> None:
        """It has arrived with a value or an error; or with neither, and somebody else must fly."""
        with self._lock:
            self.entry, self.error, self.finished = entry, error, True
        self.nudge()

    def nudge(self) -> None:
        """Wake those who wait."""
        with self._lock:
            told, self._tell = self._tell, []
        for tell in told:
            tell()


class Flights:
    """The loads under way in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_address: dict[Address, Flight] = {}

    def board(self, at: Address, tokens: tuple[Token, ...], owner: object) -> tuple[Flight, bool]:
        """The flight to `at`, and whether the caller leads it; then it must end it."""
        with self._lock:
            found = self._by_address.get(at)
            if found is not None:
                return found, False
            made = self._by_address[at] = Flight(at, frozenset(tokens), owner)
            return made, True

    def is_under_way(self, at: Address) -> bool:
        """Whether one is."""
        return at in self._by_address

    def land(self, flight: Flight, *, entry: Entry | None = None, error: Exception | None = None) -> None:
        """Off the board, and tell everybody."""
        with self._lock:
            if self._by_address.get(flight.at) is flight:
                del self._by_address[flight.at]
        flight.end(entry=entry, error=error)

    def drop(self, tokens: Iterable[Token]) -> None:
        """Let nobody board those with one of these tokens any more; and wake them, where they wait for Redis."""
        if not self._by_address:
            return
        dropped = frozenset(tokens)
        with self._lock:
            gone = [flight for flight in self._by_address.values() if not dropped.isdisjoint(flight.tokens)]
            for flight in gone:
                del self._by_address[flight.at]
        for flight in gone:
            flight.nudge()

    def drop_all(self) -> None:
        """The same for all of them: some were invalidated, and it is not known which."""
        with self._lock:
            gone, self._by_address = list(self._by_address.values()), {}
        for flight in gone:
            flight.nudge()
