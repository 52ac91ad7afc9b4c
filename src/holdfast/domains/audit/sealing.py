"""Sealing: shortly after they commit, a tenant's new lines are put under the next link of its hash chain.

Not in the transaction that writes them, or all of a tenant's writers would queue for the end of the chain. A seal takes
every line that is settled and not yet sealed, so that none is ever left out; one that was added later, in between, is
found by `verify`.
"""

import hashlib
import hmac
import os
import threading
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from holdfast.core.clock import now, to_microseconds
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.errors import HoldfastError
from holdfast.core.scope import NIL, OPERATOR
from holdfast.core.settings import Settings
from holdfast.core.telemetry import log
from holdfast.domains.audit import queries

BATCH = 10_000
"""The most lines under one seal: half a megabyte of entries."""

GENESIS = "00" * 32
ENTRY = 48
_BEGINNING = (0, 0, NIL, 0, GENESIS)


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


def seal(tx: Transaction, key: bytes | None, tenant_id: UUID) -> int:
    """Put up to `BATCH` of a tenant's lines under a seal: how many there were. Three statements, and one that waits."""
    tx.all(queries.wait_for_turn, {"turn": f"seal {tenant_id}"})
    asked = {"in_tenant": tenant_id}
    number, position, last_id, events, previous = tx.first(queries.last_seal_of, asked) or _BEGINNING
    new = tx.all(queries.unsealed, {**asked, "after_position": position, "after_id": last_id, "limit": BATCH})
    if not new:
        return 0
    row = {
        "tenant_id": tenant_id,
        "number": number + 1,
        "through_position": new[-1][0],
        "through_id": new[-1][1],
        "events": events + len(new),
        "entries": b"".join([entry(event_id, mac) for _, event_id, mac in new]),
        "previous": previous,
        "sealed_at": now(),
    }
    row["hash"] = seal_hash(key, tenant_id, row["number"], row["events"], row["entries"], previous, row["sealed_at"])
    tx.run(queries.insert_seal, row)
    return len(new)


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


class Sealer:
    """Seals, `Settings.seal_seconds` after a line was written, what a store has written; a thread, once there is any.

    What a crash leaves unsealed is sealed with the tenant's next lines. A failure is logged and the lines wait: they
    are in the database already, each with its code.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
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
        while not self._ending.wait(self._seconds):
            self._seal_waiting()

    def _seal_waiting(self) -> None:
        tenants = [self._waiting.pop() for _ in range(len(self._waiting))]
        for number, tenant_id in enumerate(tenants):
            try:
                seal_all(self._engine, [tenant_id])
            except HoldfastError as error:
                log.info("audit.seal_postponed", tenants=len(tenants) - number, code=error.code)
                self._waiting.update(tenants[number:])
                return

    def close(self) -> None:
        """End the thread and seal what is left."""
        self._ending.set()
        if self._process == os.getpid():
            if self._thread is not None:
                self._thread.join()
            self._seal_waiting()
