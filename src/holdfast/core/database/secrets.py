"""Statements with secrets in them: what they must carry, and how they are sealed and opened on the way.

Which statements these are is decided when one is prepared; all others run as if there were no secrets.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Dialect
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql import ClauseElement, visitors

from holdfast.core.crypto.models import STORE, DataKey, Purpose
from holdfast.core.crypto.sealed import key_id_of, keyed_hash, place, seal, unseal
from holdfast.core.database.prepared import Prepared, Running
from holdfast.core.database.types import KeyedHash, Secret

T = TypeVar("T")
TENANT = "tenant_id"

_ANY = SQLiteDialect_pysqlite()
"""What a statement binds and gives is the same on each engine."""


class Sealing(Running, Protocol):
    """A transaction with keys."""

    def data_key(self, owner: UUID, purpose: Purpose) -> DataKey:
        """The key that seals for an owner now."""
        ...

    def data_keys(self, wanted: list[tuple[UUID, UUID, str]]) -> dict[UUID, bytes]:
        """Keys by id: of each value its owner, its key's id, its column."""
        ...

    @property
    def tenant_id(self) -> UUID | None:
        """The scope's tenant; None for the operator."""
        ...


def prepare(statement: ClauseElement, dialect: Dialect, into: type[T] | None, *, operator: bool) -> Prepared[T]:
    """A statement for one engine."""
    compiled: Any = statement.compile(dialect=dialect)
    kind = PreparedWithSecrets if _with_secrets(compiled) else Prepared
    return kind(compiled, dialect, into, operator=operator)


def _with_secrets(compiled: Any) -> bool:
    types = [bind.type for bind in compiled.binds.values()] + [column.type for column in compiled._result_columns]
    return any(isinstance(type_, (Secret, KeyedHash)) for type_ in types)


def check(statement: ClauseElement, *, operator: bool) -> None:
    """Raise TypeError for a statement that seals or opens a secret without knowing its row."""
    if not _may_touch(statement):
        return
    compiled: Any = statement.compile(dialect=_ANY)
    given = set(compiled.binds)
    for name, bind in compiled.binds.items():
        if isinstance(bind.type, (Secret, KeyedHash)):
            _need(bind.type, given, operator=operator, what=f"the parameter {name!r}")
    selected = {column.keyname for column in compiled._result_columns}
    for column in compiled._result_columns:
        if isinstance(column.type, Secret):
            _need(column.type, selected, operator=operator, what=f"the column {column.keyname!r}")


def _may_touch(statement: ClauseElement) -> bool:
    """Whether a secret is named in it, selected, or a column of the table it writes to."""
    table = getattr(statement, "table", None)
    columns = getattr(statement, "selected_columns", ()) if table is None else table.columns
    parts = chain(columns, visitors.iterate(statement))
    return any(isinstance(getattr(part, "type", None), (Secret, KeyedHash)) for part in parts)


def _need(type_: Secret | KeyedHash, there: set[str], *, operator: bool, what: str) -> None:
    wanted = set(type_.row) if isinstance(type_, Secret) else set()
    if type_.of_store:
        if not operator:
            raise TypeError(f"{what} is a secret of the store; only an operator's query may touch it")
    elif operator:
        wanted |= {TENANT}
    if wanted - there:
        raise TypeError(f"{what} is a secret of {type_.label}; the statement lacks {sorted(wanted - there)} of its row")


class PreparedWithSecrets(Prepared[T]):
    """A statement that writes or reads secrets, or looks for keyed hashes."""

    __slots__ = ("_converters", "_hashed", "_names", "_opened", "_sealed")

    def __init__(self, compiled: Any, dialect: Dialect, into: type[T] | None, *, operator: bool) -> None:
        super().__init__(compiled, dialect, into, operator=operator)
        binds = [(at, compiled.binds[name].type) for at, name in enumerate(compiled.positiontup or ())]
        self._sealed = [(at, type_) for at, type_ in binds if isinstance(type_, Secret)]
        self._hashed = [(at, type_) for at, type_ in binds if isinstance(type_, KeyedHash)]
        columns = compiled._result_columns
        self._opened = [(at, column.type) for at, column in enumerate(columns) if isinstance(column.type, Secret)]
        self._names = {column.keyname: at for at, column in enumerate(columns)}
        self._converters = [column.type._cached_result_processor(dialect, None) for column in columns]

    def values(self, given: Mapping[str, Any], tx: Any) -> list[Any]:
        """See `Prepared.values`. The secrets among them leave here sealed."""
        values = super().values(given, tx)
        for at, hashed in self._hashed:
            if values[at] is not None:
                key = tx.data_key(_owner(hashed, given.get(TENANT), tx), "hashes")
                values[at] = keyed_hash(key.secret, hashed.label, values[at])
        for at, sealed in self._sealed:
            if values[at] is not None:
                owner = _owner(sealed, given.get(TENANT), tx)
                key = tx.data_key(owner, "fields")
                where = place(owner, sealed.label, [given[name] for name in sealed.row])
                values[at] = seal(key.id, key.secret, values[at], where)
        return values

    def rows(self, raw: Sequence[Sequence[Any]], tx: Any) -> list[T]:
        """See `Prepared.rows`. All keys that the rows need are asked for at once."""
        if not self._opened:
            return super().rows(raw, tx)
        sealed = [(row, at, type_) for row in raw for at, type_ in self._opened if row[at] is not None]
        keys = tx.data_keys(
            [
                (self._owner_of(row, type_, tx), key_id_of(row[at], type_.label), type_.label)
                for row, at, type_ in sealed
            ]
        )
        return super().rows([self._open(row, keys, tx) for row in raw], tx)

    def _open(self, row: Sequence[Any], keys: Mapping[UUID, bytes], tx: Sealing) -> list[Any]:
        values = list(row)
        for at, type_ in self._opened:
            blob = row[at]
            if blob is not None:
                key = keys[key_id_of(blob, type_.label)]
                identity = [self._value(row, name) for name in type_.row]
                where = place(self._owner_of(row, type_, tx), type_.label, identity)
                values[at] = unseal(key, blob, where, type_.label)
        return values

    def _owner_of(self, row: Sequence[Any], type_: Secret, tx: Sealing) -> UUID:
        return _owner(type_, self._value(row, TENANT) if TENANT in self._names else None, tx)

    def _value(self, row: Sequence[Any], name: str) -> Any:
        """A column of the row, as Python has it."""
        at = self._names[name]
        convert, value = self._converters[at], row[at]
        return value if convert is None or value is None else convert(value)


def _owner(type_: Secret | KeyedHash, named: UUID | None, tx: Sealing) -> UUID:
    """Whose key it is: the scope's tenant; for the operator the row's; the store's own for a row of no tenant."""
    if type_.of_store:
        return STORE
    return tx.tenant_id or named or STORE
