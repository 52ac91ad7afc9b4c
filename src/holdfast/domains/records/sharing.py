"""Sets that other tenants read: granted, taken back, listed."""

from collections.abc import Sequence
from uuid import UUID

from holdfast.core.action import action, composite
from holdfast.core.clearance import hold
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.inputs import check_levels, check_name
from holdfast.core.scope import OPERATOR
from holdfast.domains.records import queries
from holdfast.domains.records.access import find_set, writable_set
from holdfast.domains.records.errors import ReaderUnfit, ShareNotFound
from holdfast.domains.records.models import RecordShare
from holdfast.domains.records.picks import RecordPicks

SLUG_CHARS = 200


class RecordSharing(RecordPicks):
    """What is done to shares; see `Records`."""

    @composite
    def share(self, name: str, *, tenant: str, levels: Sequence[str] = ()) -> RecordShare:
        """Let another tenant read a set: its members get, find, count, group and pick, under the name `OWNER:SET`.

        They see records at no level, and at those of `levels` that they hold themselves; who shares must hold them.
        They change nothing, and neither search its words nor see its history. It can be shared again with other levels.
        Administrators alone share. Raises `SetNotFound`, `ReaderUnfit`, `ClearanceNeeded`.
        """
        named = check_name(tenant, field="tenant", most_chars=SLUG_CHARS)
        found = self.engine.read(OPERATOR, "all", lambda tx: tx.first(queries.tenant_named, {"slug": named}))
        return self._share(name, named, None if found is None else found[0], check_levels(levels, field="levels"))

    @action("records.share", writes=True)
    def _share(self, name: str, tenant: str, reader_id: UUID | None, levels: str) -> Work[RecordShare]:
        actor = self.scope.actor_id

        def work(tx: Transaction) -> RecordShare:
            of = writable_set(tx, name)
            for level in levels:
                hold(tx, level)
            if reader_id is None:
                raise ReaderUnfit(tenant, "is no tenant of this store; give the name (slug) of one")
            if reader_id == tx.tenant_id:
                raise ReaderUnfit(tenant, "is the set's own tenant, whose members read it anyway")
            before = {row[0]: row for row in tx.all(queries.grants, {"set_id": of.id})}.get(reader_id)
            if before is not None and before[2] == levels:
                tx.unchanged()
                return _as_share(before)
            row = {"set_id": of.id, "at_levels": levels, "granted_by": actor, "granted_at": now(), "read_at": None}
            if before is None:
                owner = tx.all(queries.own_name)[0][0]
                tx.run(queries.insert_grant, row | {"reader_id": reader_id, "reader": tenant, "owner": owner})
            else:
                at = {"of_reader": reader_id, "new_levels": levels, "moment": row["granted_at"]}
                tx.run(queries.change_grant, row | at)
            tx.record("record_set", of.id, name=of.name, shared_with=tenant, levels=levels)
            return _as_share(next(one for one in tx.all(queries.grants, {"set_id": of.id}) if one[0] == reader_id))

        return work

    @action("records.share", writes=True)
    def unshare(self, name: str, *, tenant: str) -> Work[None]:
        """Take a set back from another tenant: its next request finds it no more, picks from memory included.

        Raises `SetNotFound`, `ShareNotFound`.
        """
        named = check_name(tenant, field="tenant", most_chars=SLUG_CHARS)

        def work(tx: Transaction) -> None:
            of = writable_set(tx, name)
            if not tx.run(queries.delete_grant, {"set_id": of.id, "reader": named}):
                raise ShareNotFound(of.name, named)
            tx.record("record_set", of.id, name=of.name, unshared_with=named)

        return work

    @action("records.read", writes=False)
    def shares(self, name: str) -> Work[list[RecordShare]]:
        """The tenants that read a set of this one, by name. Raises `SetNotFound`."""
        return lambda tx: [_as_share(row) for row in tx.all(queries.grants, {"set_id": find_set(tx, name).id})]


def _as_share(row: tuple[object, ...]) -> RecordShare:
    _, tenant, levels, granted_by, granted_at, read_at = row
    made = {"granted_by": granted_by, "granted_at": granted_at, "read_at": read_at}
    return RecordShare(tenant=str(tenant), levels=tuple(str(levels)), **made)  # type: ignore[arg-type]  # the columns'
