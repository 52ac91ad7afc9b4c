"""Counters of limits in Redis: what one process asks of them.

They are a copy of what the database knows, never the other way round, and say at least as much as it does: units are
held in Redis before the transaction that uses them, and counted as used after it. Whatever is left behind when a
process dies between the two expires, and the counter is built anew from the ledger (`counting.recount`).
"""

import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from holdfast.core.clock import from_microseconds, to_microseconds
from holdfast.core.database.engine import Engine
from holdfast.core.errors import InvalidInput
from holdfast.core.resilience import BreakerOpen, BreakerPolicy
from holdfast.domains.metering.applied import Applied
from holdfast.domains.metering.counter_scripts import BUILD, FINISH, STANDING, TAKE
from holdfast.domains.metering.periods import last_gone

T = TypeVar("T")


class Away(Exception):
    """Redis was not reached, or is not known here. Never reaches a caller."""


class Unbuilt(NamedTuple):
    """The first counter that does not count, of those that were asked."""

    at: int


class Full(NamedTuple):
    """The first counter that has not so much left; how many of its holds have expired, when the first one does, and of
    a rolling window what was used when.
    """

    at: int
    used: int
    held: int
    expired: int
    first: datetime | None
    slots: list[tuple[datetime, int]]


class Stood(NamedTuple):
    """What was used and held of a counter before something was taken."""

    used: int
    held: int


@dataclass(frozen=True)
class Asked:
    """Units of one counter: of a limit in a period, by the count of it that is good (`epoch`)."""

    limit: Applied
    period: datetime
    units: int
    epoch: int = 0
    behind: bool = False
    """Something was charged that the counter was not told."""
    spent: dict[str, int] = field(default_factory=dict, hash=False)
    """What is to be counted at the end, by the counter's fields: `used`, or slots of a rolling window."""

    @property
    def place(self) -> tuple[UUID, datetime]:
        """Which counter."""
        return self.limit.id, self.period


class Built(NamedTuple):
    """What the ledger says of a counter."""

    epoch: int
    used: int
    slots: dict[datetime, int]
    holds: list[tuple[UUID, int, datetime]]


def slot_field(slot: datetime) -> str:
    """The field of a slot."""
    return f"s{to_microseconds(slot)}"


class Counters:
    """One store's counters, as seen from this process. Safe to use from any number of threads."""

    def __init__(self, engine: Engine, lines: Any, failing: tuple[type[Exception], ...]) -> None:
        self._lines = lines
        self._prefix = b"holdfast:limits:%s:" % engine.levels.tokens.store.encode()
        policy = BreakerPolicy(failures=3, pause=0.25, longest=2.0)
        self.breaker = engine.breakers.breaker("limits", failing=failing, policy=policy)
        self._failing = failing

    def take(
        self, tenant: UUID, hold: UUID, asked: Sequence[Asked], *, moment: datetime, expires: datetime, force: bool
    ) -> "list[Stood | None] | Unbuilt | Full":
        """Hold units of each counter. One round trip. Raises `Away`. See `counter_scripts.TAKE`."""

        def work(line: Any) -> Any:
            values: list[bytes | int] = [
                hold.bytes,
                to_microseconds(moment),
                to_microseconds(expires),
                int(force),
            ]
            for one in asked:
                values += [line.server, one.epoch, one.limit.amount, one.units, *_bounds(one.limit, moment)]
            return line.run(TAKE, self._keys(tenant, [one.place for one in asked]), *values)

        said = self._ask(work)
        if said[0] == b"unbuilt":
            return Unbuilt(said[1] - 1)
        if said[0] == b"full":
            first = from_microseconds(int(said[5][1])) if said[5] else None
            return Full(said[1] - 1, int(said[2]), int(said[3]), said[4], first, _slots(said[6]))
        return [Stood(int(one[0]), int(one[1])) if one else None for one in said[1:]]

    def finish(self, tenant: UUID, hold: UUID, ended: Sequence[tuple[tuple[UUID, datetime], dict[str, int]]]) -> None:
        """End a hold on some counters. `ended`: of each what was used, by its fields. Raises `Away`."""
        values: list[bytes | int] = [hold.bytes]
        for _, spent in ended:
            counted = [(name, units) for name, units in spent.items() if units]
            values.append(len(counted))
            for name, units in counted:
                values += [name.encode(), units]
        self._ask(lambda line: line.run(FINISH, self._keys(tenant, [place for place, _ in ended]), *values))

    def build(self, tenant: UUID, place: tuple[UUID, datetime], built: Built) -> None:
        """Set a counter to what the ledger says. Raises `Away`."""
        values: list[bytes | int] = [built.epoch, built.used, len(built.slots)]
        for slot, units in built.slots.items():
            values += [slot_field(slot).encode(), units]
        for hold, units, expires in built.holds:
            values += [hold.bytes, units, to_microseconds(expires)]
        self._ask(lambda line: line.run(BUILD, self._keys(tenant, [place]), line.server, *values))

    def standing(self, tenant: UUID, asked: Asked, moment: datetime) -> tuple[int, int, int] | None:
        """Used, held and expired holds of a counter; None where it does not count. Raises `Away`."""
        keys, bounds = self._keys(tenant, [asked.place]), _bounds(asked.limit, moment)
        at = to_microseconds(moment)
        said = self._ask(lambda line: line.run(STANDING, keys, line.server, asked.epoch, at, *bounds))
        return (int(said[0]), int(said[1]), said[2]) if said else None

    def answers(self) -> bool:
        """Whether Redis answers now. One round trip."""
        try:
            return bool(self._ask(lambda line: line.ask(b"PING")))
        except Away:
            return False

    def begin(self) -> None:
        """In a child process: connections of its own."""
        self._lines.begin()

    def close(self) -> None:
        """Close every connection."""
        self._lines.close()

    def _keys(self, tenant: UUID, places: Sequence[tuple[UUID, datetime]]) -> list[bytes]:
        """Three to a counter; the braces keep a tenant's in one slot of a cluster."""
        made = []
        for limit, period in places:
            before = b"%s{%s}:%s:%d" % (self._prefix, tenant.hex.encode(), limit.hex.encode(), to_microseconds(period))
            made += [before, before + b":h", before + b":x"]
        return made

    def _ask(self, work: Callable[[Any], T]) -> T:
        try:
            return self.breaker.call(lambda: self._on_line(work))
        except self._failing as error:
            raise Away from error
        except BreakerOpen as error:
            raise Away from error

    def _on_line(self, work: Callable[[Any], T]) -> T:
        from holdfast.core.cache.lines import LOST

        try:
            return self._lines.call(work)  # type: ignore[no-any-return]  # of a module that needs the extra `redis`
        except LOST:
            self._lines.drop_idle()
            return self._lines.call(work)  # type: ignore[no-any-return]  # everything asked can be asked twice


def _bounds(limit: Applied, moment: datetime) -> tuple[bytes, bytes]:
    """Of a rolling window the last slot that has left it, and the last that can be dropped: a clock may go back."""
    if limit.per != "window":
        return b"", b""
    gone = last_gone(moment, limit.window_seconds)
    before = gone - timedelta(seconds=limit.window_seconds)
    return b"%d" % to_microseconds(gone), b"%d" % to_microseconds(before)


def _slots(fields: list[bytes]) -> list[tuple[datetime, int]]:
    """The slots of a counter, the first one first."""
    pairs = zip(fields[::2], fields[1::2], strict=True)
    found = [(int(name[1:]), int(units)) for name, units in pairs if name[:1] == b"s" and name != b"server"]
    return [(from_microseconds(slot), units) for slot, units in sorted(found)]


_open: "weakref.WeakKeyDictionary[Any, Counters]" = weakref.WeakKeyDictionary()


def check_counters(engine: Engine) -> None:
    """Raise `InvalidInput` where this store knows no Redis for limits."""
    if counters_of(engine) is None:
        text = "counter: this store knows no Redis; open it with Settings(counters='redis://…'), or cache=, first"
        raise InvalidInput(text, field="counter")


def counters_of(engine: Engine) -> Counters | None:
    """The counters of a store; None where its settings name no Redis. Raises `InvalidInput` for a wrong address."""
    found = _open.get(engine)
    settings = engine.levels.settings
    url = settings.counters or settings.cache
    if found is not None or url is None:
        return found
    try:
        from holdfast.core.cache.lines import FAILING, Lines
    except ImportError as error:
        text = f"counters: {error.name} is not installed; install holdfast[redis]"
        raise InvalidInput(text, field="counters") from error
    try:
        lines = Lines(url, seconds=settings.cache_redis_seconds, most=int(settings.cache_pool))
    except ValueError:
        text = "counters: not the address of a Redis (not repeated: it may hold a password); give redis://host:port/0"
        raise InvalidInput(text, field="counters") from None
    made = _open.setdefault(engine, Counters(engine, lines, FAILING))
    engine.levels.closing.append(made.close)
    return made


def _begin_in_child() -> None:
    for counters in list(_open.values()):
        counters.begin()


os.register_at_fork(after_in_child=_begin_in_child)
