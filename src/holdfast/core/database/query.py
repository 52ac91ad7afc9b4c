"""Query: a statement written in SQLAlchemy Core, checked by the tenant guard, compiled once per engine.

SQLAlchemy writes the SQL; the driver's own cursor runs it. Its executor costs 100–145 µs a statement, more
than the statements themselves; compiled once, the same portable text costs the driver's price.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import BindParameter, Delete, Dialect, Insert, Select, Update, bindparam
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.selectable import CompoundSelect
from sqlalchemy.types import TypeEngine

from holdfast.core.database import guard
from holdfast.core.database.types import Id, PerEngine

T = TypeVar("T")
Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete

RESERVED = ("tenant_id", "actor_id", "reach")
"""Parameters that come from the scope, whatever the caller gives."""

TENANT = bindparam("tenant_id", type_=Id)
ACTOR = bindparam("actor_id", type_=Id)
REACH: BindParameter[str] = bindparam("reach")


class Query(Generic[T]):
    """A statement and what its rows become.

    `into`: a frozen dataclass whose fields the columns fill (absent ones keep their default), or None for
    plain tuples. `operator=True` leaves the tenant guard aside; only the operator's transactions run those.
    Raises `TenantGuardError` where it is defined, so a module with an unguarded statement does not import.
    """

    @overload
    def __init__(
        self: "Query[tuple[Any, ...]]", statement: Statement, into: None = None, *, operator: bool = False
    ) -> None: ...
    @overload
    def __init__(self, statement: Statement, into: type[T], *, operator: bool = False) -> None: ...
    def __init__(self, statement: Statement, into: Any = None, *, operator: bool = False) -> None:
        if not operator:
            guard.check(statement)
        self.statement = statement
        self.into = into
        self.operator = operator
        self._prepared: dict[str, Prepared[T]] = {}

    def prepared(self, dialect: Dialect) -> "Prepared[T]":
        """This query for one engine."""
        made = self._prepared.get(dialect.name)
        if made is None:
            made = self._prepared[dialect.name] = Prepared(self.statement, dialect, self.into, operator=self.operator)
        return made


class Prepared(Generic[T]):
    """One query's text for one engine, and how its parameters and rows are converted."""

    __slots__ = ("_binds", "_rows", "sql")

    def __init__(self, statement: ClauseElement, dialect: Dialect, into: type[T] | None, *, operator: bool) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql: str = str(compiled)
        binds, reserved = compiled.binds, () if operator else RESERVED
        self._binds = [
            (name, converter(binds[name].type, dialect), compiled.params[name], binds[name].required, name in reserved)
            for name in compiled.positiontup or ()
        ]
        columns = compiled._result_columns
        processors = [column.type._cached_result_processor(dialect, None) for column in columns]
        self._rows = _row_maker([column.keyname for column in columns], processors, into)

    def values(self, given: Mapping[str, Any], own: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order of the text. `own` are the scope's, in the driver's form already."""
        values = []
        for name, convert, default, required, reserved in self._binds:
            if reserved:
                values.append(own[name])
                continue
            value = given[name] if required or name in given else default
            values.append(value if convert is None or value is None else convert(value))
        return values

    def rows(self, raw: Sequence[Sequence[Any]]) -> list[T]:
        """What the driver's rows become."""
        return self._rows(raw)


def converter(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """How a value of a column type becomes the driver's. Ours need no check for None: `values` makes it."""
    if isinstance(type_, PerEngine):
        return type_.binds.get(dialect.name)
    made: Callable[[Any], Any] | None = type_._cached_bind_processor(dialect)
    return made


def _row_maker(
    names: list[str], processors: list[Callable[[Any], Any] | None], into: type[T] | None
) -> Callable[[Sequence[Sequence[Any]]], list[T]]:
    converted = [(n, p) for n, p in enumerate(processors) if p is not None]
    if into is None:
        return lambda raw: [tuple(_convert(row, converted)) for row in raw]  # type: ignore[misc]  # T is tuple here
    if not is_dataclass(into):
        raise TypeError(f"{into!r} is not a dataclass")
    _check_fields(into, names)
    return lambda raw: [_fill(into, names, _convert(row, converted)) for row in raw]


def _convert(row: Sequence[Any], converted: list[tuple[int, Callable[[Any], Any]]]) -> list[Any]:
    values = list(row)
    for n, convert in converted:
        value = values[n]
        if value is not None:
            values[n] = convert(value)
    return values


def _fill(into: type[T], names: list[str], values: list[Any]) -> T:
    """A frozen dataclass without running its __init__, which costs more than reading the row."""
    made = object.__new__(into)
    made.__dict__.update(zip(names, values, strict=True))
    return made


def _check_fields(into: Any, names: list[str]) -> None:
    known = {field.name for field in fields(into)}
    if not set(names) <= known:
        raise TypeError(f"{into.__name__} has no field {sorted(set(names) - known)}")
