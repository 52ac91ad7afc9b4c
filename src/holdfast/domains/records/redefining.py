"""Defining a set anew: what is stored has to fit, and is indexed as the set says then."""

from functools import partial
from typing import Any

from holdfast.core import lexical
from holdfast.core.database import Transaction
from holdfast.core.settings import Settings
from holdfast.domains.records import picking, queries
from holdfast.domains.records.access import hold_all_of
from holdfast.domains.records.errors import RecordRefused, SchemaMisfit, SetNotEmpty
from holdfast.domains.records.models import NotStored, RecordSet
from holdfast.domains.records.preparing import Preparing, Ready
from holdfast.domains.records.storing import PURPOSE, Known, next_change
from holdfast.domains.records.tables import PLACES

LOT = 500
SHOWN = 50
"""So many records that do not fit are named."""
_REWRITTEN = ("schema", "indexed", "text", "weight", "expires")
"""What records are held to, or kept by."""
_DEFINED = ("description", "clearance", "history", "locked", *_REWRITTEN)


def differing(before: RecordSet, after: RecordSet) -> list[str]:
    """What two definitions do not share."""
    return sorted(name for name in (*_DEFINED, "key") if getattr(before, name) != getattr(after, name))


def redefine(tx: Transaction, before: RecordSet, after: RecordSet, settings: Settings) -> None:
    """Give a set another definition. Reads every record where it concerns them; writes those that are kept otherwise.

    Raises `SchemaMisfit`, `SetNotEmpty`, `ClearanceNeeded`.
    """
    changed = set(differing(before, after))
    at = {"set_id": before.id}
    if "key" in changed or changed & set(_REWRITTEN):
        hold_all_of(tx, before)
    if "key" in changed and tx.first(queries.any_record, at) is not None:
        raise SetNotEmpty(before.name, "key")
    tx.run(
        queries.redefine_set,
        at | {f"new_{name}": getattr(after, name) for name in _STORED} | {"moment": after.updated_at},
    )
    tx.after_commit(partial(picking.tell, picking.Change(before.id, 0, None)))
    if "weight" in changed:
        tx.run(queries.next_change, at)
        tx.run(queries.set_removal, at)
    if changed & set(_REWRITTEN):
        _rewrite(tx, Preparing(after, settings), words="text" in changed, rows=bool(changed - {"schema", "text"}))


_STORED = ("key", *_DEFINED)


def _rewrite(tx: Transaction, preparing: Preparing, *, words: bool, rows: bool) -> None:
    """Hold every record to its set, lot by lot; then write what is kept otherwise."""
    of, misfits, count = preparing.of, list[NotStored](), 0
    change = next_change(tx, of) if rows else None
    for lot in _lots(tx, of):
        fitting: list[tuple[Known, Ready]] = []
        for one in lot:
            try:
                fitting.append((one, preparing(one.data)))
            except RecordRefused as error:
                count += 1
                reason = str(error).removeprefix("record: ")
                misfits.append(NotStored(number=count, key=one.key, code=error.code, reason=reason))
                del misfits[SHOWN:]
        if count:
            continue
        if rows:
            tx.many(queries.rewrite_record, [_row(of, one, ready, change) for one, ready in fitting])
        if words:
            _words(tx, preparing, fitting)
    if count:
        raise SchemaMisfit(of.name, count, misfits)


def _lots(tx: Transaction, of: RecordSet) -> Any:
    after: dict[str, Any] = dict(queries.START)
    while True:
        lot = [Known(*row) for row in tx.all(queries.every_stored, {"set_id": of.id, "limit": LOT, **after})]
        if not lot:
            return
        yield lot
        after = {"after_key": lot[-1].key, "after_level": lot[-1].level}


def _row(of: RecordSet, one: Known, ready: Ready, change: int | None) -> dict[str, Any]:
    row = {"set_id": of.id, "key": one.key, "level": one.level, "new_weight": ready.weight}
    row |= {"new_change": change, "new_expires_at": ready.expires_at}
    return row | {f"new_{place}": code for place, code in zip(PLACES, ready.codes, strict=True)}


def _words(tx: Transaction, preparing: Preparing, lot: list[tuple[Known, Ready]]) -> None:
    lexical.remove(tx, [one.id for one, _ in lot])
    if preparing.of.text:
        entries = [lexical.Entry(one.id, one.level or None, None, preparing.text(one.data)) for one, _ in lot]
        lexical.put(tx, PURPOSE, preparing.of.id, entries)
