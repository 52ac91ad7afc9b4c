"""Every statement about jobs, each named by what it is for.

Workers take jobs of every tenant, so their statements are the operator's; a job's own ones run in its scope.
"""

from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import BindParameter, Integer, bindparam, delete, func, insert, null, or_, select, tuple_, update
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.types import Id, Json, Time
from holdfast.core.jobs.models import Claimed, Job
from holdfast.core.jobs.tables import job_schedules, jobs

_j, _s = jobs.c, job_schedules.c
_IN = bindparam("in_tenant", type_=Id)
_ID = bindparam("id", type_=Id)
_FENCE = bindparam("seen_fence", type_=Integer)
_MOMENT = bindparam("moment", type_=Time)
_UNTIL = bindparam("until", type_=Time)
_LIMIT: BindParameter[int] = bindparam("limit", type_=Integer)

_JOB = [_j[name] for name in Job.__dataclass_fields__]
_CLAIMED = [_j[name] for name in Claimed.__dataclass_fields__]
_LIVE = or_(_j.status == "queued", _j.status == "running")
_OURS = or_(REACH == "tenant", _j.requested_by == ACTOR)


def _new(tenant: Any) -> Any:
    return insert(jobs).values({c: bindparam(c.name, type_=c.type) for c in _j} | {_j.tenant_id: tenant})


class Statements:
    """The same statements within a tenant, and for the operator, who names the tenant."""

    def __init__(self, tenant: BindParameter[Any], *, operator: bool) -> None:
        this = (_j.tenant_id == tenant, _j.id == _ID)
        seen = this if operator else (*this, _OURS)
        held = (*this, _j.fence == _FENCE, _j.status == "running")

        def query(statement: Any, into: Any = None) -> Query[Any]:
            return Query(statement, into, operator=operator)

        self.wait_for_turn = query(select(one_at_a_time("turn")))
        self.insert = query(_new(tenant))
        self.by_id: Query[Job] = query(select(*_JOB).where(*seen), Job)
        mine = _j.requested_by == bindparam("requested_by", type_=Id)
        same = (_j.tenant_id == tenant, mine, _j.kind == bindparam("kind"), _j.key == bindparam("key"))
        self.by_key: Query[Job] = query(select(*_JOB).where(*same), Job)
        self.hold = query(update(jobs).where(*held).values(due_at=_UNTIL))
        """The lease is good, and lasts longer: whoever else would take the job waits for this transaction."""
        self.cancel_asked = query(select(_j.cancel_asked_at).where(*held))
        self.advance = query(
            update(jobs)
            .where(*held)
            .values(
                done=bindparam("new_done", type_=Integer),
                total=bindparam("new_total", type_=Integer),
                note=bindparam("new_note", type_=Text()),
                checkpoint=bindparam("new_checkpoint", type_=Json),
                due_at=_UNTIL,
            )
        )
        self.cancel_queued = query(
            update(jobs)
            .where(*seen, _j.status == "queued")
            .values(status="cancelled", finished_at=_MOMENT, cancel_asked_at=_MOMENT)
        )
        self.ask_to_cancel = query(update(jobs).where(*seen, _j.status == "running").values(cancel_asked_at=_MOMENT))
        self.again = query(
            update(jobs)
            .where(*seen, or_(_j.status == "failed", _j.status == "cancelled"))
            .values(
                status="queued",
                attempts=0,
                fence=_j.fence + 1,
                error=null(),
                reason=null(),
                due_at=_MOMENT,
                finished_at=null(),
                cancel_asked_at=null(),
            )
        )


of_tenant = Statements(TENANT, operator=False)
of_any = Statements(_IN, operator=True)

anywhere = Query(select(*_JOB).where(_j.id == _ID), Job, operator=True)
"""The operator names a job by its id alone: a rare question, answered without an index of its own."""


@lru_cache(maxsize=32)
def page(*, everywhere: bool, status: bool, kind: bool, after: bool) -> Query[Job]:
    """The newest first: ids grow with time. Within a tenant by primary key."""
    rows = select(*_JOB)
    if not everywhere:
        rows = rows.where(_j.tenant_id == TENANT, _OURS)
    if status:
        rows = rows.where(_j.status == bindparam("status"))
    if kind:
        rows = rows.where(_j.kind == bindparam("kind"))
    if after:
        rows = rows.where(_j.id < bindparam("after_id", type_=Id))
    return Query(rows.order_by(_j.id.desc()).limit(_LIMIT), Job, operator=everywhere)


# -- workers -----------------------------------------------------------------------------------------------------------


def _of_kinds(count: int) -> Any:
    return or_(*(_j.kind == bindparam(f"kind_{n}", type_=Text()) for n in range(count)))


Turn = Literal["any", "next", "first"]


@lru_cache(maxsize=32)
def due(kinds: int, *, turn: Turn) -> Query[Claimed]:
    """The job that has waited longest, of so many kinds; one that another worker is just taking is passed over.

    `turn`: of any tenant, or of the next one after `last_tenant`, or the first one, in the order of their ids. Served
    by ix_jobs_due, else by ix_jobs_turn.
    """
    rows = select(*_CLAIMED).where(_LIVE, _j.due_at <= _MOMENT, _of_kinds(kinds))
    if turn == "next":
        rows = rows.where(_j.tenant_id > bindparam("last_tenant", type_=Id))
    rows = rows.order_by(_j.due_at) if turn == "any" else rows.order_by(_j.tenant_id, _j.due_at)
    return Query(rows.limit(1).with_for_update(skip_locked=True), Claimed, operator=True)


@lru_cache(maxsize=32)
def longest_waiting(kinds: int) -> Query[tuple[Any, ...]]:
    """Since when the job that has waited longest could have been taken. Served by ix_jobs_due."""
    return Query(select(func.min(_j.due_at)).where(_LIVE, _j.due_at <= _MOMENT, _of_kinds(kinds)), operator=True)


_SEEN = (_j.tenant_id == _IN, _j.id == _ID, _j.fence == _FENCE)

take = Query(
    update(jobs)
    .where(*_SEEN, _LIVE)
    .values(
        status="running",
        fence=_j.fence + 1,
        attempts=_j.attempts + 1,
        due_at=_UNTIL,
        started_at=func.coalesce(_j.started_at, _MOMENT),
    ),
    operator=True,
)

end = Query(
    update(jobs)
    .where(*_SEEN, _j.status == "running")
    .values(
        status=bindparam("new_status"),
        result=bindparam("new_result", type_=Json),
        error=bindparam("new_error", type_=Text()),
        reason=bindparam("new_reason", type_=Text()),
        finished_at=_MOMENT,
    ),
    operator=True,
)

put_off = Query(
    update(jobs)
    .where(*_SEEN, _j.status == "running")
    .values(
        status="queued",
        error=bindparam("new_error", type_=Text()),
        reason=bindparam("new_reason", type_=Text()),
        due_at=_UNTIL,
    ),
    operator=True,
)

give_back = Query(
    update(jobs)
    .where(*_SEEN, _j.status == "running")
    .values(status="queued", fence=_j.fence + 1, attempts=_j.attempts - 1, due_at=_MOMENT),
    operator=True,
)

_old = select(_j.tenant_id, _j.id).where(_j.finished_at < bindparam("before", type_=Time)).limit(_LIMIT)
delete_old = Query(delete(jobs).where(tuple_(_j.tenant_id, _j.id).in_(_old)), operator=True)

# -- schedule ----------------------------------------------------------------------------------------------------------

periods = Query(select(_s.name, _s.period), operator=True)

first_period = Query(insert(job_schedules), operator=True)

next_period = Query(
    update(job_schedules)
    .where(_s.name == bindparam("of_name"), _s.period < bindparam("new_period", type_=Time))
    .values(period=bindparam("new_period", type_=Time)),
    operator=True,
)
