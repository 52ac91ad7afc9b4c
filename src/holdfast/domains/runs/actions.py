"""Runs: started, finished, kept waiting for a person and resolved."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Call, Recorded, Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice
from holdfast.core.references import check_reference
from holdfast.domains.runs import queries
from holdfast.domains.runs.checks import check_attempt, check_data, check_error, check_flag, check_part
from holdfast.domains.runs.defining import Defining
from holdfast.domains.runs.errors import (
    RunBegun,
    RunFinished,
    RunNotWaiting,
    RunResolved,
    RunWaiting,
    WorkflowInactive,
)
from holdfast.domains.runs.finishing import end, ending, finish_run
from holdfast.domains.runs.models import ENDINGS, Ending, Run
from holdfast.domains.runs.reads import find, find_workflow
from holdfast.domains.runs.starting import run_of, start_run
from holdfast.domains.runs.telling import attach, new_row


class Runs(Defining):
    """Workflows, their runs, and decisions.

    A run that belongs to a conversation is its starter's own, others are seen by the tenant's members. A decision is
    seen by who recorded it. Who administers or audits sees all.
    """

    @action("runs.execute", writes=True, on="workflow")
    def start(
        self,
        workflow: UUID | str,
        *,
        input: Any = None,  # what it is called everywhere
        parent: UUID | str | None = None,
        conversation: UUID | str | None = None,
        attempt: int = 1,
        queued: bool = False,
    ) -> Work[Run]:
        """Start a run, or only note it (`queued`) for `begin` to start later. `input`: any JSON; above
        `Settings.run_bytes` an attachment of the run, up to `Settings.run_attachment_bytes`.

        `parent`: the run that this one is part of, or the attempt before it. The scope's `request_id` goes on it.
        Costs on PostgreSQL one round trip, else two statements and the trail's line; where there is a conversation,
        parent or attachment five round trips and one for each. Raises
        `WorkflowNotFound`, `WorkflowInactive`, `RunNotFound`, `ConversationNotFound`, `InvalidInput`.
        """
        wanted, talked = as_id(workflow, field="workflow"), conversation
        above = None if parent is None else as_id(parent, field="parent")
        talk = None if talked is None else as_id(talked, field="conversation")
        into = check_part(input, self.settings, part="input")
        row = new_row(
            wanted,
            self._actor(),
            self.scope.request_id,
            status="queued" if check_flag(queued, "queued") else "running",
            parent_id=above,
            conversation_id=talk,
            input=into.kept,
            input_bytes=into.size,
            attempt=check_attempt(attempt),
        )
        if not queued:
            row["started_at"] = row["created_at"]

        if talk is None and above is None and not into.attached:
            details = {"workflow": str(wanted)}
            return Call(start_run, row, about=Recorded("run", row["id"], row["started_by"], details=details))

        def work(tx: Transaction) -> Run:
            if not find_workflow(tx, wanted).active:
                raise WorkflowInactive(wanted)
            if talk is not None:
                check_reference(tx, "conversation", talk)
            if above is not None:
                find(tx, above)
            tx.run(queries.insert_run, row)
            attach(tx, row["id"], into)
            tx.record("run", row["id"], owner=row["started_by"], workflow=str(wanted))
            return run_of(row | {"input": input})

        return work

    @action("runs.execute", writes=True, on="run")
    def begin(self, run: UUID | str) -> Work[Run]:
        """A queued run begins. Raises `RunNotFound`, `RunBegun`, `RunFinished`."""
        wanted, moment = as_id(run, field="run"), now()

        def work(tx: Transaction) -> Run:
            seen = _open(tx, wanted)
            if seen.status != "queued" or not tx.run(queries.begin, _as_seen(seen) | {"moment": moment}):
                raise RunBegun(wanted)
            return _recorded(tx, replace(seen, status="running", started_at=moment))

        return work

    @action("runs.execute", writes=True, on="run")
    def finish(
        self, run: UUID | str, *, status: Ending = "success", output: Any = None, error: str | None = None
    ) -> Work[Run]:
        """A run ends: once. `error` says why it ended in one; it is shown to whoever may see the run, so leave
        secrets out. One that waits for a person cannot end in success. `output` is kept as `start` keeps `input`.

        Costs on PostgreSQL one round trip for who started it, else two statements and the trail's line, an attachment
        one more. Raises `RunNotFound`, `RunFinished`,
        `RunWaiting`, `InvalidInput`.
        """
        wanted, moment = as_id(run, field="run"), now()
        result: Any = check_choice(status, ENDINGS, field="status")
        out, why = check_part(output, self.settings, part="output"), check_error(error)
        if why is not None and result == "success":
            raise InvalidInput("error: a run that ends in success has none", field="error")

        row = ending(wanted, result, out, why, moment)

        def work(tx: Transaction) -> Run:
            seen = _open(tx, wanted)
            if seen.status == "waiting" and result == "success":
                raise RunWaiting(wanted)
            ended = end(tx, seen, row)
            if ended is None:
                raise RunFinished(wanted, find(tx, wanted).status)
            attach(tx, wanted, out)
            return _recorded(tx, replace(ended, output=output))

        if out.attached or self.scope.actor_id is None:
            return work
        about = Recorded("run", wanted, self.scope.actor_id, details={"status": result})
        return Call(finish_run, row, about=about, otherwise=work)

    @action("runs.execute", writes=True, on="run")
    def wait(self, run: UUID | str, *, asked: Any = None) -> Work[Run]:
        """A run waits until a person has resolved it. `asked`: what it is about, any JSON.

        Raises `RunNotFound`, `RunFinished`, `RunWaiting`, `InvalidInput`.
        """
        wanted, about = as_id(run, field="run"), check_data(asked, self.settings, field="asked")

        def work(tx: Transaction) -> Run:
            seen = _open(tx, wanted)
            row = {"new_asked": about, "new_answer": None, "nobody": None, "never": None}
            if seen.status == "waiting" or not tx.run(queries.wait, _as_seen(seen) | row):
                raise RunWaiting(wanted)
            waiting = replace(seen, status="waiting", waits=seen.waits + 1, asked=about)
            return _recorded(tx, replace(waiting, answer=None, resolved_by=None, resolved_at=None))

        return work

    @action("runs.resolve", writes=True, on="run")
    def resolve(self, run: UUID | str, *, answer: Any = None, number: int | None = None) -> Work[Run]:
        """Answer what a run waits for; it goes on. Of several who do, the first one counts.

        `number`: which of its waits was answered, as `Run.waits` said when it was shown, so that an old page cannot
        answer a new question. Raises `RunNotFound`, `RunResolved`, `RunNotWaiting`, `RunFinished`, `InvalidInput`.
        """
        wanted, moment = as_id(run, field="run"), now()
        said, actor = check_data(answer, self.settings, field="answer"), self._actor()
        if number is not None:
            check_attempt(number)

        def work(tx: Transaction) -> Run:
            seen = find(tx, wanted)
            if number is not None and seen.waits > number:
                raise RunResolved(wanted)
            if seen.status != "waiting":
                _refuse_answer(seen)
            if not tx.run(queries.resolve, _as_seen(seen) | {"new_answer": said, "moment": moment}):
                raise RunResolved(wanted)
            return _recorded(tx, replace(seen, status="running", answer=said, resolved_by=actor, resolved_at=moment))

        return work


def _open(tx: Transaction, run: UUID) -> Run:
    """A run that has not ended. Raises `RunNotFound`, `RunFinished`."""
    seen = find(tx, run)
    if seen.ended:
        raise RunFinished(run, seen.status)
    return seen


def _refuse_answer(seen: Run) -> None:
    if seen.resolved_at is not None:
        raise RunResolved(seen.id)
    if seen.ended:
        raise RunFinished(seen.id, seen.status)
    raise RunNotWaiting(seen.id, seen.status)


def _as_seen(seen: Run) -> dict[str, Any]:
    return {"id": seen.id, "seen_status": seen.status, "seen_waits": seen.waits}


def _recorded(tx: Transaction, run: Run) -> Run:
    tx.record("run", run.id, owner=run.started_by, status=run.status)
    return run
