"""Which sets the actor may touch."""

from typing import Any

from holdfast.core.clearance import hold_all
from holdfast.core.database import Transaction
from holdfast.domains.records import queries
from holdfast.domains.records.errors import SetNotFound, SetReadOnly
from holdfast.domains.records.models import Record, RecordSet


def find_set(tx: Transaction, name: str) -> RecordSet:
    """A set by its name. Raises `SetNotFound`."""
    row = tx.first(queries.set_by_name, {"name": name}) if isinstance(name, str) and "\0" not in name else None
    if row is None:
        raise SetNotFound(name)
    return as_set(row)


def writable_set(tx: Transaction, name: str, *, alone: bool = False) -> RecordSet:
    """A set whose records the actor may change; until the transaction ends it stays as it is defined.

    `alone`: it is to be defined anew or deleted, so whoever changes what is in it is waited for, and only who defined
    it, and administrators, may. Raises `SetNotFound`, `SetReadOnly`.
    """
    turn = {"turn": f"record set {tx.tenant_id} {str(name)[:200]}"}
    tx.all(queries.wait_for_turn if alone else queries.beside_others, turn)
    found = find_set(tx, name)
    if (alone or found.locked) and tx.reach == "own" and found.created_by != tx.scope.actor_id:
        raise SetReadOnly(found.name)
    return found


def as_set(row: tuple[object, ...]) -> RecordSet:
    """A row of `queries.sets` as what callers get."""
    named: dict[str, object] = dict(zip(queries.SET_COLUMNS, row, strict=True))
    for name in ("indexed", "text"):
        named[name] = tuple(named[name])  # type: ignore[arg-type]  # a list, from JSON
    return RecordSet(**named)  # type: ignore[arg-type]  # of the columns' types


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


def hold_all_of(tx: Transaction, of: RecordSet) -> None:
    """Raise `ClearanceNeeded` unless the scope sees every record of a set, whatever its level."""
    if tx.first(queries.is_leveled, {"set_id": of.id}) is not None:
        hold_all(tx)
