"""The room of keys: which there are, new ones for old, and destroying a tenant's.

Each operation is made of short transactions, and asks the ring between them. Interrupted, it is taken up where it was
left by calling it again; the application reads and writes meanwhile.
"""

from collections.abc import Iterator
from uuid import UUID

from holdfast.core.action import Actions, action, composite
from holdfast.core.clock import now
from holdfast.core.crypto import queries
from holdfast.core.crypto.destruction import destroy_keys, finish_destruction
from holdfast.core.crypto.errors import InvalidKeyRing, KeyRingNeeded
from holdfast.core.crypto.models import STORE, Destroyed, KeyRow, KeyState, Resealed, Rotated, StoredKey
from holdfast.core.crypto.resealing import Cursor, Lot, SealedTable, sealed_tables
from holdfast.core.crypto.ring import KeyRing, RingKey, Wrapped, generation
from holdfast.core.crypto.rings import open_ring
from holdfast.core.crypto.vault import ids_destroyed, rows_in_turn
from holdfast.core.database.transaction import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id

LOT = 100
"""Data keys to a transaction."""


class Keys(Actions):
    """The key ring and the data keys of a store. For the operator."""

    @composite
    def list_ring(self) -> list[RingKey]:
        """The ring's keys, the current one first. Raises `KeyRingNeeded`."""
        self._may_list()
        return self._ring().keys()

    @action("keys.list", writes=False)
    def list_keys(self) -> Work[list[StoredKey]]:
        """Every data key, by tenant; none of them in the clear."""
        return lambda tx: [_shown(row) for row in tx.all(queries.every_key)]

    @composite
    def rotate(self, *, to: KeyRing | str | None = None) -> Rotated:
        """Wrap every data key with a new ring key. Secrets need not be touched.

        The ring gets a new key first, unless some data keys are not under its current one: then an earlier rotation is
        finished. `to`: move to another ring instead; open the store with that one afterwards. Raises `RingTakesNoKey`,
        `KeyRingNeeded`, `InvalidKeyRing`.
        """
        self._may_rotate()
        ring = self._ring()
        if to is not None:
            target = _another(to, ring)
        else:
            target = ring
            if not any(_stale(lot, _current(ring)) for lot in self._lots()):
                ring.add()
        rewrapped = 0
        while count := sum(self._rewrap(_stale(lot, _current(target)), target) for lot in self._lots()):
            rewrapped += count
        self.engine.vault.ring = target
        return Rotated(ring_key=_current(target), rewrapped=rewrapped)

    @composite
    def rewrap(self) -> int:
        """Wrap every data key again with the ring as it is: what `rekey` does before and after. How many."""
        self._may_rotate()
        ring = self._ring()
        return sum(self._rewrap(lot, ring) for lot in self._lots())

    @composite
    def rotate_data(self, tenant: UUID | str) -> Resealed:
        """Give a tenant a new data key and seal all its secrets anew with it, while the application goes on.

        An earlier one that was interrupted is finished first. Earlier keys are kept, retired, so that nothing is lost
        that was not found. Keyed hashes stay as they are: they cannot be made again without what they hide.
        """
        self._may_rotate()
        owner = as_id(tenant, field="tenant")
        values, unreadable = self._reseal(owner)
        if not values:
            self.engine.vault.make_with(self.engine, owner, "fields", self._replace_key)
            values, unreadable = self._reseal(owner)
        return Resealed(key_id=self._current_of(owner), values=values, unreadable=unreadable)

    @composite
    def destroy(self, tenant: UUID | str) -> Destroyed:
        """Destroy a tenant's data keys. What they sealed is gone; new secrets get new keys.

        Where the ring can forget one tenant (a key file, a key-management service), every backup of the database is
        unreadable for that tenant too; until it has, who seals a secret meets `DestructionUnderWay`. May be repeated
        until it is done, for a tenant that was deleted as well.
        """
        owner = as_id(tenant, field="tenant")
        if owner == STORE:
            raise InvalidInput("tenant: the store's own key seals the trail; it is not destroyed", field="tenant")
        gone = self._destroy(owner)
        self.engine.vault.forget(gone)
        return Destroyed(keys=len(gone), backups_too=finish_destruction(self.engine, owner))

    @action("keys.list", writes=False)
    def _may_list(self) -> Work[None]:
        """What needs no transaction asks the policy here, so that a refusal is in the trail."""
        return lambda _tx: None

    @action("keys.rotate", writes=True, recorded=False)
    def _may_rotate(self) -> Work[None]:
        """The same, before the ring is touched."""
        return lambda _tx: None

    def _ring(self) -> KeyRing:
        if self.engine.vault.ring is None:
            raise KeyRingNeeded(None)
        return self.engine.vault.ring

    def _lots(self) -> Iterator[list[KeyRow]]:
        """The data keys that are not destroyed. The store's own comes last: with whatever ring that one opens, the
        store opens, so a move that was interrupted can be taken up with the ring it began with.
        """
        after = STORE
        while rows := self._page(after):
            yield rows
            after = rows[-1].id
        yield self._of_store()

    def _rewrap(self, rows: list[KeyRow], target: KeyRing) -> int:
        vault, known, lot = self.engine.vault, _ids(target), []
        for row in rows:
            source = target if vault.ring is None or generation(row.ring_key or "") in known else vault.ring
            lot.append((row, target.wrap(row.tenant_id, vault.secret_of(row, source))))
        return self._put(lot) if lot else 0

    def _reseal(self, owner: UUID) -> tuple[int, tuple[str, ...]]:
        """Go through every table once: how many values were sealed anew, and which did not open."""
        values = 0
        unreadable: list[str] = []
        for table in sealed_tables(owner):
            lot = self._reseal_lot(table, owner, None)
            while True:
                values += lot.values
                unreadable += lot.unreadable
                if lot.next is None:
                    break
                lot = self._reseal_lot(table, owner, lot.next)
        return values, tuple(unreadable)

    @action("keys.rotate", writes=False)
    def _page(self, after: UUID) -> Work[list[KeyRow]]:
        return lambda tx: tx.all(queries.page_of_keys, {"after": after, "limit": LOT})

    @action("keys.rotate", writes=False)
    def _of_store(self) -> Work[list[KeyRow]]:
        return lambda tx: [r for r in tx.all(queries.of_any_tenant, {"in_tenant": STORE}) if r.wrapped is not None]

    @action("keys.rotate", writes=True)
    def _put(self, lot: list[tuple[KeyRow, Wrapped]]) -> Work[int]:
        """Replace the wrapped forms; of a key that was destroyed meanwhile, nothing."""

        def work(tx: Transaction) -> int:
            done = sum(
                tx.run(
                    queries.rewrap_key,
                    {"key_id": row.id, "old": row.wrapped, "blob": new.blob, "new_ring_key": new.ring_key},
                )
                for row, new in lot
            )
            tx.record("key_ring", ring_key=generation(lot[0][1].ring_key), rewrapped=done)
            return done

        return work

    @action("keys.rotate", writes=True)
    def _replace_key(self, made: KeyRow, destroyed: set[UUID]) -> Work[bool]:
        """Retire the key of fields and begin a new one, when nobody is sealing with the old one.

        Not when others were destroyed than `destroyed`, which were so before it was wrapped.
        """

        def work(tx: Transaction) -> bool:
            if ids_destroyed(rows_in_turn(tx, made.tenant_id)) != destroyed:
                tx.unchanged()
                return False
            tx.run(queries.retire_keys, {"in_tenant": made.tenant_id, "of_purpose": made.purpose, "moment": now()})
            tx.run(queries.insert_key, made.__dict__)
            tx.record("data_key", made.id, tenant_id=made.tenant_id, purpose=made.purpose)
            return True

        return work

    @action("keys.rotate", writes=True, recorded=False)
    def _reseal_lot(self, table: SealedTable, owner: UUID, after: Cursor | None) -> Work[Lot]:
        return lambda tx: table.reseal(tx, self.engine.vault, owner, after)

    @action("keys.rotate", writes=False)
    def _current_of(self, owner: UUID) -> Work[UUID]:
        return lambda tx: self.engine.vault.current(tx, owner, "fields").id

    @action("keys.destroy", writes=True)
    def _destroy(self, owner: UUID) -> Work[list[UUID]]:
        def work(tx: Transaction) -> list[UUID]:
            gone = destroy_keys(tx, owner)
            tx.record("tenant", owner, tenant_id=owner, data_keys=len(gone))
            return gone

        return work


def _shown(row: KeyRow) -> StoredKey:
    state: KeyState = "destroyed" if row.wrapped is None else "current" if row.retired_at is None else "retired"
    named = {"ring_key": row.ring_key, "created_at": row.created_at}
    return StoredKey(id=row.id, tenant_id=row.tenant_id, purpose=row.purpose, state=state, **named)  # type: ignore[arg-type]


def _current(ring: KeyRing) -> str:
    generations = ring.keys()
    return next((key.id for key in generations if key.current), "")


def _ids(ring: KeyRing) -> set[str]:
    generations = ring.keys()
    return {key.id for key in generations}


def _stale(rows: list[KeyRow], current: str) -> list[KeyRow]:
    return [row for row in rows if generation(row.ring_key or "") != current]


def _another(to: KeyRing | str, ring: KeyRing) -> KeyRing:
    """The ring to move to. Its keys must have names of their own: a name says what a data key is wrapped with."""
    target = open_ring(to) if isinstance(to, str) else to
    if not target.keys():
        target.add()
    same = _ids(ring) & _ids(target)
    if same:
        raise InvalidKeyRing(f"both rings have a key {min(same)!r}; the new ring's keys need other names")
    return target
