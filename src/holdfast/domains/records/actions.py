"""Records: put, changed, deleted, one or many."""

from collections.abc import Mapping, Sequence
from functools import partial

from holdfast.core import lexical
from holdfast.core.action import action, composite
from holdfast.core.clearance import check_level, hold
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_document
from holdfast.core.pages import check_limit
from holdfast.domains.records import picking, queries
from holdfast.domains.records.access import as_record, writable_set
from holdfast.domains.records.errors import RecordChanged, RecordNotFound, RecordsRefused
from holdfast.domains.records.loading import Loading
from holdfast.domains.records.models import Record, RecordSet, StoreReport
from holdfast.domains.records.preparing import Preparing, Ready
from holdfast.domains.records.questions import check_key
from holdfast.domains.records.sets import RecordSets
from holdfast.domains.records.storing import Known, Written, known_records, next_change, store, version_of


class Records(Loading, RecordSets):
    """The application's own entities: named sets of JSON records, held to a schema, found by typed filters."""

    @action("records.write", writes=True)
    def put(
        self,
        name: str,
        data: Mapping[str, object],
        *,
        clearance: str | None = None,
        if_version: int | None = None,
    ) -> Work[Record]:
        """Store a record, new or in place of the one of its key. What is there already as it is stays at its version.

        `clearance`: the level it is put at, which the caller must hold; by default where the record is, else the
        set's. `if_version`: only over this version; 0: only if there is none. Raises `SetNotFound`, `SetReadOnly`,
        `RecordRefused`, `RecordChanged`, `ClearanceNeeded`.
        """
        level, wanted = self._check_level(clearance), check_version(if_version)

        def work(tx: Transaction) -> Record:
            of = writable_set(tx, name)
            preparing = Preparing(of, self.settings)
            ready = preparing(data)
            before = known_records(tx, of, [ready.key], level).get(ready.key)
            _check_version(ready.key, before, wanted)
            return _put(tx, preparing, ready, before, level, only_new=wanted == 0 and before is None)

        return work

    @action("records.write", writes=True)
    def update(
        self, name: str, key: str, changes: Mapping[str, object], *, if_version: int | None = None
    ) -> Work[Record]:
        """Change members of a record: a JSON merge patch (RFC 7396), in which null takes a member away.

        Raises `SetNotFound`, `RecordNotFound`, `SetReadOnly`, `RecordRefused`, `RecordChanged`.
        """
        wanted, version = check_key(key), check_version(if_version)
        if not isinstance(changes, Mapping):
            raise InvalidInput(f"changes: an object is needed, got {type(changes).__name__}", field="changes")
        limits = {"most_bytes": self.settings.record_bytes, "most_depth": self.settings.record_depth + 1}
        check_document(changes, field="changes", **limits)  # before anything walks through it

        def work(tx: Transaction) -> Record:
            of = writable_set(tx, name)
            before = _there(tx, of, wanted)
            _check_version(wanted, before, version)
            preparing = Preparing(of, self.settings)
            ready = preparing(merged(before.data, changes))
            if ready.key != wanted:
                raise InvalidInput("changes: they would change the key; put another record instead", field="changes")
            return _put(tx, preparing, ready, before, before.level)

        return work

    @action("records.write", writes=True)
    def delete(self, name: str, key: str, *, if_version: int | None = None, forget: bool = False) -> Work[None]:
        """Delete a record; nothing of it is left, but its history where the set keeps one; `forget`: nor that.

        Raises `SetNotFound`, `RecordNotFound`, `SetReadOnly`, `RecordChanged`.
        """
        wanted, version = check_key(key), check_version(if_version)

        def work(tx: Transaction) -> None:
            of = writable_set(tx, name)
            before = _there(tx, of, wanted)
            _check_version(wanted, before, version)
            remove(tx, of, [before])
            if of.history:
                gone = version_of(wanted, before.id, before.level, before.version + 1, None, now(), tx.scope.actor_id)
                tx.run(queries.insert_version, {"set_id": of.id} | gone)
                if forget:
                    tx.run(queries.forget_versions, {"set_id": of.id, "key": wanted})
            tx.record("record", before.id, set=of.name, deleted=True)

        return work

    @composite
    def put_some(
        self,
        name: str,
        rows: Sequence[Mapping[str, object]],
        *,
        clearance: str | None = None,
        whole: bool = False,
        first: int = 1,
    ) -> StoreReport:
        """Store up to `record_batch` (2,000) records in one transaction; `put_many` stores any number.

        Those that do not fit are named, by their place from `first` on, and the others are stored; `whole`: then none
        is. Raises `SetNotFound`, `SetReadOnly`, `RecordsRefused`, `ClearanceNeeded`.
        """
        level = self._check_level(clearance)
        if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Sequence):
            raise InvalidInput(f"rows: a list of records is needed, got {type(rows).__name__}", field="rows")
        if rows:
            check_limit(len(rows), self.settings.record_batch, field="rows")
        preparing = Preparing(self.get_set(name), self.settings)
        ready, failed = preparing.some(rows, first)
        if failed and whole:
            raise RecordsRefused(failed)
        done = self._store(preparing, ready, level)
        return StoreReport(added=done.added, changed=done.changed, unchanged=done.unchanged, failed=tuple(failed))

    @action("records.write", writes=True)
    def _store(self, preparing: Preparing, ready: Sequence[Ready], level: str | None) -> Work[Written]:
        def work(tx: Transaction) -> Written:
            of = writable_set(tx, preparing.of.name)
            if level is not None or of.clearance is not None:
                hold(tx, level or of.clearance or "")
            held, fitting = preparing, ready
            if of != preparing.of:  # defined anew since they were held to it
                held = Preparing(of, self.settings)
                fitting, failed = held.some([one.data for one in ready])
                if failed:
                    raise RecordsRefused(failed)
            done = store(tx, held, fitting, level=level)
            if done.added or done.changed:
                tx.record("record_set", of.id, name=of.name, added=done.added, changed=done.changed)
            else:
                tx.unchanged()
            return done

        return work

    def _check_level(self, clearance: str | None) -> str | None:
        return None if clearance is None else check_level(clearance)


def check_version(version: object) -> int | None:
    """A version to be changed, 0 for none, None for any. Raises `InvalidInput`."""
    if version is None:
        return None
    if isinstance(version, bool) or not isinstance(version, int) or not 0 <= version < 2**31:
        raise InvalidInput(f"if_version: {version!r:.40} is no version; give that of the record", field="if_version")
    return version


def merged(data: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """A document after a merge patch (RFC 7396)."""
    made = dict(data)
    for name, value in changes.items():
        if value is None:
            made.pop(name, None)
        elif isinstance(value, Mapping):
            before = made.get(name)
            made[name] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            made[name] = value
    return made


def remove(tx: Transaction, of: RecordSet, gone: Sequence[Known]) -> None:
    """Delete records that are known."""
    ids, change = [one.id for one in gone], next_change(tx, of)
    if change is not None:
        tx.run(queries.set_removal, {"set_id": of.id})
        tx.after_commit(partial(picking.tell, picking.Change(of.id, change, None)))
    if of.text:
        lexical.remove(tx, ids)
    tx.run(queries.delete_some, {"set_id": of.id, "ids": ids})


def _there(tx: Transaction, of: RecordSet, key: str) -> Known:
    before = known_records(tx, of, [key]).get(key)
    if before is None or _expired(before):
        raise RecordNotFound(of.name, key)
    return before


def _expired(one: Known) -> bool:
    return one.expires_at is not None and one.expires_at <= now()


def _check_version(key: str, before: Known | None, wanted: int | None) -> None:
    found = 0 if before is None or _expired(before) else before.version
    if wanted is not None and wanted != found:
        raise RecordChanged(key, wanted, found)


def _put(
    tx: Transaction,
    preparing: Preparing,
    ready: Ready,
    before: Known | None,
    level: str | None,
    *,
    only_new: bool = False,
) -> Record:
    of = preparing.of
    at = level if level is not None else before.level if before is not None else of.clearance or ""
    if at:
        hold(tx, at)
    done = store(tx, preparing, [ready], level=at)
    row = next(row for row in tx.all(queries.stored_shown, {"set_id": of.id, "key": ready.key, "level": at}))
    if only_new and not done.added:  # somebody else stored one between the look and the writing
        raise RecordChanged(ready.key, 0, row[2] - done.changed)
    if done.unchanged:
        tx.unchanged()
    else:
        tx.record("record", row[7], set=of.name, version=row[2])
    return as_record(row)
