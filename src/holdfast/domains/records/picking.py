"""Weighted picks from memory: a set's records and their weights, read once and kept up with what changes.

What this process changes is told to its pools as it commits; what others change is looked for once in `pick_seconds`,
by the set's count of changes, and only what changed is read. After records were taken away, or moved to another level,
all is read anew: of what one may not see any more nothing tells. A pool is of one scope's levels, and for no other.
"""

import marshal
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.types import dump_json
from holdfast.domains.records import queries
from holdfast.domains.records.access import Source
from holdfast.domains.records.errors import NothingToPick, TooManyToPick
from holdfast.domains.records.filters import Filter, check_size, matches, parse
from holdfast.domains.records.models import Record, RecordSet
from holdfast.domains.records.pool_rows import Row, decode, kept, record_of
from holdfast.domains.records.weights import Weights, units

LOT = 5_000
MOST_VIEWS = 16
"""So many filters of a pool keep weights of their own."""
_chance = Random()  # shares of weights, no secrets


@dataclass(frozen=True)
class Change:
    """What one transaction changed of a set with weights; `rows` None: all is to be read anew."""

    set_id: UUID
    number: int
    rows: tuple[Row, ...] | None


@dataclass
class _View:
    where: Filter
    weights: Weights


class Pool:
    """The records of one set that one combination of levels sees."""

    def __init__(self, of: RecordSet, levels: frozenset[str], seen: int, rows: Iterable[Row], seconds: float) -> None:
        self.of = of
        self._levels = levels
        self._seconds = seconds
        self._lock = threading.Lock()
        self._rows = {_place(row): kept(row) for row in rows}
        self._weights = Weights((place, units(row[2])) for place, row in self._rows.items())
        self._views: OrderedDict[bytes | str, _View] = OrderedDict()
        self._expiry = self._next_expiry()
        self.trusted(seen)

    def trusted(self, seen: int) -> None:
        """It holds all changes as far as `seen`; until then, and until a record of it expires, nothing is looked up."""
        self.seen = seen
        trusted = self._seconds
        if self._expiry is not None:
            trusted = min(trusted, (self._expiry - now()).total_seconds())
        self._until = monotonic() + trusted

    @property
    def is_known(self) -> bool:
        """Whether it can be picked from without looking at the database."""
        return monotonic() < self._until

    def forget_expired(self, moment: datetime) -> None:
        """Take out what is not there any more."""
        if self._expiry is None or self._expiry > moment:
            return
        for place in [place for place, row in self._rows.items() if row[-1] and row[-1] <= moment]:
            del self._rows[place]
            for weights in (self._weights, *(view.weights for view in self._views.values())):
                weights.discard(place)
        self._expiry = self._next_expiry()

    def _next_expiry(self) -> datetime | None:
        return min((row[-1] for row in self._rows.values() if row[-1]), default=None)

    def doubt(self) -> None:
        """Have it looked at before the next pick."""
        self._until = 0.0

    def apply(self, change: Change) -> None:
        """Take over what this process has just committed, where nothing is missing before it."""
        with self._lock:
            if change.rows is None or change.number != self.seen + 1 or any(row.expires_at for row in change.rows):
                self.doubt()
                return
            self.put(row for row in change.rows if not row.level or row.level in self._levels)
            self.seen = change.number

    def put(self, rows: Iterable[Row]) -> None:
        """Put records in, new ones or in place of others."""
        for row in rows:
            place = _place(row)
            self._rows[place] = kept(row)
            if row.expires_at is not None and (self._expiry is None or row.expires_at < self._expiry):
                self._expiry = row.expires_at
            self._weights.set(place, units(row.weight))
            if self._views:
                data = decode(row.text)
                for view in self._views.values():
                    view.weights.set(place, units(row.weight) if matches(view.where, data) else 0)

    def pick(self, where: Mapping[str, object] | None, n: int, seed: int | None) -> list[Record]:
        """Records by their weights, each drawn anew. Raises `NothingToPick`, `InvalidFilter`."""
        chance = _chance if seed is None else Random(seed)  # see above
        with self._lock:
            weights = self._weights if where is None else self._view(where)
            if not weights.total:
                raise NothingToPick(self.of.name)
            if n == 1:
                return [record_of(self._rows[weights.pick(chance)])]
            return [record_of(self._rows[weights.pick(chance)]) for _ in range(n)]

    def _view(self, where: Mapping[str, object]) -> Weights:
        name = _name_of(where)
        view = self._views.get(name)
        if view is None:
            parsed = parse(where, self.of.schema)
            fitting = ((place, row) for place, row in sorted(self._rows.items()) if matches(parsed, decode(row[3])))
            view = self._views[name] = _View(parsed, Weights((place, units(row[2])) for place, row in fitting))
            if len(self._views) > MOST_VIEWS:
                self._views.popitem(last=False)
        self._views.move_to_end(name)
        return view.weights


def _name_of(where: Mapping[str, object]) -> bytes | str:
    """What a filter's view is kept by: the bytes of `marshal`, which are made quickly. Its version 2 writes a value in
    one way, knows 1 from True, and refuses what is of no plain type.
    """
    try:
        return marshal.dumps(where, 2)  # type: ignore[arg-type]  # else it raises
    except ValueError:
        check_size(where)
        return dump_json(where)


def _place(row: Row) -> str:
    """Where a record stands: NUL is in no key, so that places are in the order of keys."""
    return f"{row.key}\0{row.level}"


@dataclass
class Pools:
    """The pools of one open store."""

    kept: OrderedDict[tuple[UUID | None, str, frozenset[str]], Pool] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    told: int = 0
    """How often this process has committed something that pools must know."""

    def get(self, tenant_id: UUID | None, name: str, levels: frozenset[str]) -> Pool | None:
        """A pool, whether it is known or not."""
        return self.kept.get((tenant_id, name, levels))

    def keep(self, tenant_id: UUID | None, pool: Pool, levels: frozenset[str], *, told: int, most: int) -> None:
        """Keep a pool, one of `most`. `told`: as it was before the pool was read; it may miss what was told since."""
        with self.lock:
            if told != self.told:
                pool.doubt()
            place = (tenant_id, pool.of.name, levels)
            for gone in self._replaced(place, pool, most):
                gone.doubt()  # somebody may hold it still, and nobody tells it of changes any more

    def _replaced(self, place: tuple[UUID | None, str, frozenset[str]], pool: Pool, most: int) -> list[Pool]:
        before = self.kept.get(place)
        self.kept[place] = pool
        gone = [] if before is None or before is pool else [before]
        while len(self.kept) > most:
            gone.append(self.kept.popitem(last=False)[1])
        return gone

    def tell(self, change: Change) -> None:
        """What was committed."""
        with self.lock:
            self.told += 1
            for pool in self.kept.values():
                if pool.of.id == change.set_id:
                    pool.apply(change)


_pools: "WeakKeyDictionary[Engine, Pools]" = WeakKeyDictionary()


def pools_of(engine: Engine) -> Pools:
    """The pools of an open store."""
    found = _pools.get(engine)
    if found is None:
        found = _pools.setdefault(engine, Pools())
    return found


def tell(change: Change) -> None:
    """Tell every pool of this process what was committed: set ids are of one store alone."""
    for pools in list(_pools.values()):
        pools.tell(change)


def brought_up(tx: Transaction, before: Pool | None, source: Source, *, most: int, seconds: float) -> Pool:
    """A pool that is as its set is now: the one before with what changed since, or a new one.

    Raises `TooManyToPick`. One statement where nothing changed, two for changes; for a new pool one for each 5,000.
    """
    of, asked = source.of, source.at | {"now": now()}
    count, removed = tx.all(source.reads.changes, asked)[0]
    if before is not None and before.of == of and removed <= before.seen:
        with before._lock:
            if count != before.seen:
                changed = tx.all(source.reads.weighed_since, asked | {"change": before.seen})
                before.put(Row(*row) for row in changed)
            before.forget_expired(asked["now"])
            before.trusted(count)
        return before
    return Pool(of, source.levels, count, _read(tx, source, asked, most), seconds)


def _read(tx: Transaction, source: Source, asked: dict[str, Any], most: int) -> Iterator[Row]:
    after, found = dict(queries.START), 0
    while True:
        rows = [Row(*row) for row in tx.all(source.reads.weighed, asked | after | {"limit": LOT})]
        found += len(rows)
        if found > most:
            raise TooManyToPick(source.of.name, most)
        yield from rows
        if len(rows) < LOT:
            return
        after = {"after_key": rows[-1].key, "after_level": rows[-1].level}
