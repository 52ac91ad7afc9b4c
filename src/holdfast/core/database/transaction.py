"""Transaction: runs queries for one scope, in one database transaction, over one connection."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Dialect

from holdfast.core.crypto.models import DataKey, KeyRow, Purpose
from holdfast.core.database.columns import Columns, lots
from holdfast.core.database.held_codes import HeldCodes
from holdfast.core.database.internal import internal_error
from holdfast.core.database.prepared import converter
from holdfast.core.database.query import Query
from holdfast.core.database.types import Id
from holdfast.core.errors import TenantGuardError
from holdfast.core.policy import Reach
from holdfast.core.scope import Scope

T = TypeVar("T")
Params = Mapping[str, Any]
Work = Callable[["Transaction"], T]
"""What is done inside a transaction. It may be run again (after a deadlock, say): it changes nothing else."""

_NOTHING: Params = {}


class OutsideNeeded(Exception):
    """Raised inside a transaction: something outside the database must be done first (`provide`, with no transaction
    open), and the work run again. When the work then fails, `undo` is told why.
    """

    def provide(self) -> None:
        """Do it. What it raises, the call raises."""
        raise NotImplementedError

    def undo(self, error: BaseException) -> None:
        """Take it back, where the work has failed for sure."""


class NotAtOnce(Exception):  # no error: it is done step by step
    """A procedure has done nothing, for what was asked is not what it is for."""


class Cursor(Protocol):
    """What both drivers' cursors have."""

    rowcount: int

    def execute(self, sql: Any, values: Any = ..., /) -> Any:
        """Run one statement."""

    def executemany(self, sql: Any, values: Any, /) -> Any:
        """Run one statement for each set of values."""

    def fetchall(self) -> Sequence[Sequence[Any]]:
        """Every row of the last statement."""


class Keys(Protocol):
    """What a transaction asks of the vault; see `core.crypto.vault`."""

    def current(self, tx: "Transaction", owner: UUID, purpose: Purpose, /) -> DataKey:
        """The key that seals for `owner` now."""
        ...

    def named(self, tx: "Transaction", wanted: Iterable[tuple[UUID, UUID, str]], /) -> dict[UUID, bytes]:
        """The keys that sealed some values, by id."""
        ...


@dataclass(frozen=True, kw_only=True)
class Together:
    """A procedure for several callers at once, in one transaction.

    Its parameters are lists: `each_tenant_id`, `each_actor_id`, `each_reach`, and one for each of `names`. It gives
    rows whose first column is the caller's place, from 1; who gets none calls by itself. It waits for no lock.
    """

    query: Query[Any]
    names: Sequence[str]
    """The procedure's own parameters."""
    apart: str
    """The parameter that no two of them may have in common."""
    row: Callable[[Sequence[Any], Params], Sequence[Any]]
    """The procedure's own row, from one of these and the caller's parameters."""


@dataclass(frozen=True, kw_only=True)
class Procedure(Generic[T]):
    """A named step that takes several statements, done in one round trip where the engine can.

    On PostgreSQL it is the server-side function of that name; elsewhere `steps` does the same, statement by
    statement. Both take the scope and `parameters`, and give one row of the same columns. One conformance suite runs
    over both.
    """

    name: str
    query: Query[Any]
    """`SELECT … FROM name(…)`, for engines with server-side functions."""
    steps: Callable[["Transaction", Params], Sequence[Any]] | None
    """None where the steps are what its calls do `otherwise`."""
    result: Callable[[Sequence[Any], Params], T]
    """What the row means, given the parameters; raises the domain's errors."""
    together: Together | None = None
    """For engines with server-side functions."""


class Recorded(NamedTuple):
    """What a change, or a read by another than the owner, was about: a line of the trail, but for who and when."""

    kind: str | None = None
    target_id: UUID | None = None
    owner_id: UUID | None = None
    tenant_id: UUID | None = None
    """Only for the operator, who is in no tenant."""
    details: Params = _NOTHING


class Call(Generic[T]):
    """One procedure with its parameters, as the whole work of a transaction.

    `about` is what its line in the trail says; the procedure writes that line itself. `before` is checked first, where
    there is something to check; then it takes more than one round trip. `otherwise` is the work where the procedure has
    done nothing (`NotAtOnce`); it records for itself what it is about.
    """

    __slots__ = ("about", "before", "otherwise", "params", "procedure")

    def __init__(
        self,
        procedure: Procedure[T],
        params: Params,
        *,
        about: Recorded,
        before: Callable[["Transaction"], None] | None = None,
        otherwise: Work[T] | None = None,
    ) -> None:
        self.procedure = procedure
        self.params = params
        self.about = about
        self.before = before
        self.otherwise = otherwise

    def __call__(self, tx: "Transaction") -> T:
        """Run it within a transaction."""
        if self.procedure.steps is None and not tx.has_procedures:
            assert self.otherwise is not None
            return self.otherwise(tx)
        if self.before is not None:
            self.before(tx)
        return self.procedure.result(tx.call(self.procedure, self.params), self.params)


def _own_values(scope: Scope, reach: Reach, dialect: Dialect) -> Params:
    """The scope's own parameters, as the driver takes them. The operator has none: it names the tenant it means."""
    made: Params | None = scope.prepared.get((dialect.name, reach))
    if made is None:
        made = scope.prepared[dialect.name, reach] = {} if scope.is_operator else _make_own(scope, reach, dialect)
    return made


def _make_own(scope: Scope, reach: Reach, dialect: Dialect) -> Params:
    convert = converter(Id(), dialect) or (lambda value: value)
    ids = {"tenant_id": scope.tenant_id, "actor_id": scope.actor_id}
    texts = {"reach": reach, "levels": "".join(sorted(scope.levels))}
    return {name: None if value is None else convert(value) for name, value in ids.items()} | texts


def carry_out_afterwards(calls: Sequence[Callable[[], object]]) -> None:
    """What a committed transaction wanted called. Nothing that goes wrong makes the committed call fail."""
    for call in calls:
        try:
            call()
        except Exception as error:  # noqa: BLE001  # it is committed, whatever this was
            internal_error("after_commit", type(error).__name__, "")


class Transaction:
    """Runs queries. `tenant_id`, `actor_id`, `reach` and `levels` in a query always take the scope's own values."""

    __slots__ = (
        "_cursor",
        "_dialect",
        "_server_side",
        "afterwards",
        "beforehand",
        "changed",
        "codes",
        "held",
        "own",
        "reach",
        "recorded",
        "scope",
        "seen",
        "vault",
    )

    def __init__(
        self,
        cursor: Cursor,
        dialect: Dialect,
        scope: Scope,
        reach: Reach,
        *,
        seen: dict[Any, Any] | None = None,
        server_side: bool = False,
        vault: Keys | None = None,
        codes: HeldCodes | None = None,
    ) -> None:
        self.scope = scope
        self.reach = reach
        self.seen: dict[Any, Any] = {} if seen is None else seen
        """What this process last saw of rows, kept over transactions: a guess, to be confirmed by a guarded update."""
        self.recorded: list[Recorded] = []
        """What the work says it was about; the action writes it to the trail."""
        self.changed = True
        self.afterwards: list[Callable[[], object]] = []
        self.beforehand: list[Callable[[], object]] = []
        self._cursor = cursor
        self._dialect = dialect
        self._server_side = server_side
        self.own = _own_values(scope, reach, dialect)
        self.vault = vault
        self.codes = codes
        """Where this only reads, on an engine with cells: what it saw may be held for other transactions."""
        self.held: dict[tuple[UUID, bool], list[KeyRow]] | None = None
        """The owners' data keys that the vault has looked up in this transaction."""

    def all(self, query: Query[T], params: Params = _NOTHING) -> list[T]:
        """Every row."""
        prepared = self._allowed(query).prepared(self._dialect)
        self._cursor.execute(prepared.sql, prepared.values(params, self))
        return prepared.rows(self._cursor.fetchall(), self)

    def together(self, *asked: tuple[Query[Any], Params]) -> list[list[Any]]:
        """Several queries, in this order, of which none needs what another gave: on a server one round trip for all.
        The rows of each; none for an INSERT, UPDATE or DELETE.
        """
        if not self._server_side:
            return [self._rows_of(query, params) for query, params in asked]
        prepared = [(self._allowed(query).prepared(self._dialect), params) for query, params in asked]
        statements = [(one.sql, one.values(params, self)) for one, params in prepared]
        found = self._cursor.together(statements)  # type: ignore[attr-defined]  # a server's cursor has it
        return [one.rows(raw, self) for (one, _), raw in zip(prepared, found, strict=True)]

    def _rows_of(self, query: Query[T], params: Params) -> list[T]:
        if query.statement.is_select:
            return self.all(query, params)
        self.run(query, params)
        return []

    def first(self, query: Query[T], params: Params = _NOTHING) -> T | None:
        """The first row, or None."""
        rows = self.all(query, params)
        return rows[0] if rows else None

    def run(self, query: Query[Any], params: Params = _NOTHING) -> int:
        """How many rows an INSERT, UPDATE or DELETE touched."""
        prepared = self._allowed(query).prepared(self._dialect)
        self._cursor.execute(prepared.sql, prepared.values(params, self))
        return self._cursor.rowcount

    def many(self, query: Query[Any], rows: Iterable[Params]) -> int:
        """Run an INSERT, UPDATE or DELETE once for each of `rows`; how many rows were touched in all."""
        prepared = self._allowed(query).prepared(self._dialect)
        values = [prepared.values(row, self) for row in rows]
        if not values:
            return 0
        self._cursor.executemany(prepared.sql, values)
        return self._cursor.rowcount

    def fill(self, query: Query[Any], shared: Params, each: Columns) -> int:
        """Run an INSERT once for each place of the lists of `each`; how many rows it made.

        `shared` has what is the same in all of them. It costs a third of `many`; on PostgreSQL one statement.
        """
        filling = self._allowed(query).filling(self._dialect, tuple(each))
        return sum(filling.run(self._cursor, shared, lot, self) for lot in lots(each))

    def call(self, procedure: Procedure[Any], params: Params) -> Sequence[Any]:
        """The row that a procedure gives."""
        if self._server_side:
            return self.all(procedure.query, params)[0]  # type: ignore[no-any-return]  # rows of Query[Any]
        assert procedure.steps is not None
        return procedure.steps(self, params)

    def record(
        self,
        kind: str,
        target_id: UUID | None = None,
        *,
        owner: UUID | None = None,
        tenant_id: UUID | None = None,
        **details: object,
    ) -> None:
        """Say what this work changes, for the trail. `details` are ids, names of things and counts, never content.

        `owner` is whose thing it is, to whom the change is also announced. `tenant_id` only for the operator.
        """
        self.recorded = [line for line in self.recorded if target_id is None or line.target_id != target_id]
        self.recorded.append(Recorded(kind, target_id, owner, tenant_id, details))

    def saw(self, kind: str, target_id: UUID, *, owner: UUID) -> None:
        """Say what this work reads. It leaves a line in the trail when it is not the actor's own."""
        if owner != self.scope.actor_id and not any(line.target_id == target_id for line in self.recorded):
            self.recorded.append(Recorded(kind, target_id, owner))

    def after_commit(self, call: Callable[[], object]) -> None:
        """Call `call` once this transaction is committed, in the caller's thread, with no transaction open.

        Only what the run that counts has asked for is called, however often the work was tried. Where nobody knows
        whether it committed (the connection broke at COMMIT) it is called too: let it be harmless if nothing changed.
        For what must follow, after a crash as well, there is the trail; this is for telling caches. Its errors are
        logged.
        """
        self.afterwards.append(call)

    def before_shown(self, call: Callable[[], object]) -> None:
        """Call `call` when this was read, before anybody gets to see it: where it raises, nobody does.

        For reads alone: no transaction is open by then.
        """
        self.beforehand.append(call)

    @property
    def is_sqlite(self) -> bool:
        """Whether this runs on SQLite."""
        return self._dialect.name == "sqlite"

    @property
    def has_procedures(self) -> bool:
        """Whether the engine keeps functions of ours, which take several steps in one round trip."""
        return not self.is_sqlite

    @property
    def writes_alone(self) -> bool:
        """Whether nobody else writes until this transaction ends, so that there is nothing to keep others from."""
        return self.is_sqlite

    @property
    def has_cells(self) -> bool:
        """Whether vectors are looked for in the nearest cells, where others go through a graph."""
        return self.is_sqlite

    def unchanged(self) -> None:
        """Say that everything was as wanted already, so that there is nothing for the trail."""
        self.changed = False

    @property
    def tenant_id(self) -> UUID | None:
        """The scope's tenant; None for the operator."""
        return self.scope.tenant_id

    def data_key(self, owner: UUID, purpose: Purpose) -> DataKey:
        """The key that seals for `owner` now: what `Secret` and `KeyedHash` columns are written with."""
        return self._keys().current(self, owner, purpose)

    def data_keys(self, wanted: Iterable[tuple[UUID, UUID, str]]) -> dict[UUID, bytes]:
        """The keys that sealed some values, by id. `wanted`: of each its owner, its key's id and its column."""
        return self._keys().named(self, wanted)

    def _keys(self) -> Keys:
        if self.vault is None:
            raise RuntimeError("this transaction has no vault; run it through an engine")
        return self.vault

    def _allowed(self, query: Query[T]) -> Query[T]:
        if query.operator:
            if not self.scope.is_operator:
                raise TenantGuardError("an operator's query was run within a tenant; give it a tenant predicate")
        elif self.scope.tenant_id is None:
            raise TenantGuardError("a tenant's query was run without a tenant; open a scope with store.tenant(…)")
        return query
