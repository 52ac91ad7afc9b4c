"""A worker: takes jobs that are due, does them in threads, queues what the schedule says.

Any number of workers, in any number of processes, work on one store. A job belongs to whoever took it last, for as long
as the lease lasts; a worker makes its leases longer while their bodies run. One that dies, or is paused for longer than
its lease, loses its jobs to the others, and then can write nothing of them (see `Run`).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.internal import internal_error
from holdfast.core.errors import HoldfastError
from holdfast.core.jobs import kinds, queries
from holdfast.core.jobs.carrying import Carrying, Standing, place_of
from holdfast.core.jobs.models import Claimed
from holdfast.core.jobs.queueing import insert, listen, new_row
from holdfast.core.jobs.running import Run
from holdfast.core.scope import NIL, OPERATOR
from holdfast.core.settings import Settings
from holdfast.core.telemetry import log

SCHEDULE_SECONDS = 5.0
"""How often a worker looks at the schedule, whose lines strike at full minutes."""
STOP_STEP = 0.02


@dataclass(frozen=True, kw_only=True)
class WorkerStats:
    """What a worker has done since it began: jobs ended by kind and outcome, the seconds they took by kind; how many it
    is at; for how long the job that waits longest could have been taken.
    """

    ended: dict[tuple[str, str], int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    running: int = 0
    waiting_seconds: float = 0.0


class Worker(Carrying):
    """Does jobs. `start` it in a program that runs on; `run_due` does what is due now, in the caller's thread."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        standing: Standing,
        *,
        threads: int | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        super().__init__(engine, settings, standing, clock=clock)
        self._threads = threads or settings.job_threads
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._dispatcher: threading.Thread | None = None
        self._looked = -SCHEDULE_SECONDS

    # -- the life of a worker ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to work, in threads of its own."""
        listen(self._woken)
        self._dispatcher = threading.Thread(target=self._dispatch, name="holdfast-worker", daemon=True)
        self._dispatcher.start()

    def stop(self, *, seconds: float | None = None) -> None:
        """Take no more jobs. Those under way end, or stop at their next progress point and go back to the queue with
        their checkpoint; one that does neither within `seconds` (`Settings.job_stop_seconds`) is given back as it is.
        """
        self._stopping.set()
        self._woken.set()
        if self._dispatcher is not None:
            self._dispatcher.join()
        until = monotonic() + (self._settings.job_stop_seconds if seconds is None else seconds)
        while (waiting := self._snapshot()) and monotonic() < until:
            for _, run, _ in waiting.values():
                if run is not None:
                    run.stopping = True
            next(iter(waiting)).join(STOP_STEP)
        for claimed, run, _ in self._snapshot().values():
            if run is not None:
                run.lost = True
            self._give_back(claimed)

    def stats(self) -> WorkerStats:
        """Counts, for the metrics page."""
        with self._mutex:
            ended, seconds = dict(self._ended), dict(self._seconds)
        return WorkerStats(ended=ended, seconds=seconds, running=len(self._runs), waiting_seconds=self._waiting)

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._renew_leases()
                self._look_at_schedule()
                self._take_what_is_due()
            except HoldfastError as error:
                log.warning("worker_waits", code=error.code)
            except Exception as error:  # noqa: BLE001  # the worker lives as long as its process
                internal_error("worker", type(error).__name__, "")
            self._woken.wait(self._settings.job_poll_seconds)
            self._woken.clear()

    def _take_what_is_due(self) -> None:
        while len(self._runs) < self._threads and not self._stopping.is_set():
            claimed = self.claim()
            if claimed is None:
                return
            thread = threading.Thread(target=self._run_in_thread, args=(claimed,), name="holdfast-job", daemon=True)
            with self._mutex:
                self._runs[thread] = (claimed, None, monotonic())
            thread.start()

    def _run_in_thread(self, claimed: Claimed) -> None:
        try:
            self.carry_out(claimed)
        except HoldfastError as error:
            log.warning("job_end_not_written", job=str(claimed.id), code=error.code)  # its lease runs out
        finally:
            with self._mutex:
                del self._runs[threading.current_thread()]
            self._woken.set()

    def _snapshot(self) -> dict[threading.Thread, tuple[Claimed, Run | None, float]]:
        with self._mutex:
            return dict(self._runs)

    def _renew_leases(self) -> None:
        """Make leases longer that are a third over, and hear of jobs that somebody wants cancelled."""
        for thread, (claimed, run, renewed) in self._snapshot().items():
            asked = place_of(claimed)
            if monotonic() - renewed >= self._lease.total_seconds() / 3:
                held = self._write(queries.of_any.hold, asked | {"until": self._clock() + self._lease})
                if run is not None and not held:
                    run.lost = True
                with self._mutex:
                    if thread in self._runs:
                        self._runs[thread] = (claimed, self._runs[thread][1], monotonic())
            if run is not None and not run.cancelled:
                run.cancelled = self._is_cancelled(asked)

    def _is_cancelled(self, asked: dict[str, Any]) -> bool:
        found = self._engine.read(OPERATOR, "all", lambda tx: tx.first(queries.of_any.cancel_asked, asked))
        return found is not None and found[0] is not None

    # -- the schedule --------------------------------------------------------------------------------------------------

    def _look_at_schedule(self) -> None:
        if monotonic() - self._looked >= SCHEDULE_SECONDS:
            self._looked = monotonic()
            self.queue_scheduled()

    def queue_scheduled(self) -> int:
        """Queue what has struck since it was last queued, each line once: how many. One read; a write for each.

        However many workers look, and however late one of them wakes: the row of a line moves forward only, in the
        transaction that queues the job.
        """
        known = dict(self._engine.read(OPERATOR, "all", lambda tx: tx.all(queries.periods)))
        moment, queued = self._clock(), 0
        for line in kinds.lines():
            period = line.cron.latest(moment)
            if period is not None and (line.name not in known or known[line.name] < period):
                queued += self._engine.write(OPERATOR, "all", partial(_strike, line=line, period=period))
        return queued

    # -- one job -------------------------------------------------------------------------------------------------------

    def run_due(self, *, most: int | None = None) -> int:
        """Queue what the schedule says, then do what is due, in this thread, until nothing is: how many."""
        self.queue_scheduled()
        count = 0
        while (most is None or count < most) and (claimed := self.claim()) is not None:
            self.carry_out(claimed)
            count += 1
        return count


def _strike(tx: Transaction, line: kinds.Line, period: datetime) -> int:
    """Queue a line's job for a period, if nobody has. A line that is new waits for its next period."""
    asked = {"of_name": line.name, "new_period": period}
    if tx.run(queries.next_period, asked):
        row = new_row(
            kinds.named(line.kind), line.arguments, key=f"{line.name} {period:%Y-%m-%dT%H:%MZ}", not_before=None
        )
        insert(tx, row | {"in_tenant": NIL, "requested_by": NIL, "request_id": None})
        return 1
    tx.all(queries.of_any.wait_for_turn, {"turn": f"schedule {line.name}"})
    if line.name not in dict(tx.all(queries.periods)):
        tx.run(queries.first_period, {"name": line.name, "period": period})
    return 0
