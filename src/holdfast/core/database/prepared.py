"""Prepared: a statement compiled for one engine, and how its parameters and rows are converted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Dialect
from sqlalchemy.types import TypeEngine

from holdfast.core.database.types import PerEngine

T = TypeVar("T")

RESERVED = ("tenant_id", "actor_id", "reach", "levels")
"""Parameters that come from the scope, whatever the caller gives."""


class Running(Protocol):
    """The transaction that a statement runs in."""

    own: Mapping[str, Any]
    """The scope's own parameters, as the driver takes them."""


class Prepared(Generic[T]):
    """One query's text for one engine, and how its parameters and rows are converted."""

    __slots__ = ("_binds", "_rows", "sql")

    def __init__(self, compiled: Any, dialect: Dialect, into: type[T] | None, *, operator: bool) -> None:
        self.sql: str = str(compiled)
        binds, reserved = compiled.binds, () if operator else RESERVED
        self._binds = [
            (name, converter(binds[name].type, dialect), compiled.params[name], binds[name].required, name in reserved)
            for name in compiled.positiontup or ()
        ]
        columns = compiled._result_columns
        processors = [column.type._cached_result_processor(dialect, None) for column in columns]
        self._rows = _row_maker([column.keyname for column in columns], processors, into)

    def values(self, given: Mapping[str, Any], tx: Running) -> list[Any]:
        """The parameters in the order of the text; the scope's own ones are in the driver's form already."""
        own, values = tx.own, []
        for name, convert, default, required, reserved in self._binds:
            if reserved:
                values.append(own[name])
                continue
            value = given[name] if required or name in given else default
            values.append(value if convert is None or value is None else convert(value))
        return values

    def rows(self, raw: Sequence[Sequence[Any]], tx: Running) -> list[T]:  # those with secrets use it
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
