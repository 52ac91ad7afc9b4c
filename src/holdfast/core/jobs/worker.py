"""A worker: takes jobs that are due, does them in threads, queues what the schedule says.

Any number of workers, in any number of processes, work on one store. A job belongs to whoever took it last, for as long
as the lease lasts; a worker makes its leases longer while their bodies run. One that dies, or is paused for longer than
its lease, loses its jobs to the others, and then can write nothing of them (see `Run`).
"""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

from holdfast.core.access import Access
from holdfast.core.action import carry_out
from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.internal import internal_error
from holdfast.core.errors import HoldfastError
from holdfast.core.inputs import check_json
from holdfast.core.jobs import kinds, queries
from holdfast.core.jobs.errors import JobCancelled, JobFailed, JobGivenBack, LeaseLost
from holdfast.core.jobs.models import Claimed, JobStatus
from holdfast.core.jobs.queueing import insert, listen, new_row
from holdfast.core.jobs.running import DEPTH, Run
from holdfast.core.scope import NIL, OPERATOR
from holdfast.core.settings import Settings
from holdfast.core.telemetry import log

LONGEST_PAUSE = timedelta(hours=1)
RESULT_BYTES = 64 * 1024
REASON_CHARS = 1_000
SCHEDULE_SECONDS = 5.0
"""How often a worker looks at the schedule, whose lines strike at full minutes."""
STOP_STEP = 0.02

Standing = Callable[[Claimed], Access]
"""As whom a job's body acts. Raises when whoever asked for it is let in no more."""


@dataclass(frozen=True, kw_only=True)
class WorkerStats:
    """What a worker has done since it began: jobs ended by kind and outcome, the seconds they took by kind; how many it
    is at; for how long the job that waits longest could have been taken.
    """

    ended: dict[tuple[str, str], int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    running: int = 0
    waiting_seconds: float = 0.0


class Worker:
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
        self._engine = engine
        self._settings = settings
        self._standing = standing
        self._threads = threads or settings.job_threads
        self._clock = clock
        self._lease = timedelta(seconds=settings.job_lease_seconds)
        self._mutex = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._runs: dict[threading.Thread, tuple[Claimed, Run | None, float]] = {}
        self._dispatcher: threading.Thread | None = None
        self._looked = -SCHEDULE_SECONDS
        self._ended: Counter[tuple[str, str]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._waiting = 0.0

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
            asked = _place(claimed)
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

    def claim(self) -> Claimed | None:
        """Take the job that has waited longest; None when none is due. One read; then one transaction for each."""
        names = kinds.registered()
        asked: dict[str, Any] = {f"kind_{n}": name for n, name in enumerate(names)}
        while names:
            asked["moment"] = self._clock()
            found = self._engine.read(OPERATOR, "all", lambda tx: tx.first(queries.longest_waiting(len(names)), asked))
            self._waiting = 0.0 if found is None or found[0] is None else (asked["moment"] - found[0]).total_seconds()
            if found is None or found[0] is None:
                return None
            claimed, looked = carry_out(self._engine, OPERATOR, "jobs.end", lambda tx: self._take(tx, asked))
            if claimed is not None or not looked:
                return claimed
        return None

    def _take(self, tx: Transaction, asked: dict[str, Any]) -> tuple[Claimed | None, bool]:
        """The job taken, and whether there was one at all: one that is given up here is not taken."""
        tx.unchanged()
        found = tx.first(queries.due(sum(name.startswith("kind_") for name in asked)), asked)
        if found is None:
            return None, False
        place = _place(found) | {"moment": asked["moment"]}
        left_behind = found.status == "running"
        if left_behind and found.cancel_asked_at is not None:
            self._end(tx, found, "cancelled", place)
        elif left_behind and found.attempts >= found.max_attempts:
            reason = f"its worker ended or lost it, {found.attempts} times"
            self._end(tx, found, "failed", place, error="worker_lost", reason=reason)
        elif tx.run(queries.take, place | {"until": asked["moment"] + self._lease}):
            return _taken(found), True
        return None, True

    def carry_out(self, claimed: Claimed) -> None:
        """Do a job that was taken, and write down how it ended, unless another worker has it by then."""
        began = monotonic()
        outcome = self._outcome(claimed)
        with self._mutex:
            self._ended[claimed.kind, outcome] += 1
            self._seconds[claimed.kind] += monotonic() - began
        said = {"job": str(claimed.id), "kind": claimed.kind, "attempt": claimed.attempts}
        log.info("job_ended", outcome=outcome, seconds=round(monotonic() - began, 3), **said)

    def _outcome(self, claimed: Claimed) -> str:
        try:
            kind = kinds.named(claimed.kind)
            run = Run(self._engine, self._settings, self._standing(claimed), claimed, clock=self._clock)
            self._note_run(claimed, run)
            run.check()
            result = kind.body(run, kind.check(claimed.arguments))
            check_json(result, field="result", most_bytes=RESULT_BYTES, most_depth=DEPTH)
        except JobGivenBack:
            self._give_back(claimed)
            return "given_back"
        except LeaseLost:
            return "lost"
        except JobCancelled:
            return self._ended_as(claimed, "cancelled")
        except HoldfastError as error:
            return self._failed(claimed, error, final=error.status < 500 or isinstance(error, JobFailed))
        except Exception as error:  # noqa: BLE001  # whatever a body raises ends its job, not the worker
            return self._failed(claimed, internal_error("job", type(error).__name__, claimed.kind), final=False)
        return self._ended_as(claimed, "done", result=result)

    def _note_run(self, claimed: Claimed, run: Run) -> None:
        with self._mutex:
            thread = threading.current_thread()
            if thread in self._runs:
                self._runs[thread] = (claimed, run, self._runs[thread][2])

    def _failed(self, claimed: Claimed, error: HoldfastError, *, final: bool) -> str:
        said: dict[str, Any] = {"error": error.code, "reason": str(error)[:REASON_CHARS]}
        if final or claimed.attempts >= claimed.max_attempts:
            log.warning("job_failed", job=str(claimed.id), kind=claimed.kind, code=error.code)
            return self._ended_as(claimed, "failed", **said)
        until = self._clock() + pause(claimed.attempts, self._settings.job_retry_seconds)
        row = _place(claimed) | {"new_error": said["error"], "new_reason": said["reason"], "until": until}
        return "retried" if self._write(queries.put_off, row) else "lost"

    def _ended_as(self, claimed: Claimed, status: JobStatus, **said: Any) -> str:
        place = _place(claimed) | {"moment": self._clock()}
        done = carry_out(self._engine, OPERATOR, "jobs.end", lambda tx: self._end(tx, claimed, status, place, **said))
        return status if done else "lost"

    def _end(
        self,
        tx: Transaction,
        claimed: Claimed,
        status: JobStatus,
        place: dict[str, Any],
        *,
        result: Any = None,
        error: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """A tenant's job leaves a line in the trail, which also tells its owner; the store's own only in its row."""
        row = place | {"new_status": status, "new_result": result, "new_error": error, "new_reason": reason}
        tx.unchanged()
        if not tx.run(queries.end, row):
            return False
        if claimed.tenant_id != NIL:
            owner = None if claimed.requested_by == NIL else claimed.requested_by
            tx.record("job", claimed.id, owner=owner, tenant_id=claimed.tenant_id, status=status, kind_of=claimed.kind)
            tx.changed = True
        return True

    def _give_back(self, claimed: Claimed) -> None:
        self._write(queries.give_back, _place(claimed) | {"moment": self._clock()})

    def _write(self, query: Any, row: dict[str, Any]) -> int:
        return self._engine.write(OPERATOR, "all", lambda tx: tx.run(query, row))


def pause(attempts: int, first: float) -> timedelta:
    """How long a failed job waits: twice as long after each attempt, up to an hour, shortened at random by up to half
    so that those that failed together do not come back together.
    """
    longest = min(timedelta(seconds=first * 2 ** min(attempts - 1, 30)), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1.0)  # no secret


def _place(claimed: Claimed) -> dict[str, Any]:
    return {"in_tenant": claimed.tenant_id, "id": claimed.id, "seen_fence": claimed.fence}


def _taken(found: Claimed) -> Claimed:
    made = dict(found.__dict__) | {"status": "running", "fence": found.fence + 1, "attempts": found.attempts + 1}
    return Claimed(**made)


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
