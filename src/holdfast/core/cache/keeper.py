"""The keeper: a thread that holds on to leases while their loaders run, and tells Redis what it could not be told
yet."""

import os
import threading
from contextlib import suppress

from holdfast.core.cache.leases import Away, Lease, Place
from holdfast.core.cache.lines import FAILING
from holdfast.core.cache.remote import Remote
from holdfast.core.database.internal import internal_error

RETRY_SECONDS = 0.2
"""How often Redis is asked whether it is there, for as long as there is something to tell it."""


class Keeper:
    """The keeper of one process. The thread begins when there is something to keep."""

    def __init__(self, remote: Remote, *, lease_seconds: float) -> None:
        self._remote = remote
        self._tick = lease_seconds / 3
        self.begin()

    def begin(self) -> None:
        """Without a thread; the parent's is not in a child."""
        self._process = os.getpid()
        self._starting = threading.Lock()
        self._ending = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._held: dict[int, tuple[Place, Lease]] = {}

    def hold(self, place: Place, lease: Lease) -> None:
        """Keep a lease from ending, until `let_go`."""
        self._held[id(lease)] = (place, lease)
        self._start()

    def let_go(self, lease: Lease) -> None:
        """It is not needed any more."""
        self._held.pop(id(lease), None)

    def tell(self) -> None:
        """There is something to tell Redis."""
        self._start()
        self._wake.set()

    def _start(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None and not self._ending:
                    self._thread = threading.Thread(target=self._run, name="holdfast-cache-keeper", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while not self._ending:
            self._wake.wait(RETRY_SECONDS if self._remote.has_pending else self._tick)
            self._wake.clear()
            try:
                with suppress(Away):
                    if self._remote.has_pending:
                        self._remote.tell_pending()
                    self._renew()
            except FAILING:
                pass
            except Exception as error:  # noqa: BLE001  # the thread must live on
                internal_error("cache", type(error).__name__, "keeping")

    def _renew(self) -> None:
        for place, lease in list(self._held.values()):
            self._remote.renew(place, lease)

    def close(self) -> None:
        """End the thread."""
        self._ending = True
        self._wake.set()
        if self._thread is not None and self._process == os.getpid():
            self._thread.join(5)
