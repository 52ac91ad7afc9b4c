"""Prepared: a statement compiled for one engine, and how its parameters and rows are converted."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Dialect
from sqlalchemy.types import TypeEngine

from holdfast.core.database.rows import row_maker
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

    __slots__ = ("_converted", "_defaults", "_given", "_own", "_rows", "names", "sql", "types")

    def __init__(self, compiled: Any, dialect: Dialect, into: type[T] | None, *, operator: bool) -> None:
        self.sql: str = str(compiled)
        binds, reserved = compiled.binds, () if operator else RESERVED
        self.names = names = list(compiled.positiontup or ())
        self.types: dict[str, TypeEngine[Any]] = {name: binds[name].type for name in names}
        self._own = [(at, name) for at, name in enumerate(names) if name in reserved]
        asked = [name for name in names if name not in reserved]
        self._defaults = {name: compiled.params[name] for name in asked if not binds[name].required}
        self._given = _getter(asked)
        converters = [None if name in reserved else converter(binds[name].type, dialect) for name in names]
        self._converted = [(at, convert) for at, convert in enumerate(converters) if convert is not None]
        columns = compiled._result_columns
        processors = [column.type._cached_result_processor(dialect, None) for column in columns]
        self._rows = row_maker([column.keyname for column in columns], processors, into)

    def values(self, given: Mapping[str, Any], tx: Running) -> list[Any]:
        """The parameters in the order of the text; the scope's own ones are in the driver's form already."""
        if self._defaults:
            given = {**self._defaults, **given}
        values = [*self._given(given)]
        for at, name in self._own:
            values.insert(at, tx.own[name])
        for at, convert in self._converted:
            value = values[at]
            if value is not None:
                values[at] = convert(value)
        return values

    def converter_of(self, name: str) -> Callable[[Any], Any] | None:
        """How a parameter's value becomes the driver's."""
        return dict(self._converted).get(self.names.index(name))

    def rows(self, raw: Sequence[Sequence[Any]], tx: Running) -> list[T]:  # those with secrets use it
        """What the driver's rows become."""
        return self._rows(raw)


def _getter(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """The values of some names: a list of lookups in Python takes twice as long."""
    if len(names) < 2:  # where `itemgetter` gives no tuple
        return lambda given: tuple(given[name] for name in names)
    return itemgetter(*names)


def converter(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """How a value of a column type becomes the driver's. Ours need no check for None: `values` makes it."""
    if isinstance(type_, PerEngine):
        return type_.binds.get(dialect.name)
    made: Callable[[Any], Any] | None = type_._cached_bind_processor(dialect)
    return made
