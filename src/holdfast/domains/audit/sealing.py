"""Sealing: shortly after they commit, a tenant's new lines are put under the next link of its hash chain.

Not in the transaction that writes them, or all of a tenant's writers would queue for the end of the chain. A seal takes
every line that is settled and not yet sealed, so that none is ever left out; one that was added later, in between, is
found by `verify`.
"""

import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from holdfast.core.clock import now, to_microseconds
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.internal import internal_error
from holdfast.core.errors import HoldfastError
from holdfast.core.scope import NIL, OPERATOR
from holdfast.core.settings import Settings
from holdfast.core.telemetry import log
from holdfast.domains.audit import queries
from holdfast.domains.audit.errors import TrailNotSettled, TrailNotSound
from holdfast.domains.audit.models import Seal

BATCH = 10_000
"""The most lines under one seal: half a megabyte of entries."""

GENESIS = "00" * 32
ENTRY = 48


def seal_hash(
    key: bytes | None, tenant_id: UUID, number: int, events: int, entries: bytes, previous: str, sealed_at: datetime
) -> str:
    """The hash of a seal: keyed as the lines are, over tenant, place, time, entries and the seal before."""
    numbers = b"".join(value.to_bytes(8, "big") for value in (number, events, to_microseconds(sealed_at)))
    said = tenant_id.bytes + numbers + bytes.fromhex(previous) + entries
    return (hashlib.sha256(said).digest() if key is None else hmac.digest(key, said, "sha256")).hex()


def entry(event_id: UUID, mac: str) -> bytes:
    """What stands in a seal for a line."""
    return event_id.bytes + bytes.fromhex(mac)


def seal_of(row: Sequence[Any]) -> tuple[Seal, bytes, str]:
    """The seal of a row, its entries, and the hash of the seal before it."""
    *fields, entries, previous = row
    return Seal(**dict(zip(Seal.__dataclass_fields__, fields, strict=True))), entries, previous


def checked(key: bytes | None, tenant_id: UUID, row: Sequence[Any]) -> Seal:
    """The seal of a row, if it was made with this store's key. Raises `TrailNotSound`."""
    last, entries, previous = seal_of(row)
    if seal_hash(key, tenant_id, last.number, last.events, entries, previous, last.sealed_at) != last.hash:
        raise TrailNotSound(last.number)
    return last


def seal(tx: Transaction, key: bytes | None, tenant_id: UUID) -> int:
    """Put up to `BATCH` of a tenant's lines under a seal: how many there were. Three statements, and one that waits.

    Raises `TrailNotSound` rather than continue a chain that somebody else has written.
    """
    tx.all(queries.wait_for_turn, {"turn": f"seal {tenant_id}"})
    row = tx.first(queries.last_seal_of, {"in_tenant": tenant_id})
    last = None if row is None else checked(key, tenant_id, row)
    new = tx.all(queries.unsealed, {**_behind(tenant_id, last), "limit": BATCH})
    if new:
        _insert(tx, key, tenant_id, last, new)
    return len(new)


def _behind(tenant_id: UUID, last: Seal | None) -> dict[str, Any]:
    position, last_id = (0, NIL) if last is None else (last.through_position, last.through_id)
    return {"in_tenant": tenant_id, "after_position": position, "after_id": last_id}


def _insert(
    tx: Transaction, key: bytes | None, tenant_id: UUID, last: Seal | None, lines: Sequence[tuple[int, UUID, str]]
) -> None:
    """The next link of the chain, over `lines` (place, id, code)."""
    entries = b"".join([entry(event_id, mac) for _, event_id, mac in lines])
    number, events, previous = (0, 0, GENESIS) if last is None else (last.number, last.events, last.hash)
    through = lines[-1][:2] if lines else (0, NIL) if last is None else (last.through_position, last.through_id)
    number, events, moment = number + 1, events + len(lines), now()
    row = {"number": number, "events": events, "entries": entries, "previous": previous, "sealed_at": moment}
    row |= {"tenant_id": tenant_id, "through_position": through[0], "through_id": through[1]}
    row["hash"] = seal_hash(key, tenant_id, number, events, entries, previous, moment)
    tx.run(queries.insert_seal, row)


def seal_all(engine: Engine, tenants: Iterable[UUID]) -> int:
    """Seal every settled line of these tenants: how many there were."""
    total = 0
    for tenant_id in tenants:
        while True:
            sealed = engine.write(OPERATOR, "all", partial(seal, key=engine.trail.key, tenant_id=tenant_id))
            total += sealed
            if sealed < BATCH:
                break
    return total


def waits(tx: Transaction, tenant_id: UUID) -> bool:
    """Whether a tenant has lines without a seal: not settled yet, or left by a process that died."""
    row = tx.first(queries.last_seal_of, {"in_tenant": tenant_id})
    last = None if row is None else seal_of(row)[0]
    return tx.first(queries.any_beyond, _behind(tenant_id, last)) is not None


def anchor(tx: Transaction, key: bytes, tenants: Iterable[UUID]) -> None:
    """When a store gets its first key ring: vouch for the lines that were written without one.

    They are sealed as they are, and a seal made with the key, over none, is put on top. Without such a seal above them
    `verify` takes no line and no seal that was not made with the key; so it is done in the transaction that stores the
    key. Raises `TrailNotSettled` where lines are beyond what can be sealed yet.
    """
    for tenant_id in tenants:
        while seal(tx, None, tenant_id) == BATCH:
            pass
        if waits(tx, tenant_id):
            raise TrailNotSettled
        row = tx.first(queries.last_seal_of, {"in_tenant": tenant_id})
        if row is not None:
            _insert(tx, key, tenant_id, checked(None, tenant_id, row), ())


class Sealer:
    """Seals, `Settings.seal_seconds` after a line was written, what a store has written; a thread, once there is any.

    It begins with what others left unsealed, and a tenant whose lines are not settled yet waits for the next round. A
    failure is logged and the lines wait: they are in the database already, each with its code.
    """

    def __init__(self, engine: Engine, settings: Settings, every_tenant: Callable[[], Iterable[UUID]]) -> None:
        self._engine = engine
        self._every_tenant = every_tenant
        self._seconds = settings.seal_seconds
        self._begin()
        engine.trail.written = self.written

    def _begin(self) -> None:
        self._process = os.getpid()
        self._waiting: set[UUID] = set()
        self._starting = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def written(self, tenant_id: UUID) -> None:
        """Note that a tenant has new lines."""
        if self._process != os.getpid():
            self._begin()  # a fork takes no threads along
        self._waiting.add(tenant_id)
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._ending.is_set():
                self._thread = threading.Thread(target=self._run, name="holdfast-sealer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        self._guarded(self._find_left_behind)
        while not self._ending.wait(self._seconds):
            self._seal_waiting()

    def _find_left_behind(self) -> None:
        for tenant_id in self._every_tenant():
            if self._engine.read(OPERATOR, "all", partial(waits, tenant_id=tenant_id)):
                self._waiting.add(tenant_id)

    def _seal_waiting(self) -> None:
        for tenant_id in [self._waiting.pop() for _ in range(len(self._waiting))]:
            if not self._guarded(partial(self._seal, tenant_id)):
                self._waiting.add(tenant_id)

    def _seal(self, tenant_id: UUID) -> None:
        seal_all(self._engine, [tenant_id])
        if self._engine.read(OPERATOR, "all", partial(waits, tenant_id=tenant_id)):
            self._waiting.add(tenant_id)

    def _guarded(self, step: Callable[[], None]) -> bool:
        """Whether `step` ended well: whatever happens to one round, the next one comes."""
        try:
            step()
        except HoldfastError as error:
            log.warning("audit.seal_postponed", code=error.code)
            return False
        except Exception as error:  # noqa: BLE001  # the thread must live on
            internal_error("audit", type(error).__name__, "sealing")
            return False
        return True

    def close(self) -> None:
        """End the thread and seal what is left."""
        self._ending.set()
        if self._process == os.getpid():
            if self._thread is not None:
                self._thread.join()
            self._seal_waiting()
