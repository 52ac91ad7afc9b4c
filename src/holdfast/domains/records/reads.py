"""Reading records: sets, one record, those that a filter lets through, counts, groups, words."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from holdfast.core import lexical
from holdfast.core.action import Actions, action, composite
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput, PermissionDenied
from holdfast.core.pages import InvalidCursor, Page, check_limit, decode_cursor, encode_cursor
from holdfast.core.policy import allow
from holdfast.domains.records import picking, queries
from holdfast.domains.records.access import as_set, find_set
from holdfast.domains.records.conditions import Shape, split
from holdfast.domains.records.errors import RecordNotFound
from holdfast.domains.records.filters import All, Compare, parse
from holdfast.domains.records.models import Group, Record, RecordHit, RecordSet, RecordVersion
from holdfast.domains.records.paths import Path, parse_path
from holdfast.domains.records.schemas import kinds_at
from holdfast.domains.records.storing import PURPOSE
from holdfast.domains.records.tables import PLACES
from holdfast.domains.records.values import value_of

Where = Mapping[str, object] | None
_KINDS = ("string", "number", "boolean")
MOST_PICKED = 10_000
CANDIDATES = 1_000
"""So many of the best texts are looked at where a filter is to let some through."""


class RecordReads(Actions):
    """What can be read of records; see `Records`."""

    @action("records.read", writes=False)
    def sets(self) -> Work[list[RecordSet]]:
        """The tenant's record sets, by name."""
        return lambda tx: [as_set(row) for row in tx.all(queries.sets)]

    @action("records.read", writes=False)
    def get_set(self, name: str) -> Work[RecordSet]:
        """A set as it was defined. Raises `SetNotFound`."""
        return lambda tx: find_set(tx, name)

    @action("records.read", writes=False)
    def get(self, name: str, key: str) -> Work[Record]:
        """A record by its key. Raises `SetNotFound`, `RecordNotFound`."""
        wanted = check_key(key)

        def work(tx: Transaction) -> Record:
            of = find_set(tx, name)
            row = tx.first(queries.record, {"set_id": of.id, "key": wanted, "now": now()})
            if row is None:
                raise RecordNotFound(of.name, wanted)
            return as_record(row)

        return work

    @action("records.read", writes=False)
    def find(
        self,
        name: str,
        *,
        where: Mapping[str, object] | None = None,
        order: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Record]]:
        """A page of the records that a filter lets through.

        `where` as in docs/how-to/records.md: `{"sector": "J", "price": {"<": 100}}`. `order`: the key, which is the
        default, or an indexed path; `-` before it turns it round. What is asked of indexed paths, and ordered by one,
        stays quick in sets of any size; other conditions look at every record that those let through. Raises
        `SetNotFound`, `InvalidFilter`, `InvalidCursor`.
        """
        most = check_limit(limit, self.settings.page)
        question = ("records.find", self.scope.tenant_id, self.scope.actor_id, name, repr(where), order)

        def work(tx: Transaction) -> Page[Record]:
            of = find_set(tx, name)
            shape, values = _question(of, where)
            column, descending = _order(of, order)
            if cursor is not None:
                values |= _place(question, cursor, column)
            query = queries.page(shape, order=column, descending=descending, after=cursor is not None)
            rows = tx.all(query, values | {"set_id": of.id, "now": now(), "limit": most + 1})
            items = tuple(as_record(row) for row in rows[:most])
            if len(rows) <= most:
                return Page(items=items)
            last = rows[most - 1]
            code = [] if column == "key" else [bytes(last[-1]).hex()]
            return Page(items=items, next=encode_cursor(question, [*code, last[0], last[3]]))

        return work

    @action("records.read", writes=False)
    def count(self, name: str, *, where: Mapping[str, object] | None = None) -> Work[int]:
        """How many records a filter lets through. Raises `SetNotFound`, `InvalidFilter`."""

        def work(tx: Transaction) -> int:
            of = find_set(tx, name)
            shape, values = _question(of, where)
            return int(tx.all(queries.count(shape), values | {"set_id": of.id, "now": now()})[0][0])

        return work

    @action("records.read", writes=False)
    def group(
        self, name: str, *, by: str, where: Mapping[str, object] | None = None, limit: int = 50
    ) -> Work[list[Group]]:
        """How many records have each value at a path, the most frequent first; lists and objects are no values.

        Reads the path's index, or every record that the filter lets through. Raises `SetNotFound`, `InvalidFilter`.
        """
        most, path = check_limit(limit, self.settings.page), parse_path(by, field="by")

        def work(tx: Transaction) -> list[Group]:
            of = find_set(tx, name)
            shape, values = _question(of, where)
            asked = values | {"set_id": of.id, "now": now(), "limit": most, "by": path}
            if ".".join(path) in of.indexed:
                column = PLACES[of.indexed.index(".".join(path))]
                rows = tx.all(queries.groups(shape, column=column, kind=None), asked)
                return [Group(value=value_of(bytes(code)), count=many) for code, many in rows]
            found = _groups_at(tx, of, path, shape, asked)
            absent, given = _question(of, where, Compare(path, "=", None))
            none = int(tx.all(queries.count(absent), given | {"set_id": of.id, "now": asked["now"]})[0][0])
            found += [Group(value=None, count=none)] if none else []
            return sorted(found, key=lambda group: -group.count)[:most]

        return work

    @action("records.read", writes=False)
    def history(self, name: str, key: str, *, limit: int = 50) -> Work[list[RecordVersion]]:
        """The versions of a record, the latest first, also of one that was deleted; none where the set keeps none.

        Each is shown at the level that it had. Raises `SetNotFound`.
        """
        wanted, most = check_key(key), check_limit(limit, self.settings.page)

        def work(tx: Transaction) -> list[RecordVersion]:
            rows = tx.all(queries.versions, {"set_id": find_set(tx, name).id, "key": wanted, "limit": most})
            names = ("key", "version", "clearance", "data", "changed_by", "changed_at")
            return [
                RecordVersion(**dict(zip(names, (*row[:2], row[2] or None, *row[3:]), strict=True))) for row in rows
            ]

        return work

    @composite
    def pick(
        self, name: str, *, where: Mapping[str, object] | None = None, n: int = 1, seed: int | None = None
    ) -> list[Record]:
        """`n` records, each drawn anew with the share of its weight among those that the filter lets through.

        Exact, from memory: the set is read at the first pick, then a pick takes microseconds. What this process changes
        counts at once, what others change after a second at the latest (`pick_seconds`). The same seed gives the same
        from the same records, wherever they are stored. Raises `SetNotFound`, `InvalidFilter`, `NothingToPick`,
        `TooManyToPick`, `InvalidInput` where the set has no `weight`.
        """
        check_limit(n, MOST_PICKED, field="n")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise InvalidInput(f"seed: {seed!r:.40} is no whole number", field="seed")
        pool = self._pool_at_hand(name)
        return (pool or self._pool(name)).pick(where, n, seed)

    def _pool_at_hand(self, name: str) -> picking.Pool | None:
        """The pool, where it is known and the scope may use it; who may not is refused by `_pool`, which records it."""
        scope = self.access.checked()
        try:
            allow(scope, "records.read", writes=False)
        except PermissionDenied:
            return None
        pool = picking.pools_of(self.engine).get(scope.tenant_id, name, scope.levels)
        return pool if pool is not None and pool.is_known else None

    @action("records.read", writes=False)
    def _pool(self, name: str) -> Work[picking.Pool]:
        pools, limits = picking.pools_of(self.engine), self.settings
        told = pools.told

        def work(tx: Transaction) -> picking.Pool:
            of = find_set(tx, name)
            if of.weight is None:
                raise InvalidInput(f"name: record set {of.name!r:.200} has no weight path; define one", field="name")
            before = pools.get(tx.tenant_id, of.name, tx.scope.levels)
            pool = picking.brought_up(tx, before, of, most=limits.pick_records, seconds=limits.pick_seconds)
            pools.keep(tx.tenant_id, pool, tx.scope.levels, told=told, most=limits.pick_sets)
            return pool

        return work

    @action("records.read", writes=False)
    def search(
        self, name: str, query: str, *, where: Mapping[str, object] | None = None, k: int = 20
    ) -> Work[list[RecordHit]]:
        """The records whose `text` answers a question best, best first; any of its words may match.

        `"joint account"` is found as a phrase, `elig*` as a beginning, `-draft` leaves records out. `where`: among the
        best 1,000, those that the filter lets through. Raises `SetNotFound`, `InvalidFilter`, `QuestionTooLong`,
        `InvalidInput` where the set has no `text`.
        """
        question = lexical.parse_question(query, most_chars=self.settings.query_chars)
        most = check_limit(k, self.settings.page, field="k")

        def work(tx: Transaction) -> list[RecordHit]:
            of = find_set(tx, name)
            if not of.text:
                raise InvalidInput(f"query: record set {of.name!r:.200} has no text paths; define some", field="query")
            shape, values = _question(of, where)
            wanted = most if where is None else max(most, CANDIDATES)
            found = lexical.search(tx, question, purpose=PURPOSE, abouts=[of.id], k=wanted)
            return _hits(tx, of, found, shape, values, most)

        return work


def as_record(row: tuple[Any, ...]) -> Record:
    """A row of what is shown of records."""
    key, data, version, level, created_at, updated_at, expires_at = row[:7]
    return Record(
        key=key,
        data=data,
        version=version,
        clearance=level or None,
        created_at=created_at,
        updated_at=updated_at,
        expires_at=expires_at,
    )


def check_key(key: object) -> str:
    """A key as it is kept. Raises `InvalidInput`."""
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    if not isinstance(key, str) or not key or "\0" in key:
        raise InvalidInput(f"key: {key!r:.80} is no key; give a text", field="key")
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "key: has a lone surrogate; decode the source with the right encoding first", field="key"
        ) from error
    return key


def indexed_paths(of: RecordSet) -> tuple[Path, ...]:
    """The indexed paths of a set, in the order of their columns."""
    return tuple(tuple(one.split(".")) for one in of.indexed)


def _question(of: RecordSet, where: Where, *also: Compare) -> tuple[Shape, dict[str, Any]]:
    return split(All((parse(where, of.schema), *also)), indexed_paths(of))


def _order(of: RecordSet, order: str | None) -> tuple[str, bool]:
    """The column that is ordered by, and whether downwards."""
    if order is None:
        return "key", False
    if not isinstance(order, str):
        raise InvalidInput(f"order: {order!r:.80} is no path", field="order")
    wanted, descending = order.removeprefix("-"), order.startswith("-")
    if wanted == of.key and wanted not in of.indexed:
        return "key", descending
    if wanted not in of.indexed:
        can = ", ".join((of.key, *of.indexed))
        raise InvalidInput(f"order: {wanted!r:.80} is neither the key nor indexed; give one of {can}", field="order")
    return PLACES[of.indexed.index(wanted)], descending


def _place(question: tuple[object, ...], cursor: str, column: str) -> dict[str, Any]:
    names = [] if column == "key" else [f"after_{column}"]
    given = decode_cursor(question, cursor, length=len(names) + 2)
    if not all(isinstance(one, str) for one in given):
        raise InvalidCursor(cursor)
    try:
        codes = [bytes.fromhex(str(one)) for one in given[: len(names)]]
    except ValueError as error:
        raise InvalidCursor(cursor) from error
    return dict(zip([*names, "after_key", "after_level"], [*codes, *given[len(names) :]], strict=True))


def _groups_at(tx: Transaction, of: RecordSet, path: Path, shape: Shape, asked: dict[str, Any]) -> list[Group]:
    found: list[Group] = []
    for kind in kinds_at(of.schema, path) & set(_KINDS):
        rows = tx.all(queries.groups(shape, column=None, kind=kind), asked)
        found += [Group(value=_grouped(kind, value), count=many) for value, many in rows]
    return found


def _grouped(kind: str, value: Any) -> str | float | bool:
    if kind == "boolean":
        return bool(value == "true")
    if kind == "string":
        return str(value)
    number = float(value)
    return int(value) if number.is_integer() else number


def _hits(
    tx: Transaction, of: RecordSet, found: list[lexical.Found], shape: Shape, values: dict[str, Any], most: int
) -> list[RecordHit]:
    hits: list[RecordHit] = []
    for start in range(0, len(found), 200):
        lot = found[start : start + 200]
        asked = values | {"set_id": of.id, "now": now(), "ids": [one.item_id for one in lot]}
        rows: dict[UUID, Any] = {row[7]: row for row in tx.all(queries.among(shape), asked)}
        hits += [RecordHit(record=as_record(rows[one.item_id]), score=one.score) for one in lot if one.item_id in rows]
        if len(hits) >= most:
            break
    return hits[:most]
