"""Every statement about workflows and runs, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Integer, bindparam, func, insert, literal_column, or_, select, update
from sqlalchemy.types import Boolean, Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import one_at_a_time, utc_day
from holdfast.core.database.types import Id, Json, Real, Time
from holdfast.domains.runs.models import Run, Workflow
from holdfast.domains.runs.tables import run_executions, runs, workflows

_w, _r, _e = workflows.c, runs.c, run_executions.c
_ID = bindparam("id", type_=Id)
_WORKFLOW = bindparam("workflow_id", type_=Id)
_MOMENT = bindparam("moment", type_=Time)
_LIMIT: BindParameter[int] = bindparam("limit", type_=Integer)
_AFTER = bindparam("after_id", type_=Id)

wait_for_turn = Query(select(one_at_a_time("turn")))
"""One making of a workflow or an execution at a time, so that a check that it is not there holds."""

# -- workflows ---------------------------------------------------------------------------------------------------------

_WORKFLOW_COLUMNS = [_w[name] for name in Workflow.__dataclass_fields__]

insert_workflow = Query(
    insert(workflows).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _w if c.name != "tenant_id"}
    )
)

workflow = Query(select(*_WORKFLOW_COLUMNS).where(_w.tenant_id == TENANT, _w.id == _WORKFLOW), Workflow)

workflow_by_external_id = Query(
    select(*_WORKFLOW_COLUMNS).where(_w.tenant_id == TENANT, _w.external_id == bindparam("external_id")), Workflow
)

update_workflow = Query(
    update(workflows)
    .where(_w.tenant_id == TENANT, _w.id == _WORKFLOW, or_(REACH == "tenant", _w.created_by == ACTOR))
    .values(
        name=bindparam("new_name", type_=Text()),
        category=bindparam("new_category", type_=Text()),
        description=bindparam("new_description", type_=Text()),
        metadata=bindparam("new_metadata", type_=Json),
        active=bindparam("new_active", type_=Boolean()),
        updated_at=_MOMENT,
    )
)


@lru_cache(maxsize=16)
def page_of_workflows(*, category: bool, active: bool, after: bool) -> Query[Workflow]:
    """The newest first, by primary key."""
    rows = select(*_WORKFLOW_COLUMNS).where(_w.tenant_id == TENANT)
    if category:
        rows = rows.where(_w.category == bindparam("category"))
    if active:
        rows = rows.where(_w.active == bindparam("active", type_=Boolean()))
    if after:
        rows = rows.where(_w.id < _AFTER)
    return Query(rows.order_by(_w.id.desc()).limit(_LIMIT), Workflow)


names_of_workflows = Query(select(_w.id, _w.name).where(_w.tenant_id == TENANT))

# -- runs --------------------------------------------------------------------------------------------------------------

_RUN = [_r[name] for name in Run.__dataclass_fields__]
_VISIBLE = or_(REACH == "tenant", _r.conversation_id.is_(None), _r.started_by == ACTOR)
"""A run of a conversation is its starter's own; others are the tenant's."""
_THIS = (_r.tenant_id == TENANT, _r.id == _ID, _VISIBLE)
_AS_SEEN = (*_THIS, _r.status == bindparam("seen_status"), _r.waits == bindparam("seen_waits", type_=Integer))

insert_run = Query(
    insert(runs).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _r if c.name != "tenant_id"}
    )
)

run = Query(select(*_RUN).where(*_THIS), Run)
"""By primary key; on PostgreSQL in the one partition of the id's month."""

begin = Query(update(runs).where(*_AS_SEEN).values(status="running", started_at=_MOMENT))

finish = Query(
    update(runs)
    .where(*_AS_SEEN)
    .values(
        status=bindparam("new_status"),
        output=bindparam("new_output", type_=Json),
        error=bindparam("new_error", type_=Text()),
        finished_at=_MOMENT,
        duration_ms=bindparam("new_duration", type_=Real),
    )
)

wait = Query(
    update(runs)
    .where(*_AS_SEEN)
    .values(
        status="waiting",
        waits=_r.waits + 1,
        asked=bindparam("new_asked", type_=Json),
        answer=bindparam("new_answer", type_=Json),
        resolved_by=bindparam("nobody", type_=Id),
        resolved_at=bindparam("never", type_=Time),
    )
)

resolve = Query(
    update(runs)
    .where(*_AS_SEEN)
    .values(status="running", answer=bindparam("new_answer", type_=Json), resolved_by=ACTOR, resolved_at=_MOMENT)
)


@lru_cache(maxsize=256)
def page_of_runs(
    *, workflow: bool, status: bool, conversation: bool, parent: bool, since: bool, until: bool, after: bool
) -> Query[Run]:
    """The newest first, by primary key, ix_runs_workflow or ix_runs_conversation."""
    rows = select(*_RUN).where(_r.tenant_id == TENANT, _VISIBLE)
    if workflow:
        rows = rows.where(_r.workflow_id == _WORKFLOW)
    if status:
        rows = rows.where(_r.status == bindparam("status"))
    if conversation:
        rows = rows.where(_r.conversation_id == bindparam("conversation_id", type_=Id))
    if parent:
        rows = rows.where(_r.parent_id == bindparam("parent_id", type_=Id))
    if since:
        rows = rows.where(_r.started_at >= bindparam("since", type_=Time))
    if until:
        rows = rows.where(_r.started_at < bindparam("until", type_=Time))
    if after:
        rows = rows.where(_r.id < _AFTER)
    return Query(rows.order_by(_r.id.desc()).limit(_LIMIT), Run)


# -- what outside engines tell -----------------------------------------------------------------------------------------

_EXECUTION: BindParameter[str] = bindparam("execution_id")

execution = Query(
    select(_e.run_id).where(_e.tenant_id == TENANT, _e.workflow_id == _WORKFLOW, _e.execution_id == _EXECUTION)
)

insert_execution = Query(
    insert(run_executions).values(
        tenant_id=TENANT, workflow_id=_WORKFLOW, execution_id=_EXECUTION, run_id=bindparam("run_id", type_=Id)
    )
)

told = Query(select(_r.status, _r.told_at, _r.started_at, _r.finished_at, _r.input).where(*_THIS))

tell = Query(
    update(runs)
    .where(*_THIS)
    .values(
        status=bindparam("new_status"),
        told_at=bindparam("new_told_at", type_=Time),
        started_at=bindparam("new_started_at", type_=Time),
        finished_at=bindparam("new_finished_at", type_=Time),
        duration_ms=bindparam("new_duration", type_=Real),
        output=bindparam("new_output", type_=Json),
        error=bindparam("new_error", type_=Text()),
        attempt=bindparam("new_attempt", type_=Integer),
    )
)

begin_earlier = Query(
    update(runs)
    .where(*_THIS)
    .values(
        started_at=bindparam("new_started_at", type_=Time),
        duration_ms=bindparam("new_duration", type_=Real),
        input=bindparam("new_input", type_=Json),
    )
)

# -- statistics --------------------------------------------------------------------------------------------------------

_IN_PERIOD = (
    _r.tenant_id == TENANT,
    _VISIBLE,
    _r.started_at >= bindparam("since", type_=Time),
    _r.started_at < bindparam("until", type_=Time),
)
_DAY = utc_day(_r.started_at)


def _of(rows: Any, *, workflow: bool) -> Any:
    return rows.where(_r.workflow_id == _WORKFLOW) if workflow else rows


@lru_cache(maxsize=2)
def counts(*, workflow: bool) -> Query[tuple[Any, ...]]:
    """How many of each workflow and day had each status. Served by ix_runs_started."""
    rows = select(_r.workflow_id, _DAY, _r.status, func.count()).where(*_IN_PERIOD)
    return Query(_of(rows, workflow=workflow).group_by(_r.workflow_id, _DAY, _r.status))


@lru_cache(maxsize=8)
def percentiles(*, by: str, workflow: bool) -> Query[tuple[Any, ...]]:
    """For each group the durations at the 50th and 95th percentile, by nearest rank: (group, its size, rank, ms)."""
    group: Any = {"total": literal_column("0"), "workflow": _r.workflow_id, "day": _DAY}[by]
    ended = or_(_r.status == "success", _r.status == "error")
    rows = select(
        group.label("of"),
        _r.duration_ms.label("ms"),
        func.row_number().over(partition_by=group, order_by=_r.duration_ms).label("rank"),
        func.count().over(partition_by=group).label("size"),
    ).where(*_IN_PERIOD, ended, _r.duration_ms.is_not(None))
    ranked = _of(rows, workflow=workflow).subquery()
    size, rank = ranked.c.size, ranked.c.rank
    wanted = or_(rank == (size * 50 + 99) // 100, rank == (size * 95 + 99) // 100)
    return Query(select(ranked.c.of, size, rank, ranked.c.ms).where(wanted))
