"""Record sets: defined, defined anew, deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from holdfast.core import lexical
from holdfast.core.action import action
from holdfast.core.clearance import check_level
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_name, check_text
from holdfast.domains.records import picking, queries, redefining
from holdfast.domains.records.access import SEPARATOR, hold_all_of, writable_set
from holdfast.domains.records.errors import SetNotFound
from holdfast.domains.records.models import RecordSet
from holdfast.domains.records.paths import Path, parse_path, parse_paths
from holdfast.domains.records.schemas import Schema, check_schema, kinds_at
from holdfast.domains.records.sharing import RecordSharing
from holdfast.domains.records.tables import PLACES

MOST_TEXT_PATHS = 8
NAME_CHARS = 200
DESCRIPTION_BYTES = 4_000
LOT = 500


class RecordSets(RecordSharing):
    """What is done to sets; see `Records`."""

    @action("records.define", writes=True)
    def define(
        self,
        name: str,
        *,
        key: str,
        schema: Mapping[str, object] | None = None,
        indexed: Sequence[str] = (),
        text: Sequence[str] = (),
        weight: str | None = None,
        clearance: str | None = None,
        expires: str | None = None,
        history: bool = False,
        locked: bool = False,
        description: str | None = None,
    ) -> Work[RecordSet]:
        """Define a set of records, or define it anew; its name is unique in the tenant.

        `schema`: the JSON Schema that every record is held to; without one any object is taken. The rest are paths,
        names of members joined by dots: `key` to what tells records apart (a text or a whole number; it stays as it
        is), `indexed` to up to 8 values by which filters are quick, `text` to words that `search` finds, `weight` to a
        number that `pick` goes by, `expires` to a date or moment from which on a record is not there.
        `clearance`: the level of records that are stored without one; without it everybody in the tenant reads them.
        `history`: every version is kept. `locked`: only who defined the set, and administrators, change what is in it.

        Defining it anew checks every record that is stored, and raises `SchemaMisfit`, which names those that do not
        fit. Where records are at levels it needs every level, for those that one cannot see must fit too. Raises
        `InvalidSchema`, `SetReadOnly`, `SetNotEmpty`, `ClearanceNeeded`, `InvalidInput`.
        """
        wanted = self._definition(check_schema(schema), key, indexed, text, {"weight": weight, "expires": expires})
        wanted |= {
            "clearance": None if clearance is None else check_level(clearance),
            "history": _check_truth(history, "history"),
            "locked": _check_truth(locked, "locked"),
            "description": None
            if description is None
            else check_text(description, field="description", most_bytes=DESCRIPTION_BYTES),
        }
        named = check_name(name, field="name", most_chars=NAME_CHARS)
        actor = self._actor()

        def work(tx: Transaction) -> RecordSet:
            try:
                before = writable_set(tx, named, alone=True)
            except SetNotFound:
                _check_new_name(named)
                return _make(tx, named, actor, wanted)
            after = replace(before, **wanted, updated_at=now())
            if replace(before, updated_at=after.updated_at) == after:
                tx.unchanged()
                return before
            redefining.redefine(tx, before, after, self.settings)
            tx.record("record_set", before.id, name=named, changed=redefining.differing(before, after))
            return after

        return work

    @action("records.define", writes=True)
    def delete_set(self, name: str) -> Work[None]:
        """Delete a set with all that is in it, also what the caller cannot see: where there ever was a record at a
        level it needs every level. Other tenants read it no more. Raises `SetNotFound`, `SetReadOnly`,
        `ClearanceNeeded`.
        """

        def work(tx: Transaction) -> None:
            found = writable_set(tx, name, alone=True)
            hold_all_of(tx, found)
            _delete_records(tx, found)
            tx.after_commit(partial(picking.tell, picking.Change(found.id, 0, None)))
            at = {"set_id": found.id}
            tx.run(queries.delete_versions, at)
            tx.run(queries.delete_changes, at)
            tx.run(queries.delete_set, at)
            tx.record("record_set", found.id, name=found.name, deleted=True)

        return work

    def _definition(
        self, schema: Schema, key: str, indexed: Sequence[str], text: Sequence[str], paths: dict[str, str | None]
    ) -> dict[str, Any]:
        made: dict[str, Any] = {"schema": schema, "key": _dotted(parse_path(key, field="key"))}
        _check_kinds(schema, parse_path(key, field="key"), {"string", "number"}, "key")
        for field, given, most, kinds in (
            ("indexed", indexed, len(PLACES), {"string", "number", "boolean"}),
            ("text", text, MOST_TEXT_PATHS, {"string", "array"}),
        ):
            found = parse_paths(given, field=field, most=most)
            for path in found:
                _check_kinds(schema, path, kinds, field)
            made[field] = tuple(_dotted(path) for path in found)
        for field, one in paths.items():
            made[field] = None
            if one is not None:
                path = parse_path(one, field=field)
                _check_kinds(schema, path, {"number"} if field == "weight" else {"string"}, field)
                made[field] = _dotted(path)
        return made

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: records are a tenant's; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id


def _make(tx: Transaction, name: str, actor: UUID, wanted: dict[str, Any]) -> RecordSet:
    moment = now()
    made = RecordSet(id=new_id(), name=name, created_by=actor, created_at=moment, updated_at=moment, **wanted)
    tx.run(queries.insert_set, made.__dict__)
    tx.run(queries.insert_changes, {"set_id": made.id})
    tx.record("record_set", made.id, name=name)
    return made


def _delete_records(tx: Transaction, of: RecordSet) -> None:
    while True:
        ids = [row[2] for row in tx.all(queries.every_stored, {"set_id": of.id, **queries.START, "limit": LOT})]
        if not ids:
            return
        if of.text:
            lexical.remove(tx, ids)
        tx.run(queries.delete_some, {"set_id": of.id, "ids": ids})


def _check_new_name(name: str) -> None:
    if "/" in name or name in (".", ".."):
        raise InvalidInput(f"name: {name!r:.80} would be another path in an address; leave out the /", field="name")
    if SEPARATOR in name:
        raise InvalidInput(
            f"name: {name!r:.80} has a {SEPARATOR}, which stands in the names of sets that are shared", field="name"
        )


def _check_kinds(schema: Schema, path: Path, wanted: set[str], field: str) -> None:
    kinds = kinds_at(schema, path)
    if not kinds & wanted:
        said = " or ".join(sorted(kinds)) or "nothing"
        raise InvalidInput(
            f"{field}: at {_dotted(path)!r:.80} the schema has {said}; {' or '.join(sorted(wanted))} is needed",
            field=field,
        )


def _check_truth(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"{field}: {value!r:.80} is neither true nor false", field=field)
    return value


def _dotted(path: Path) -> str:
    return ".".join(path)
