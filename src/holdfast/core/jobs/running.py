"""A run: what a job's body is given. Through it the body says how far it is, and keeps what it has done.

Every write of a run asks first whether the job is still its worker's: it takes the row by the number under which the
worker took the job (`fence`). A worker that was paused for longer than its lease, and wakes when another has the job,
writes nothing: neither progress, nor a result, nor the effect of a `step`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from holdfast.core.access import Access
from holdfast.core.action import Actions, carry_out
from holdfast.core.clock import now
from holdfast.core.crypto import running
from holdfast.core.database import Transaction, Work
from holdfast.core.database.engine import Engine
from holdfast.core.inputs import check_json, check_text
from holdfast.core.jobs import queries
from holdfast.core.jobs.errors import JobCancelled, JobGivenBack, LeaseLost
from holdfast.core.jobs.models import Claimed
from holdfast.core.scope import NIL, Scope
from holdfast.core.settings import Settings

T = TypeVar("T")
A = TypeVar("A", bound=Actions)

DEPTH = 16
NOTE_BYTES = 400
PROGRESS_SECONDS = 0.5
"""Progress is written down at most so often; checkpoints always."""


class _Kept:
    """Stands for "as it is"."""


KEEP: Any = _Kept()


class Run:
    """One taking of a job. `checkpoint` is what an earlier one saved last, or None."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        access: Access,
        claimed: Claimed,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.engine = engine
        self.settings = settings
        self.access = access
        self.job_id: UUID = claimed.id
        self.attempt = claimed.attempts
        self.checkpoint: Any = claimed.checkpoint
        self.cancelled = claimed.cancel_asked_at is not None
        self.stopping = False
        self.lost = False
        self._claimed = claimed
        self._clock = clock
        self._done = 0
        self._total: int | None = None
        self._note: str | None = None
        self._written = 0.0

    @property
    def scope(self) -> Scope:
        """As whom the body acts: whoever asked for the job, with the role they have now; or the operator."""
        return self.access.scope

    def room(self, kind: type[A]) -> A:
        """A room of operations, bound to whoever asked for the job."""
        return kind(self.engine, self.access, self.settings)

    def check(self) -> None:
        """Raise `JobInterrupted` where the body is to stop now. Costs nothing."""
        if self.lost:
            raise LeaseLost(f"job {self._claimed.id} was taken by another worker; nothing more of this one counts")
        if self.cancelled:
            raise JobCancelled(f"job {self._claimed.id} was cancelled")
        if self.stopping:
            raise JobGivenBack(f"the worker of job {self._claimed.id} stops")

    def progress(self, done: int, total: int | None = None, note: str | None = None) -> None:
        """Say how far it is: ids and counts, never content. A point at which the body can be cancelled or given back.

        Written down twice a second at most; in between it costs nothing. Raises `JobInterrupted`.
        """
        self._say(done, total, note)
        self.check()
        if monotonic() - self._written >= PROGRESS_SECONDS or done == total:
            self.step(lambda _tx: None)

    def save(self, checkpoint: Any, *, done: int | None = None, total: int | None = None) -> None:
        """Keep how far it is (a JSON value), durable when this returns: whoever takes the job next begins there."""
        self.step(lambda _tx: None, checkpoint=checkpoint, done=done, total=total)

    def step(
        self,
        work: Work[T],
        *,
        operation: str | None = None,
        checkpoint: Any = KEEP,
        done: int | None = None,
        total: int | None = None,
        note: str | None = None,
    ) -> T:
        """Do a part of the work in one transaction with the checkpoint that says it is done: once, whatever happens.

        `operation`: the name under which `work` leaves its line in the trail, if it is to leave one. No policy is
        asked: it was when the job was. Raises `JobInterrupted`, and then nothing of the part was done.
        """
        self._say(self._done if done is None else done, total, note)
        self.check()
        kept = self.checkpoint if isinstance(checkpoint, _Kept) else checkpoint
        check_json(kept, field="checkpoint", most_bytes=self.settings.metadata_bytes, most_depth=DEPTH)

        def both(tx: Transaction) -> T:
            self._advance(tx, kept)
            return work(tx)

        if operation is None:
            result = running.write(self.engine, self.scope, "tenant", both)
        else:
            result = carry_out(self.engine, self.scope, operation, both)
        self.checkpoint, self._written = kept, monotonic()
        self.check()
        return result

    def hold(self, tx: Transaction) -> None:
        """Within any transaction of the body: it commits only while the job is this worker's. One statement.

        Raises `LeaseLost`.
        """
        self._confirm(tx.run(_statements(tx).hold, self._asked()))

    def _advance(self, tx: Transaction, checkpoint: Any) -> None:
        said = {"new_done": self._done, "new_total": self._total, "new_note": self._note, "new_checkpoint": checkpoint}
        self._confirm(tx.run(_statements(tx).advance, self._asked() | said))
        asked = tx.first(_statements(tx).cancel_asked, self._asked())
        if asked is not None and asked[0] is not None:
            self.cancelled = True

    def _asked(self) -> dict[str, Any]:
        job = self._claimed
        until = self._clock() + timedelta(seconds=self.settings.job_lease_seconds)
        return {"in_tenant": job.tenant_id, "id": job.id, "seen_fence": job.fence, "until": until}

    def _confirm(self, rows: int) -> None:
        if rows == 0:
            self.lost = True
            self.check()

    def _say(self, done: int, total: int | None, note: str | None) -> None:
        self._done = done
        self._total = self._total if total is None else total
        self._note = self._note if note is None else check_text(note, field="note", most_bytes=NOTE_BYTES)


def _statements(tx: Transaction) -> queries.Statements:
    return queries.of_any if tx.scope.is_operator else queries.of_tenant


def acts_for_the_store(claimed: Claimed) -> bool:
    """Whether it is work of the store itself, in no tenant."""
    return claimed.tenant_id == NIL
