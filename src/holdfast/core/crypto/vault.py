"""The vault of an open store: data keys, unwrapped and at hand.

Inside a transaction it only ever looks: which keys the owner has is read from the database in that very transaction,
so that a rotated or destroyed key counts at once in every process; their values come from memory. A key that is not
at hand raises `KeysNeeded`; `run_with_keys` then asks the ring, outside any transaction, and runs the work again.
"""

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.crypto import queries
from holdfast.core.crypto.errors import DestructionUnderWay, KeyDestroyed, KeyRingNeeded, SecretUnreadable
from holdfast.core.crypto.models import STORE, DataKey, KeyRow, Purpose
from holdfast.core.crypto.ring import KEY_BYTES, KeyRing, generation
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import Transaction
from holdfast.core.ids import new_id
from holdfast.core.scope import OPERATOR

AT_HAND = 10_000
"""The most data keys kept in memory, 32 bytes each; the oldest go first."""


Beginning = Callable[[Transaction, bytes], None]
"""What a store's first key begins with."""


class KeysNeeded(Exception):
    """Raised inside a transaction: these keys must be unwrapped, or this one made, and the work run again."""

    def __init__(self, rows: Sequence[KeyRow] = (), *, make: tuple[UUID, Purpose] | None = None) -> None:
        super().__init__("a work that needs data keys runs through run_with_keys")
        self.rows = rows
        self.make = make


class Vault:
    """One store's data keys. Safe to use from any number of threads."""

    def __init__(self, ring: KeyRing | None) -> None:
        self.ring = ring
        self._secrets: dict[UUID, bytes] = {}
        self._audit: bytes | None = None
        self._asking = threading.Lock()
        _vaults.add(self)

    # inside a transaction

    def current(self, tx: Transaction, owner: UUID, purpose: Purpose) -> DataKey:
        """The key that seals for `owner` now. Raises `KeysNeeded`."""
        for row in self._found(tx, owner, writing=purpose == "fields"):
            if row.purpose == purpose and row.retired_at is None and row.wrapped is not None:
                return DataKey(id=row.id, secret=self._at_hand([row])[row.id])
        raise KeysNeeded(make=(owner, purpose))

    def named(self, tx: Transaction, wanted: Iterable[tuple[UUID, UUID, str]]) -> dict[UUID, bytes]:
        """The keys that sealed some values, by id. `wanted`: owner, key id and the column it is for.

        Raises `KeysNeeded`, `KeyDestroyed`, or `SecretUnreadable` for a key that the owner does not have.
        """
        rows = {}
        for owner, key_id, label in wanted:
            if key_id not in rows:
                rows[key_id] = self._row(tx, owner, key_id, label)
        return self._at_hand(list(rows.values()))

    def usable(self, tx: Transaction, owner: UUID) -> set[UUID]:
        """The keys of an owner that can still open something."""
        return {row.id for row in self._found(tx, owner) if row.wrapped is not None}

    def _row(self, tx: Transaction, owner: UUID, key_id: UUID, label: str) -> KeyRow:
        row = next((row for row in self._found(tx, owner) if row.id == key_id), None)
        if row is None:
            raise SecretUnreadable(label, key_id)
        if row.wrapped is None:
            raise KeyDestroyed(key_id)
        return row

    def _found(self, tx: Transaction, owner: UUID, *, writing: bool = False) -> list[KeyRow]:
        """The owner's keys, looked up once a transaction; once more when it begins to seal."""
        held = tx.held = {} if tx.held is None else tx.held
        if (owner, True) in held:
            return held[owner, True]
        if (owner, writing) not in held:
            operator = tx.scope.is_operator
            if writing:
                tx.all(queries.writing_as_operator if operator else queries.writing, turn(owner))
            query = queries.of_any_tenant if operator else queries.of_own_tenant
            held[owner, writing] = tx.all(query, {"in_tenant": owner})
        return held[owner, writing]

    def _at_hand(self, rows: Sequence[KeyRow]) -> dict[UUID, bytes]:
        secrets = self._secrets
        missing = [row for row in rows if row.id not in secrets]
        if missing:
            raise KeysNeeded(missing)
        return {row.id: secrets[row.id] for row in rows}

    # outside any transaction

    def provide(self, engine: Engine, needed: KeysNeeded, beginning: Beginning | None = None) -> None:
        """Have what was needed at hand. Asks the ring. Raises `KeyRingNeeded` and what the ring raises."""
        with self._asking:  # whoever waits finds it done
            for row in needed.rows:
                self._unwrap(row)
            if needed.make is not None:
                self._make(engine, *needed.make, beginning)

    def secret_of(self, row: KeyRow, ring: KeyRing | None = None) -> bytes:
        """The value of a data key, asked from the ring. Raises `KeyDestroyed`, `KeyRingNeeded`."""
        if row.wrapped is None or row.ring_key is None:
            raise KeyDestroyed(row.id)
        return (ring or self._ring(row.ring_key)).unwrap(row.tenant_id, row.ring_key, row.wrapped)

    def forget(self, key_ids: Iterable[UUID]) -> None:
        """Drop destroyed keys from memory. The database already says that they are gone."""
        for key_id in key_ids:
            self._secrets.pop(key_id, None)

    def start(self, engine: Engine, beginning: Beginning) -> None:
        """Have the store's own key at hand, made when there is none yet. Raises the named error of a wrong ring.

        `beginning` is called within the transaction that stores a new one, with that transaction and the key: either
        both are there, or neither.
        """
        if self.ring is None:
            row = engine.read(OPERATOR, "all", lambda tx: tx.first(queries.any_key))
            if row is not None:
                raise KeyRingNeeded(row.ring_key)
            return
        self._audit = self._of_store(engine, beginning)

    def audit_key(self) -> bytes | None:
        """The store's own key, with which the trail is sealed; None where no ring was given."""
        return self._audit

    def _of_store(self, engine: Engine, beginning: Beginning) -> bytes:
        while True:
            try:
                return engine.read(OPERATOR, "all", lambda tx: self.current(tx, STORE, "audit")).secret
            except KeysNeeded as needed:
                self.provide(engine, needed, beginning)

    def _ring(self, ring_key: str | None = None) -> KeyRing:
        if self.ring is None:
            raise KeyRingNeeded(ring_key)
        return self.ring

    def _unwrap(self, row: KeyRow) -> None:
        if row.id not in self._secrets:
            self._keep(row.id, self.secret_of(row))

    def _make(self, engine: Engine, owner: UUID, purpose: Purpose, beginning: Beginning | None) -> None:
        """A new key, unless another process was quicker. Raises `DestructionUnderWay`."""

        def put(made: KeyRow, destroyed: set[UUID]) -> bool:
            def work(tx: Transaction) -> bool:
                rows = rows_in_turn(tx, owner)
                if ids_destroyed(rows) != destroyed:
                    return False
                if not any(row.purpose == purpose and row.retired_at is None for row in rows):
                    tx.run(queries.insert_key, made.__dict__)
                    if beginning is not None:
                        beginning(tx, self._secrets[made.id])
                return True

            return engine.write(OPERATOR, "all", work)

        self.make_with(engine, owner, purpose, put)

    def make_with(
        self, engine: Engine, owner: UUID, purpose: Purpose, put: Callable[[KeyRow, set[UUID]], bool]
    ) -> None:
        """Make a key and have it `put`, which says, under the lock, whether what was destroyed is still the same.

        Otherwise the ring may have forgotten, or be about to forget, what the key was wrapped with: it is wrapped
        again. So no key is kept that was wrapped while the owner's keys were being destroyed. Raises
        `DestructionUnderWay`.
        """
        while True:
            rows = engine.read(OPERATOR, "all", lambda tx: tx.all(queries.of_any_tenant, {"in_tenant": owner}))
            if unfinished(rows, self._ring()):
                raise DestructionUnderWay(owner)
            if put(self.new_row(owner, purpose), ids_destroyed(rows)):
                return

    def new_row(self, owner: UUID, purpose: Purpose) -> KeyRow:
        """A new random data key, wrapped by the ring."""
        secret = os.urandom(KEY_BYTES)
        wrapped = self._ring().wrap(owner, secret)
        row = KeyRow(
            id=new_id(),
            tenant_id=owner,
            purpose=purpose,
            wrapped=wrapped.blob,
            ring_key=wrapped.ring_key,
            created_at=now(),
            retired_at=None,
        )
        self._keep(row.id, secret)
        return row

    def _keep(self, key_id: UUID, secret: bytes) -> None:
        while len(self._secrets) >= AT_HAND:
            self._secrets.pop(next(iter(self._secrets)), None)
        self._secrets[key_id] = secret


def turn(owner: UUID) -> dict[str, str]:
    """What those who seal for an owner, and those who change its keys, wait for."""
    return {"turn": f"data keys {owner}"}


def rows_in_turn(tx: Transaction, owner: UUID) -> list[KeyRow]:
    """Within the operator's transaction: the owner's keys, that nobody else seals with or changes until it ends."""
    tx.all(queries.changing, turn(owner))
    return tx.all(queries.of_any_tenant, {"in_tenant": owner})


def ids_destroyed(rows: Iterable[KeyRow]) -> set[UUID]:
    """Which keys were destroyed: grows with each destruction, before the ring forgets its part."""
    return {row.id for row in rows if row.wrapped is None}


def unfinished(rows: Iterable[KeyRow], ring: KeyRing) -> list[KeyRow]:
    """The destroyed keys of which `ring` has not forgotten its part yet, and can. Those of another ring are not its."""
    named = [(row, row.ring_key) for row in rows if row.wrapped is None and row.ring_key is not None]
    if not named or not ring.forgets:
        return []
    generations = ring.keys()
    known = {key.id for key in generations}
    return [row for row, ring_key in named if generation(ring_key) in known]


_vaults: "weakref.WeakSet[Vault]" = weakref.WeakSet()


def _unlock_in_child() -> None:
    """The thread that was asking the ring is not in the child."""
    for vault in list(_vaults):
        vault._asking = threading.Lock()


os.register_at_fork(after_in_child=_unlock_in_child)
