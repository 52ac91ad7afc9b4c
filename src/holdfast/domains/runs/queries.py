"""Every statement about workflows and runs, each named by what it is for."""

from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Integer,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.types import Boolean, Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import one_at_a_time, utc_day
from holdfast.core.database.types import Id, Json, Real, Time
from holdfast.domains.runs.durations import UNTIMED
from holdfast.domains.runs.models import ENDINGS, Run, Workflow
from holdfast.domains.runs.tables import run_attachments, run_executions, run_rollups, runs, workflows

_w, _r, _e, _a = workflows.c, runs.c, run_executions.c, run_attachments.c
_ID = bindparam("id", type_=Id)
_WORKFLOW = bindparam("workflow_id", type_=Id)
_MOMENT = bindparam("moment", type_=Time)
_LIMIT: BindParameter[int] = bindparam("limit", type_=Integer)
_AFTER = bindparam("after_id", type_=Id)


def given(column: Any) -> BindParameter[Any]:
    """What is given for a column."""
    return bindparam(column.name, type_=column.type)


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

insert_attachment = Query(
    insert(run_attachments).values(
        tenant_id=TENANT,
        run_id=_ID,
        part=bindparam("part", type_=Text()),
        value=bindparam("value", type_=Json),
    )
)

attachments = Query(
    select(_a.part, _a.value).where(
        _a.tenant_id == TENANT,
        _a.run_id == _ID,
        select(_r.id).where(*_THIS).exists(),
    )
)
"""The large parts of a run that the scope may see. By primary key."""

delete_attachment = Query(
    delete(run_attachments).where(_a.tenant_id == TENANT, _a.run_id == _ID, _a.part == bindparam("part", type_=Text()))
)

begin = Query(update(runs).where(*_AS_SEEN).values(status="running", started_at=_MOMENT))

finish = Query(
    update(runs)
    .where(*_AS_SEEN)
    .values(
        status=bindparam("new_status"),
        output=bindparam("new_output", type_=Json),
        output_bytes=bindparam("new_output_bytes", type_=Integer),
        error=bindparam("new_error", type_=Text()),
        finished_at=_MOMENT,
        duration_ms=bindparam("new_duration", type_=Real),
        duration_bucket=bindparam("new_bucket", type_=Integer),
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

told = Query(
    select(
        _r.status,
        _r.told_at,
        _r.started_at,
        _r.finished_at,
        and_(_r.output.is_(None), _r.output_bytes.is_not(None)),
        or_(_r.input.is_not(None), _r.input_bytes.is_not(None)),
    ).where(*_THIS)
)
"""How an execution stands; whether its output is an attachment, and whether there is an input."""

tell = Query(
    update(runs)
    .where(*_THIS)
    .values(
        status=bindparam("new_status"),
        told_at=bindparam("new_told_at", type_=Time),
        started_at=bindparam("new_started_at", type_=Time),
        finished_at=bindparam("new_finished_at", type_=Time),
        duration_ms=bindparam("new_duration", type_=Real),
        duration_bucket=bindparam("new_bucket", type_=Integer),
        output=bindparam("new_output", type_=Json),
        output_bytes=bindparam("new_output_bytes", type_=Integer),
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
        duration_bucket=bindparam("new_bucket", type_=Integer),
    )
)

add_input = Query(
    update(runs)
    .where(*_THIS)
    .values(input=bindparam("new_input", type_=Json), input_bytes=bindparam("new_input_bytes", type_=Integer))
)

# -- statistics --------------------------------------------------------------------------------------------------------

_SINCE, _UNTIL = bindparam("since", type_=Time), bindparam("until", type_=Time)
_IN_PERIOD = (_r.tenant_id == TENANT, _VISIBLE, _r.started_at >= _SINCE, _r.started_at < _UNTIL)
_u = run_rollups.c
_ROLLED_UP = (
    _u.tenant_id == TENANT,
    or_(REACH == "tenant", _u.starter_id == bindparam("nobody", type_=Id), _u.starter_id == ACTOR),
    _u.day >= _SINCE,
    _u.day < _UNTIL,
)
_TIMES = cast(func.sum(_u.runs, type_=BigInteger()), BigInteger())


def _of(rows: Any, columns: Any, *, workflow: bool) -> Any:
    return rows.where(columns.workflow_id == _WORKFLOW) if workflow else rows


@lru_cache(maxsize=4)
def rolled_up(*, by: Literal["workflow", "day"], workflow: bool) -> Query[tuple[Any, ...]]:
    """How many of each group ended how, and after how long: (group, status, bucket, runs). By primary key."""
    shown, group = (_u.workflow_id, _u.workflow_id) if by == "workflow" else (utc_day(_u.day), _u.day)
    rows = select(shown, _u.status, _u.bucket, _TIMES).where(*_ROLLED_UP)
    return Query(_of(rows, _u, workflow=workflow).group_by(group, _u.status, _u.bucket))


@lru_cache(maxsize=2)
def counted(*, workflow: bool) -> Query[tuple[Any, ...]]:
    """How many of each workflow ended how in part of a day, from the runs themselves: (workflow, status, bucket, runs).
    From ix_runs_started alone.
    """
    bucket = case((_r.status == "cancelled", UNTIMED), else_=func.coalesce(_r.duration_bucket, UNTIMED))
    ended = or_(*(_r.status == status for status in ENDINGS))
    rows = select(_r.workflow_id, _r.status, bucket, func.count()).where(*_IN_PERIOD, ended)
    return Query(_of(rows, _r, workflow=workflow).group_by(_r.workflow_id, _r.status, bucket))


@lru_cache(maxsize=2)
def under_way(*, workflow: bool) -> Query[tuple[Any, ...]]:
    """How many of each workflow and day have not ended: (workflow, day, runs). Served by ix_runs_under_way."""
    day = utc_day(_r.started_at)
    still = text("runs.status IN ('queued', 'running', 'waiting')")  # as the index has it
    rows = select(_r.workflow_id, day, func.count()).where(*_IN_PERIOD, still)
    return Query(_of(rows, _r, workflow=workflow).group_by(_r.workflow_id, day))
