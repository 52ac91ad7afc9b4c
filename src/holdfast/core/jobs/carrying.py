"""What a worker does with one job: takes it, does it, writes down how it ended."""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

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
from holdfast.core.jobs.running import DEPTH, Run
from holdfast.core.scope import NIL, OPERATOR
from holdfast.core.settings import Settings
from holdfast.core.telemetry import log

LONGEST_PAUSE = timedelta(hours=1)
RESULT_BYTES = 64 * 1024
REASON_CHARS = 1_000

Standing = Callable[[Claimed], Access]
"""As whom a job's body acts. Raises when whoever asked for it is let in no more."""


class Carrying:
    """One job after the other; see `Worker`."""

    def __init__(
        self, engine: Engine, settings: Settings, standing: Standing, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._standing = standing
        self._clock = clock
        self._lease = timedelta(seconds=settings.job_lease_seconds)
        self._mutex = threading.Lock()
        self._ended: Counter[tuple[str, str]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._waiting = 0.0
        self._last: UUID | None = None
        """Whose turn it was. Each worker goes round by itself, so nothing need be kept or agreed on."""
        self._runs: dict[threading.Thread, tuple[Claimed, Run | None, float]] = {}

    def claim(self) -> Claimed | None:
        """Take a job of the next tenant that has one due, the one that has waited longest; None when none is.

        So tenants have turns, in the order of their ids, whatever each has queued; the first is that of the job that
        has waited longest. One read; then one transaction for each.
        """
        names = kinds.registered()
        asked: dict[str, Any] = {f"kind_{n}": name for n, name in enumerate(names)}
        while names:
            asked["moment"] = self._clock()
            found = self._engine.read(OPERATOR, "all", lambda tx: tx.first(queries.longest_waiting(len(names)), asked))
            self._waiting = 0.0 if found is None or found[0] is None else (asked["moment"] - found[0]).total_seconds()
            if found is None or found[0] is None:
                return None
            claimed, looked = carry_out(self._engine, OPERATOR, "jobs.end", lambda tx: self._take(tx, asked))
            if claimed is not None:
                self._last = claimed.tenant_id
            if claimed is not None or not looked:
                return claimed
        return None

    def _take(self, tx: Transaction, asked: dict[str, Any]) -> tuple[Claimed | None, bool]:
        """The job taken, and whether there was one at all: one that is given up here is not taken."""
        tx.unchanged()
        found = self._next(tx, sum(name.startswith("kind_") for name in asked), asked)
        if found is None:
            return None, False
        place = place_of(found) | {"moment": asked["moment"]}
        left_behind = found.status == "running"
        if left_behind and found.cancel_asked_at is not None:
            self._end(tx, found, "cancelled", place)
        elif left_behind and found.attempts >= found.max_attempts:
            reason = f"its worker ended or lost it, {found.attempts} times"
            self._end(tx, found, "failed", place, error="worker_lost", reason=reason)
        elif tx.run(queries.take, place | {"until": asked["moment"] + self._lease}):
            return _taken(found), True
        return None, True

    def _next(self, tx: Transaction, kinds: int, asked: dict[str, Any]) -> Claimed | None:
        if self._last is None:
            return tx.first(queries.due(kinds, turn="any"), asked)
        found = tx.first(queries.due(kinds, turn="next"), asked | {"last_tenant": self._last})
        return found or tx.first(queries.due(kinds, turn="first"), asked)

    def carry_out(self, claimed: Claimed) -> None:
        """Do a job that was taken, and write down how it ended, unless another worker has it by then."""
        began = monotonic()
        outcome = self._traced(claimed)
        with self._mutex:
            self._ended[claimed.kind, outcome] += 1
            self._seconds[claimed.kind] += monotonic() - began
        said = {"job": str(claimed.id), "kind": claimed.kind, "attempt": claimed.attempts}
        log.info("job_ended", outcome=outcome, seconds=round(monotonic() - began, 3), **said)

    def _traced(self, claimed: Claimed) -> str:
        tracing = self._engine.tracing
        if tracing is None:
            return self._outcome(claimed)
        about: dict[str, str | int] = {"id": str(claimed.id), "attempt": claimed.attempts}
        if claimed.tenant_id != NIL:
            about["tenant"] = str(claimed.tenant_id)
        if claimed.request_id is not None:
            about["request_id"] = claimed.request_id
        return tracing.job(claimed.kind, about, lambda: self._outcome(claimed), traceparent=claimed.traceparent)

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

    def _failed(self, claimed: Claimed, error: HoldfastError, *, final: bool) -> str:
        said: dict[str, Any] = {"error": error.code, "reason": str(error)[:REASON_CHARS]}
        if final or claimed.attempts >= claimed.max_attempts:
            log.warning("job_failed", job=str(claimed.id), kind=claimed.kind, code=error.code)
            return self._ended_as(claimed, "failed", **said)
        until = self._clock() + pause(claimed.attempts, self._settings.job_retry_seconds)
        row = place_of(claimed) | {"new_error": said["error"], "new_reason": said["reason"], "until": until}
        return "retried" if self._write(queries.put_off, row) else "lost"

    def _ended_as(self, claimed: Claimed, status: JobStatus, **said: Any) -> str:
        place = place_of(claimed) | {"moment": self._clock()}
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
        self._write(queries.give_back, place_of(claimed) | {"moment": self._clock()})

    def _write(self, query: Any, row: dict[str, Any]) -> int:
        return self._engine.write(OPERATOR, "all", lambda tx: tx.run(query, row))

    def _note_run(self, claimed: Claimed, run: Run) -> None:
        with self._mutex:
            thread = threading.current_thread()
            if thread in self._runs:
                self._runs[thread] = (claimed, run, self._runs[thread][2])


def pause(attempts: int, first: float) -> timedelta:
    """How long a failed job waits: twice as long after each attempt, up to an hour, shortened at random by up to half
    so that those that failed together do not come back together.
    """
    longest = min(timedelta(seconds=first * 2 ** min(attempts - 1, 30)), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1.0)  # no secret


def place_of(claimed: Claimed) -> dict[str, Any]:
    """A job as it was taken, as parameters: nothing is found where somebody took it since."""
    return {"in_tenant": claimed.tenant_id, "id": claimed.id, "seen_fence": claimed.fence}


def _taken(found: Claimed) -> Claimed:
    made = dict(found.__dict__) | {"status": "running", "fence": found.fence + 1, "attempts": found.attempts + 1}
    return Claimed(**made)
