"""Records that fit their set are written, one or many in a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any
from uuid import UUID

from holdfast.core import lexical
from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.database.types import dump_json
from holdfast.core.ids import new_id
from holdfast.domains.records import picking, queries
from holdfast.domains.records.models import RecordSet
from holdfast.domains.records.pool_rows import Row
from holdfast.domains.records.preparing import Data, Preparing, Ready
from holdfast.domains.records.tables import PLACES

PURPOSE = "records"
"""Of the texts of records in the index of words."""
TOLD = 100
"""So many changed records of one transaction are told to this process's pools; more are read by them."""


@dataclass(kw_only=True)
class Written:
    """What became of records in one transaction, by number of each kind."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


def store(tx: Transaction, preparing: Preparing, ready: Sequence[Ready], *, level: str | None) -> Written:
    """Store records that fit: new ones, and others in place of those of the same key.

    `level`: where they are put; None: where those they replace are, else where the set says. Three statements where
    nothing has text or weight, however many records.
    """
    of, done, moment = preparing.of, Written(), now()
    change = next_change(tx, of) if ready else None
    waiting, told = sorted(ready, key=attrgetter("key")), list[Row]()  # two at once wait in one order
    while waiting:
        known = known_records(tx, of, [one.key for one in waiting], level)
        first = (of.clearance or "") if level is None else level
        plan = _Plan(moment=moment, level=level, first_level=first, change=change, by=tx.scope.actor_id)
        for one in waiting:
            plan.add(preparing, one, known.get(one.key), done)
        waiting = _carry_out(tx, of, plan)
        done.added -= len(waiting)
        told += plan.rows
        if change is not None and plan.moved:
            tx.run(queries.set_removal, {"set_id": of.id})
    if change is not None:
        rows = tuple(told) if len(told) <= TOLD and not plan.moved else None
        tx.after_commit(partial(picking.tell, picking.Change(of.id, change, rows)))
    return done


def _carry_out(tx: Transaction, of: RecordSet, plan: "_Plan") -> list[Ready]:
    """Do what is planned; those that somebody else stored meanwhile are to be looked at again."""
    at = {"set_id": of.id}
    late, lost = list[Ready](), set[UUID]()
    if (plan.new and plan.first_level) or any(row["new_level"] for row in plan.updates):
        tx.run(queries.set_leveled, at)
    if plan.new and _insert(tx, of, plan) < len(plan.new):
        mine = {row[2] for row in tx.all(queries.stored, at | {"keys": [one.key for one in plan.new]})}
        lost = {made for made in plan.ids if made not in mine}
        late = [one for one, made in zip(plan.new, plan.ids, strict=True) if made in lost]
    tx.many(queries.update_record, [at | row for row in plan.updates])
    if of.history:
        gone = {id(one) for one in late}
        tx.many(queries.insert_version, [at | row for one, row in plan.versions if id(one) not in gone])
    if plan.wordless:
        lexical.remove(tx, plan.wordless)
    words = [entry for entry in plan.words if entry.item_id not in lost]
    if words:
        lexical.put(tx, PURPOSE, of.id, words)
    return late


def _insert(tx: Transaction, of: RecordSet, plan: "_Plan") -> int:
    """Insert the new ones; how many nobody else has stored meanwhile."""
    used = PLACES[: len(of.indexed)]
    each: dict[str, list[Any]] = {"key": [one.key for one in plan.new], "id": plan.ids}
    each["data"] = [one.text for one in plan.new]
    each |= {place: [one.codes[at] for one in plan.new] for at, place in enumerate(used)}
    shared: dict[str, Any] = dict.fromkeys((*PLACES, "weight", "expires_at"))
    if of.weight is not None:
        each["weight"] = [one.weight for one in plan.new]
    if of.expires is not None:
        each["expires_at"] = [one.expires_at for one in plan.new]
    shared |= {"set_id": of.id, "level": plan.first_level, "version": 1, "change": plan.change}
    shared |= {"created_at": plan.moment, "updated_at": plan.moment}
    return tx.fill(queries.insert_record, shared, each)


@dataclass(frozen=True)
class Known:
    """What is stored of a key."""

    key: str
    level: str
    id: UUID
    version: int
    data: Data
    created_at: datetime
    expires_at: datetime | None


def known_records(tx: Transaction, of: RecordSet, keys: Sequence[str], level: str | None = None) -> dict[str, Known]:
    """What is stored of some keys, kept from others until the transaction ends.

    Of a key that is there at several levels the one at `level`, else the last.
    """
    found: dict[str, Known] = {}
    for row in tx.all(queries.stored, {"set_id": of.id, "keys": list(keys)}):
        if row[0] not in found or found[row[0]].level != level:
            found[row[0]] = Known(*row)
    return found


def version_of(
    key: str, record_id: UUID, level: str, version: int, data: str | None, moment: datetime, by: UUID | None
) -> dict[str, Any]:
    """A line of the history; `data` None: it was deleted."""
    row: dict[str, Any] = {"key": key, "record_id": record_id, "level": level, "version": version, "data": data}
    return row | {"changed_at": moment, "changed_by": by}


def next_change(tx: Transaction, of: RecordSet) -> int | None:
    """The number of this change of a set with weights; others who change it wait. None for a set without."""
    if of.weight is None:
        return None
    tx.run(queries.next_change, {"set_id": of.id})
    return int(tx.all(queries.changes, {"set_id": of.id})[0][0])


@dataclass(kw_only=True)
class _Plan:
    """What is to be written of some records."""

    moment: datetime
    level: str | None
    first_level: str
    """Where new ones are put."""
    change: int | None
    by: UUID | None
    moved: bool = False
    """Whether a record goes to another level."""
    rows: list[Row] = field(default_factory=list)
    versions: list[tuple[Ready, dict[str, Any]]] = field(default_factory=list)
    new: list[Ready] = field(default_factory=list)
    ids: list[UUID] = field(default_factory=list)
    """Of each of the new ones."""
    updates: list[dict[str, Any]] = field(default_factory=list)
    words: list[lexical.Entry] = field(default_factory=list)
    wordless: list[UUID] = field(default_factory=list)

    def add(self, preparing: Preparing, one: Ready, before: Known | None, done: Written) -> None:
        """What has to be done for one record."""
        if before is None:
            self._add_new(preparing, one)
            done.added += 1
            return
        level = before.level if self.level is None else self.level
        if before.level == level and before.data == one.data and dump_json(before.data) == one.text:  # True is no 1
            done.unchanged += 1
            return
        self._update(preparing, one, before, level)
        done.changed += 1

    def _add_new(self, preparing: Preparing, one: Ready) -> None:
        made = new_id()
        self.new.append(one)
        self.ids.append(made)
        self._word(preparing, made, self.first_level, one)
        self._keep(preparing.of, one, made, self.first_level, 1, self.moment)

    def _update(self, preparing: Preparing, one: Ready, before: Known, level: str) -> None:
        row: dict[str, Any] = {"key": before.key, "level": before.level, "new_level": level, "new_data": one.text}
        row |= {"new_weight": one.weight, "new_change": self.change, "new_expires_at": one.expires_at}
        row |= {f"new_{place}": code for place, code in zip(PLACES, one.codes, strict=True)}
        self.updates.append(row | {"moment": self.moment})
        self.moved = self.moved or level != before.level
        self._keep(preparing.of, one, before.id, level, before.version + 1, before.created_at)
        if preparing.of.text:
            self.wordless.append(before.id)
            self._word(preparing, before.id, level, one)

    def _keep(self, of: RecordSet, one: Ready, record_id: UUID, level: str, version: int, created_at: datetime) -> None:
        """What pools are told, and the history."""
        if one.weight is not None:
            dates = (created_at, self.moment, one.expires_at)
            self.rows.append(Row(one.key, level, one.weight, str(one.text), version, *dates))
        if of.history:
            told = version_of(one.key, record_id, level, version, one.text, self.moment, self.by)
            self.versions.append((one, told))

    def _word(self, preparing: Preparing, record_id: UUID, level: str, one: Ready) -> None:
        if preparing.of.text:
            self.words.append(lexical.Entry(record_id, level or None, None, preparing.text(one.data)))
