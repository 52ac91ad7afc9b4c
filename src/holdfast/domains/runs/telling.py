"""What outside engines (n8n and others) tell of their executions: in any order, any number of times.

Of all that was told of an execution one telling decides how it stands: one of an end before one of none; among those
the one that was so last, by the engine's clock; at one moment the later in the order queued, running, waiting, success,
cancelled, error. That is the same whatever order they arrive in, and however often. When it started is the earliest
that anybody said.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import as_happened, now
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_choice
from holdfast.domains.runs import queries
from holdfast.domains.runs.checks import Given, check_attempt, check_error, check_external, check_part
from holdfast.domains.runs.durations import bucket_of
from holdfast.domains.runs.models import ENDINGS, STATUSES, Run, RunStatus
from holdfast.domains.runs.reads import find, find_external, whole
from holdfast.domains.runs.statistics import Statistics
from holdfast.domains.runs.tables import runs

_ORDER = {
    status: place for place, status in enumerate(("queued", "running", "waiting", "success", "cancelled", "error"))
}

AHEAD = timedelta(days=366)
"""Tellings are ordered by the engine's own clock, which may be wrong. What is further ahead is in another unit."""


class Telling(Statistics):
    """The door for outside engines; see `Runs`."""

    @action("runs.execute", writes=True)
    def tell(
        self,
        workflow: str,
        execution: str,
        *,
        status: RunStatus,
        at: datetime,
        started_at: datetime | None = None,
        input: Any = None,  # what it is called everywhere
        output: Any = None,
        error: str | None = None,
        attempt: int = 1,
    ) -> Work[Run]:
        """An outside engine says that an execution of its workflow was in a status at a moment. Told again, it changes
        nothing; told out of order, it ends up right.

        `workflow`: its id out there, as `create_workflow(external_id=…)` has it. `started_at`: when it began, else `at`
        of the first telling that it runs. Seven statements for the first telling, five for a later one; more where
        anything is large (see `start`). Raises
        `WorkflowNotFound`, `InvalidInput`.
        """
        external = check_external(workflow, field="workflow")
        given: dict[str, Any] = {
            "execution_id": check_external(execution, field="execution"),
            "status": check_choice(status, STATUSES, field="status"),
            "told_at": as_happened(at, field="at", ahead=AHEAD),
            "started_at": None if started_at is None else as_happened(started_at, field="started_at", ahead=AHEAD),
            "input": check_part(input, self.settings, part="input"),
            "output": check_part(output, self.settings, part="output"),
            "error": check_error(error),
            "attempt": check_attempt(attempt),
        }
        if given["started_at"] is None and status != "queued":
            given["started_at"] = given["told_at"]
        actor = self._actor()

        def work(tx: Transaction) -> Run:
            known = find_external(tx, external)
            place = {"workflow_id": known.id, "execution_id": given["execution_id"]}
            tx.all(queries.wait_for_turn, {"turn": f"execution {known.id} {given['execution_id']}"})
            found = tx.first(queries.execution, place)
            if found is None:
                run_id = _first(tx, {**given, **place}, actor)
                changed = True
            else:
                run_id = found[0]
                changed = _later(tx, run_id, given)
            if not changed:
                tx.unchanged()
            tx.record("run", run_id, workflow=str(known.id), status=given["status"])
            return whole(tx, find(tx, run_id))

        return work


def _first(tx: Transaction, given: dict[str, Any], actor: UUID) -> UUID:
    row = new_row(
        given["workflow_id"],
        actor,
        tx.scope.request_id,
        **{name: given[name] for name in ("status", "execution_id", "error", "attempt", "told_at")},
        **{name: given[name].kept for name in ("input", "output")},
        **{f"{name}_bytes": given[name].size for name in ("input", "output")},
        started_at=given["started_at"],
        finished_at=given["told_at"] if given["status"] in ENDINGS else None,
    )
    row["duration_ms"] = duration(row["started_at"], row["finished_at"])
    row["duration_bucket"] = bucket_of(row["duration_ms"])
    tx.run(queries.insert_run, row)
    attach(tx, row["id"], given["input"], given["output"])
    tx.run(queries.insert_execution, {**given, "run_id": row["id"]})
    return UUID(str(row["id"]))


def _later(tx: Transaction, run_id: UUID, given: dict[str, Any]) -> bool:
    """Whether the telling changed anything."""
    seen = tx.first(queries.told, {"id": run_id})
    if seen is None:
        return False  # of a conversation that is not the teller's, which no telling makes
    status, told_at, started_at, finished_at, attached, has_input = seen
    earliest = min((at for at in (started_at, given["started_at"]) if at is not None), default=None)
    decides = _weight(given["status"], given["told_at"]) > _weight(status, told_at)
    if decides:
        finished_at = given["told_at"] if given["status"] in ENDINGS else None
        if attached:
            tx.run(queries.delete_attachment, {"id": run_id, "part": "output"})
        attach(tx, run_id, given["output"])
        tx.run(
            queries.tell,
            {
                "id": run_id,
                "new_status": given["status"],
                "new_told_at": given["told_at"],
                "new_started_at": earliest,
                "new_finished_at": finished_at,
                **_took(earliest, finished_at),
                "new_output": given["output"].kept,
                "new_output_bytes": given["output"].size,
                "new_error": given["error"],
                "new_attempt": given["attempt"],
            },
        )
    adds = not has_input and given["input"].size is not None
    if earliest != started_at:
        tx.run(queries.begin_earlier, {"id": run_id, "new_started_at": earliest, **_took(earliest, finished_at)})
    if adds:
        into = given["input"]
        tx.run(queries.add_input, {"id": run_id, "new_input": into.kept, "new_input_bytes": into.size})
        attach(tx, run_id, into)
    return decides or adds or earliest != started_at


def _weight(status: str, at: datetime | None) -> tuple[bool, datetime, int]:
    return status in ENDINGS, at or datetime.min.replace(tzinfo=now().tzinfo), _ORDER[status]


def attach(tx: Transaction, run_id: UUID, *given: Given) -> None:
    """Keep what is too large for the run's own row: a statement for each."""
    for one in given:
        if one.attached:
            tx.run(queries.insert_attachment, {"id": run_id, "part": one.part, "value": one.value})


def duration(started_at: datetime | None, finished_at: datetime | None) -> float | None:
    """Milliseconds; none below zero, whatever clocks say."""
    if started_at is None or finished_at is None:
        return None
    return max(0.0, (finished_at - started_at).total_seconds() * 1000)


def _took(started_at: datetime | None, finished_at: datetime | None) -> dict[str, Any]:
    took = duration(started_at, finished_at)
    return {"new_duration": took, "new_bucket": bucket_of(took)}


def new_row(workflow: UUID, actor: UUID, request_id: str | None, **given: Any) -> dict[str, Any]:
    """The columns of a new run."""
    absent = dict.fromkeys(column.name for column in runs.c if column.name != "tenant_id")
    moment = now()
    return {
        **absent,
        "id": new_id(),
        "workflow_id": workflow,
        "attempt": 1,
        "waits": 0,
        "request_id": request_id,
        "started_by": actor,
        "created_at": moment,
        **given,
    }
