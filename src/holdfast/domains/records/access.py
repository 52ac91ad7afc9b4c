"""Which sets the actor may touch."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from holdfast.core.action import carry_out
from holdfast.core.clearance import hold_all
from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.scope import Scope
from holdfast.domains.records import queries, read_queries
from holdfast.domains.records.errors import SetNotFound, SetReadOnly, SetShared
from holdfast.domains.records.models import Record, RecordSet
from holdfast.domains.records.read_queries import Reads

SEPARATOR = ":"
"""Between a tenant and its set, in the name under which another tenant reads it."""


def find_set(tx: Transaction, name: str) -> RecordSet:
    """A set of the tenant's own, by its name. Raises `SetNotFound`."""
    row = tx.first(queries.set_by_name, {"name": name}) if isinstance(name, str) and "\0" not in name else None
    if row is None:
        raise SetNotFound(name)
    return as_set(row)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A set that is read, and how: the tenant's own, or another's that is shared with it.

    `at`: the parameters by which its statements find it. `levels`: those that the reader sees.
    """

    of: RecordSet
    reads: Reads
    at: dict[str, Any]
    levels: frozenset[str]

    def own(self, what: str) -> RecordSet:
        """The set, where it is the tenant's own. Raises `SetShared`."""
        if self.of.owner is not None:
            raise SetShared(self.of.name, what)
        return self.of


def find_source(tx: Transaction, name: str, engine: Engine) -> Source:
    """What is read under a name: a set of the tenant's own, or `OWNER:NAME`, one that another shares with it.

    One statement; two for a shared one. The first read of a day by another tenant is a line in the owner's trail,
    before anything of it is shown. Raises `SetNotFound`.
    """
    if not isinstance(name, str) or "\0" in name:
        raise SetNotFound(name)
    row = tx.first(queries.set_by_name, {"name": name})
    if row is not None:
        of = as_set(row)
        return Source(of=of, reads=read_queries.own, at={"set_id": of.id}, levels=tx.scope.levels)
    found = _shared_row(tx, name)
    if found is None:
        raise SetNotFound(name)
    of, owner_id, levels, read_at, reader = as_shared_set(found)
    day = now().replace(hour=0, minute=0, second=0, microsecond=0)
    if read_at is None or read_at < day:
        tx.before_shown(partial(_note_reading, engine, owner_id, of.id, tx.tenant_id, reader, day))
    at = {"set_id": of.id, "owner_id": owner_id}
    return Source(of=of, reads=read_queries.shared, at=at, levels=tx.scope.levels & frozenset(levels))


def _shared_row(tx: Transaction, name: str) -> tuple[Any, ...] | None:
    owner, _, named = name.partition(SEPARATOR)
    return tx.first(read_queries.shared_set, {"owner": owner, "name": named}) if named else None


def _note_reading(
    engine: Engine, owner_id: UUID, set_id: UUID, reader_id: UUID | None, reader: str, day: datetime
) -> None:
    """One line a day in the owner's trail for each set and tenant that reads it, whoever of them comes first."""

    def work(tx: Transaction) -> None:
        if tx.run(queries.note_reading, {"set_id": set_id, "of_reader": reader_id, "day": day}):
            tx.record("record_set", set_id, read_by=reader)
        else:
            tx.unchanged()

    scope = Scope(role="operator", tenant_id=owner_id)
    carry_out(engine, scope, "records.read", work, outcome="read")


def writable_set(tx: Transaction, name: str, *, alone: bool = False) -> RecordSet:
    """A set whose records the actor may change; until the transaction ends it stays as it is defined.

    `alone`: it is to be defined anew or deleted, so whoever changes what is in it is waited for, and only who defined
    it, and administrators, may. Raises `SetNotFound`, `SetReadOnly`, `SetShared`.
    """
    turn = {"turn": f"record set {tx.tenant_id} {str(name)[:200]}"}
    tx.all(queries.wait_for_turn if alone else queries.beside_others, turn)
    found = _own_set(tx, name)
    if (alone or found.locked) and tx.reach == "own" and found.created_by != tx.scope.actor_id:
        raise SetReadOnly(found.name)
    return found


def _own_set(tx: Transaction, name: str) -> RecordSet:
    try:
        return find_set(tx, name)
    except SetNotFound:
        if isinstance(name, str) and "\0" not in name and _shared_row(tx, name) is not None:
            raise SetShared(name, "ask its owner for changes") from None
        raise


def as_shared_set(row: tuple[Any, ...]) -> tuple[RecordSet, UUID, str, datetime | None, str]:
    """A row of `read_queries.shared_set`: the set under its name here, its owner's id, levels, last day, the reader."""
    named: dict[str, Any] = dict(zip(read_queries.SHARED_COLUMNS, row, strict=True))
    owner_id, levels, read_at, reader = (named.pop(name) for name in ("owner_id", "levels", "read_at", "reader"))
    named["name"] = f"{named['owner']}{SEPARATOR}{named['name']}"
    for name in ("indexed", "text"):
        named[name] = tuple(named[name])
    return RecordSet(**named), owner_id, levels, read_at, reader


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
