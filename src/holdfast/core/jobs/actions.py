"""The room of jobs: what work there is, how it stands, and taking part in it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core.action import Actions, action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice, check_name
from holdfast.core.jobs import kinds, queries
from holdfast.core.jobs.errors import JobFinished, JobNotEnded, JobNotFound, UnknownJobKind
from holdfast.core.jobs.models import STATUSES, Job, JobStatus, Schedule
from holdfast.core.jobs.queueing import enqueue, wake
from holdfast.core.pages import InvalidCursor, Page, check_limit, decode_cursor, encode_cursor
from holdfast.core.policy import allow
from holdfast.core.scope import NIL

KIND_CHARS = 200
ScheduleList = list[Schedule]
"""Named here because the class has a method called `list`."""


class Jobs(Actions):
    """Background work: a member's own, an administrator's tenant's; the operator's of every tenant and the store."""

    @action("jobs.submit", writes=True)
    def submit(
        self,
        kind: str,
        arguments: Mapping[str, object] | None = None,
        *,
        key: str | None = None,
        not_before: datetime | None = None,
    ) -> Work[Job]:
        """Queue a job of a kind that may be submitted; the kind says what one must be allowed to do for that.

        Its body acts as whoever submits it, with the role they have then. Under the same `key` one gets the job that
        was made first, however it ended. Raises `UnknownJobKind`, `PermissionDenied`, `InvalidInput`.
        """
        known = kinds.named(kind)
        if known.submit is None:
            raise UnknownJobKind(kind, kinds.submittable())
        allow(self.scope, known.submit, writes=True)
        given = known.check(None if arguments is None else dict(arguments))

        def work(tx: Transaction) -> Job:
            made = enqueue(tx, kind, given, key=key, not_before=not_before)
            tx.record("job", made.id, owner=self.scope.actor_id, kind_of=kind)
            return made

        return work

    @action("jobs.read", writes=False)
    def list(
        self,
        *,
        status: JobStatus | None = None,
        kind: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Job]]:
        """A page of jobs, the newest first. Ended ones are kept for `Settings.job_days`. Raises `InvalidCursor`."""
        params: dict[str, Any] = {
            "status": None if status is None else check_choice(status, STATUSES, field="status"),
            "kind": None if kind is None else check_name(kind, field="kind", most_chars=KIND_CHARS),
        }
        question = ("jobs.list", self.scope.tenant_id, self.scope.actor_id, *params.values())
        params["limit"] = check_limit(limit, self.settings.page) + 1
        if cursor is not None:
            params["after_id"] = _place(question, cursor)
        query = queries.page(
            everywhere=self.scope.is_operator,
            status=status is not None,
            kind=kind is not None,
            after=cursor is not None,
        )

        def work(tx: Transaction) -> Page[Job]:
            rows = tx.all(query, params)
            items = tuple(rows[:limit])
            more = encode_cursor(question, [str(items[-1].id)]) if len(rows) > limit else None
            return Page(items=items, next=more)

        return work

    @action("jobs.read", writes=False, on="job")
    def get(self, job: UUID | str) -> Work[Job]:
        """A job, with its progress. Raises `JobNotFound`."""
        wanted = as_id(job, field="job")
        return lambda tx: _find(tx, wanted)

    @action("jobs.control", writes=True, on="job")
    def cancel(self, job: UUID | str) -> Work[Job]:
        """End a job: at once where it waits; where it runs, at the next point at which it says how far it is.

        Cancelling again changes nothing. Raises `JobNotFound`, `JobFinished`.
        """
        wanted = as_id(job, field="job")

        def work(tx: Transaction) -> Job:
            found = _find(tx, wanted)
            asked = {"in_tenant": found.tenant_id, "id": wanted, "moment": now()}
            statements = _statements(tx)
            if not tx.run(statements.cancel_queued, asked) and not tx.run(statements.ask_to_cancel, asked):
                found = _find(tx, wanted)
                if found.status != "cancelled":
                    raise JobFinished(wanted, found.status)
                tx.unchanged()
            return _recorded(tx, wanted)

        return work

    @action("jobs.control", writes=True, on="job")
    def retry(self, job: UUID | str) -> Work[Job]:
        """Queue a job again that failed or was cancelled: from its last checkpoint, with all its attempts.

        Raises `JobNotFound`, `JobNotEnded`.
        """
        wanted = as_id(job, field="job")

        def work(tx: Transaction) -> Job:
            found = _find(tx, wanted)
            if not tx.run(_statements(tx).again, {"in_tenant": found.tenant_id, "id": wanted, "moment": now()}):
                raise JobNotEnded(wanted, found.status)
            tx.after_commit(wake)
            return _recorded(tx, wanted)

        return work

    @action("jobs.schedules", writes=False)
    def schedules(self) -> Work[ScheduleList]:
        """The schedule as this program has it, and for which period each line was last queued."""

        def work(tx: Transaction) -> ScheduleList:
            last = dict(tx.all(queries.periods))
            return [
                Schedule(name=line.name, kind=line.kind, cron=line.cron.line, last=last.get(line.name))
                for line in kinds.lines()
            ]

        return work


def _statements(tx: Transaction) -> queries.Statements:
    return queries.of_any if tx.scope.is_operator else queries.of_tenant


def _find(tx: Transaction, job: UUID) -> Job:
    found = tx.first(queries.anywhere if tx.scope.is_operator else queries.of_tenant.by_id, {"id": job})
    if found is None:
        raise JobNotFound(job)
    return found


def _recorded(tx: Transaction, job: UUID) -> Job:
    found = _find(tx, job)
    owner = None if found.requested_by == NIL else found.requested_by
    in_tenant = {"tenant_id": found.tenant_id} if tx.scope.is_operator else {}
    tx.record("job", job, owner=owner, **in_tenant, kind_of=found.kind)
    return found


def _place(question: tuple[object, ...], cursor: str) -> UUID:
    (identifier,) = decode_cursor(question, cursor, length=1)
    try:
        return UUID(identifier)  # type: ignore[arg-type]  # anything else raises one of these
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidCursor(cursor) from error
