"""Sealing every secret of a tenant anew under its current data key, table by table, a lot at a time.

The tables are found in the metadata: whatever has a `Secret` column is here. The application may read and write
meanwhile: a value is only replaced while it is still the one that was read, and since the key was rotated under the
lock of those who seal, whatever they write from then on is under the new key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Table,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy import update as update_of

from holdfast.core.crypto.errors import SecretUnreadable
from holdfast.core.crypto.models import STORE, DataKey
from holdfast.core.crypto.sealed import KEY_ID, key_id_of, place, seal, unseal
from holdfast.core.crypto.vault import Vault
from holdfast.core.database.query import Query
from holdfast.core.database.schema import every_table
from holdfast.core.database.transaction import Transaction
from holdfast.core.database.types import Id, Secret

LOT = 200
"""Rows to a transaction."""

Cursor = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Lot:
    """What one transaction did, and where the next begins: None when there is no more."""

    values: int
    unreadable: tuple[str, ...]
    next: Cursor | None


def sealed_tables(owner: UUID) -> list["SealedTable"]:
    """The tables that can hold secrets of `owner`."""
    found = [_sealed_table(table, owner == STORE) for table in every_table()]
    return [table for table in found if table is not None]


@cache
def _sealed_table(table: Table, of_store: bool) -> "SealedTable | None":
    columns = [column for column in table.columns if _is_of(column, of_store)]
    return SealedTable(table, columns) if columns else None


def _is_of(column: Column[Any], of_store: bool) -> bool:
    """Whether a column can hold secrets of the store (`of_store`), or of a tenant."""
    type_ = column.type
    if not isinstance(type_, Secret):
        return False
    return not type_.of_store or of_store


class SealedTable:
    """One table with secrets, and the statements to go through it in the order of its primary key."""

    def __init__(self, table: Table, columns: list[Column[Any]]) -> None:
        self.name = table.name
        self._types: list[tuple[str, Secret]] = [(c.name, c.type) for c in columns if isinstance(c.type, Secret)]
        self._key = [column for column in table.primary_key.columns if column.name != "tenant_id"]
        named = {column.name: column for column in self._key}
        named |= {name: table.columns[name] for _, type_ in self._types for name in type_.row}
        self._read = list(named)
        sealed = [type_coerce(column, LargeBinary).label(column.name) for column in columns]
        lot = (
            select(*named.values(), *sealed)
            .where(_belongs(table), or_(*[_is_stale(column) for column in columns]))
            .order_by(*self._key)
            .limit(bindparam("limit"))
        )
        after = [bindparam(f"after_{column.name}", type_=column.type) for column in self._key]
        self._first = Query(lot, operator=True)
        self._next = Query(lot.where(tuple_(*self._key) > tuple_(*after)), operator=True)
        self._replace = {column.name: self._replacing(table, column) for column in columns}

    def _replacing(self, table: Table, column: Column[Any]) -> Query[Any]:
        raw = type_coerce(column, LargeBinary)
        row = [key == bindparam(f"of_{key.name}", type_=key.type) for key in self._key]
        return Query(
            update_of(table)
            .where(_belongs(table), *row, raw == bindparam("old", type_=LargeBinary))
            .values({column: type_coerce(bindparam("new", type_=LargeBinary), LargeBinary)}),
            operator=True,
        )

    def reseal(self, tx: Transaction, vault: Vault, owner: UUID, after: Cursor | None) -> Lot:
        """Seal the next lot anew. A value that does not open stays as it is, and is named."""
        key = vault.current(tx, owner, "fields")
        asked = {"in_tenant": owner, "current": key.id.bytes, "limit": LOT}
        asked |= {f"after_{column.name}": value for column, value in zip(self._key, after or (), strict=False)}
        rows = tx.all(self._first if after is None else self._next, asked)
        stale = [value for row in rows for value in self._values(row) if value.key_id != key.id]
        usable = vault.usable(tx, owner)
        secrets = vault.named(tx, [(owner, v.key_id, v.type.label) for v in stale if v.key_id in usable])
        unreadable = [str(value) for value in stale if not self._replaced(tx, owner, value, key, secrets)]
        return Lot(
            values=len(stale) - len(unreadable),
            unreadable=tuple(unreadable),
            next=rows[-1][: len(self._key)] if len(rows) == LOT else None,
        )

    def _values(self, row: Sequence[Any]) -> Iterator["_Value"]:
        named = dict(zip(self._read, row, strict=False))
        for at, (name, type_) in enumerate(self._types, len(self._read)):
            if row[at] is not None:
                yield _Value(name, type_, row[at], named)

    def _replaced(
        self, tx: Transaction, owner: UUID, value: "_Value", key: DataKey, secrets: dict[UUID, bytes]
    ) -> bool:
        """Whether a value opened. One that the application has replaced meanwhile is under the new key already."""
        if value.key_id not in secrets:
            return False
        where = place(owner, value.type.label, [value.row[name] for name in value.type.row])
        try:
            text = unseal(secrets[value.key_id], value.blob, where, value.type.label)
        except SecretUnreadable:
            return False
        given = {f"of_{column.name}": value.row[column.name] for column in self._key}
        given |= {"in_tenant": owner, "old": value.blob, "new": seal(key.id, key.secret, text, where)}
        tx.run(self._replace[value.name], given)
        return True


@dataclass(frozen=True)
class _Value:
    """One sealed value under an earlier key."""

    name: str
    type: Secret
    blob: bytes
    row: dict[str, Any]

    @property
    def key_id(self) -> UUID | None:
        """Which key it names; None for what is no sealed value."""
        try:
            return key_id_of(self.blob, self.type.label)
        except SecretUnreadable:
            return None

    def __str__(self) -> str:
        identity = ", ".join(f"{name}={self.row[name]}" for name in self.type.row)
        return f"{self.type.label} ({identity})"


def _belongs(table: Table) -> ColumnElement[bool]:
    """The rows of `:in_tenant`; a row of no tenant is the store's."""
    owner = bindparam("in_tenant", type_=Id)
    tenant = table.columns.get("tenant_id")
    if tenant is None:
        return owner == STORE
    if not tenant.nullable:
        return tenant == owner
    return or_(tenant == owner, and_(tenant.is_(None), owner == STORE))


def _is_stale(column: Column[Any]) -> ColumnElement[bool]:
    """Whether a value names another key than `:current` in its header."""
    sealed = type_coerce(column, LargeBinary)
    key_id = func.substr(sealed, KEY_ID.start + 1, KEY_ID.stop - KEY_ID.start)
    return and_(column.is_not(None), key_id != bindparam("current", type_=LargeBinary))
