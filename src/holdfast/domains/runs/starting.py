"""Starting a run that needs nothing looked at but its workflow: on PostgreSQL in one round trip."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.types import Text

from holdfast.core import trail
from holdfast.core.database import ACTOR, REACH, TENANT, Params, Procedure, Query, Transaction
from holdfast.domains.runs import queries
from holdfast.domains.runs.errors import WorkflowInactive, WorkflowNotFound
from holdfast.domains.runs.models import Run
from holdfast.domains.runs.tables import runs

_GIVEN = (
    "id", "workflow_id", "status", "attempt", "request_id", "input", "input_bytes", "created_at", "started_at",
)  # fmt: skip
EVENT = ("id", "at", "actor_role", "face", "address", "credential_id", "request_id", "operation", "details", "mac")
"""What a line in the trail says beyond the run itself."""


def _steps(tx: Transaction, params: Params) -> Sequence[Any]:
    """What start_run does on a server."""
    workflow = tx.first(queries.workflow, params)
    if workflow is None or not workflow.active:
        return ("ABSENT" if workflow is None else "INACTIVE",)
    tx.run(queries.insert_run, params)
    tx.run(trail.insert_event, params)
    return ("STARTED",)


def _result(row: Sequence[Any], params: Params) -> Run:
    if row[0] == "ABSENT":
        raise WorkflowNotFound(params["workflow_id"])
    if row[0] == "INACTIVE":
        raise WorkflowInactive(params["workflow_id"])
    return run_of(params)


def run_of(row: Params) -> Run:
    """The row of a run as callers get it."""
    return Run(**{field: row[field] for field in Run.__dataclass_fields__})


start_run = Procedure(
    name="start_run",
    query=Query(
        select(literal_column("outcome", Text())).select_from(
            func.start_run(
                TENANT,
                ACTOR,
                REACH,
                *[queries.given(runs.c[name]) for name in _GIVEN],
                *[trail.parameter(name) for name in EVENT],
            ).table_valued("outcome")
        )
    ),
    steps=_steps,
    result=_result,
)
