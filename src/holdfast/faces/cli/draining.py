"""What `holdfast interop listen --vendor` does beside listening: it hands on what came, and works on it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.core.errors import HoldfastError
from holdfast.core.telemetry import log
from holdfast.domains.interop.spool import Spool
from holdfast.faces.cli.target import Target
from holdfast.scopes import UserScope


@contextmanager
def draining(
    target: Target, spool: Spool, *, vendor: str | None, keep_days: int | None, every: float
) -> Iterator[None]:
    """Analyses what the spool has, every so many seconds, and once more at the end. Without a vendor nothing.

    A store that is away for a while costs nothing: what came stays in the spool, and is handed on later.
    """
    if vendor is None:
        yield
        return
    with target.opened_by_person() as (store, me):
        _hand_on(me, spool, vendor, keep_days)  # what was left by a run before; refusals are told at once
        ended, worker = threading.Event(), store.worker()
        worker.start()
        thread = threading.Thread(target=_keep_on, args=(me, spool, vendor, keep_days, every, ended), name="drain")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            worker.stop()


def _keep_on(
    me: UserScope, spool: Spool, vendor: str, keep_days: int | None, every: float, ended: threading.Event
) -> None:
    last = False
    while not last:
        last = ended.wait(every)
        try:
            _hand_on(me, spool, vendor, keep_days)
        except (HoldfastError, OSError) as error:
            log.warning("spool_waits", error=type(error).__name__)


def _hand_on(me: UserScope, spool: Spool, vendor: str, keep_days: int | None) -> None:
    spool.cut()
    me.interop.drain(spool.path, vendor=vendor, keep_days=keep_days)
