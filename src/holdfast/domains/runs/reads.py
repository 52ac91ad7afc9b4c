"""Reading workflows and runs."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core.action import Actions, action
from holdfast.core.clock import as_utc
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice, check_name
from holdfast.core.pages import Page, check_limit
from holdfast.domains.runs import cursors, queries
from holdfast.domains.runs.checks import check_external
from holdfast.domains.runs.errors import RunNotFound, WorkflowNotFound
from holdfast.domains.runs.models import STATUSES, Run, RunStatus, Workflow

PARTS = ("input", "output")


class RunReads(Actions):
    """What can be read of runs; see `Runs`."""

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: runs are a person's; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id

    @action("runs.read", writes=False, on="workflow")
    def workflow(self, workflow: UUID | str) -> Work[Workflow]:
        """A workflow by its id. Raises `WorkflowNotFound`."""
        wanted = as_id(workflow, field="workflow")
        return lambda tx: find_workflow(tx, wanted)

    @action("runs.read", writes=False)
    def workflow_of(self, external_id: str) -> Work[Workflow]:
        """A workflow by its id in the outside engine. Raises `WorkflowNotFound`."""
        wanted = check_external(external_id, field="external_id")
        return lambda tx: find_external(tx, wanted)

    @action("runs.read", writes=False)
    def workflows(
        self,
        *,
        category: str | None = None,
        active: bool | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Workflow]]:
        """A page of the tenant's workflows, the newest first. Raises `InvalidCursor`."""
        most = self.settings.title_chars
        params: dict[str, Any] = {
            "category": None if category is None else check_name(category, field="category", most_chars=most),
            "active": active,
        }
        question = ("runs.workflows", self.scope.tenant_id, self.scope.actor_id, *params.values())
        params["limit"] = check_limit(limit, self.settings.page) + 1
        if cursor is not None:
            params["after_id"] = cursors.place(question, cursor)
        query = queries.page_of_workflows(
            category=category is not None, active=active is not None, after=cursor is not None
        )
        return lambda tx: cursors.page(tx.all(query, params), limit, question)

    @action("runs.read", writes=False, on="run")
    def get(self, run: UUID | str) -> Work[Run]:
        """A run, with its input and output however large they are: one statement, two where either is an attachment.

        Raises `RunNotFound`.
        """
        wanted = as_id(run, field="run")

        def work(tx: Transaction) -> Run:
            found = whole(tx, find(tx, wanted))
            if found.conversation_id is not None:
                tx.saw("run", found.id, owner=found.started_by)
            return found

        return work

    @action("runs.read", writes=False, on="workflow")
    def list(
        self,
        *,
        workflow: UUID | str | None = None,
        status: RunStatus | None = None,
        conversation: UUID | str | None = None,
        parent: UUID | str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Run]]:
        """A page of runs, the newest first; with `since` or `until` those that started then. One statement.

        What is kept as an attachment is left out; `get` has it. Raises `InvalidCursor`.
        """
        params: dict[str, Any] = {
            "workflow_id": None if workflow is None else as_id(workflow, field="workflow"),
            "status": None if status is None else check_choice(status, STATUSES, field="status"),
            "conversation_id": None if conversation is None else as_id(conversation, field="conversation"),
            "parent_id": None if parent is None else as_id(parent, field="parent"),
            "since": None if since is None else as_utc(since, field="since"),
            "until": None if until is None else as_utc(until, field="until"),
        }
        question = ("runs.list", self.scope.tenant_id, self.scope.actor_id, *params.values())
        params["limit"] = check_limit(limit, self.settings.page) + 1
        if cursor is not None:
            params["after_id"] = cursors.place(question, cursor)
        query = queries.page_of_runs(
            workflow=workflow is not None,
            status=status is not None,
            conversation=conversation is not None,
            parent=parent is not None,
            since=since is not None,
            until=until is not None,
            after=cursor is not None,
        )

        def work(tx: Transaction) -> Page[Run]:
            found = tx.all(query, params)
            for one in found[:limit]:
                if one.conversation_id is not None:
                    tx.saw("run", one.id, owner=one.started_by)
            return cursors.page(found, limit, question)

        return work


def find_workflow(tx: Transaction, workflow: UUID) -> Workflow:
    """A workflow of the tenant. Raises `WorkflowNotFound`."""
    found = tx.first(queries.workflow, {"workflow_id": workflow})
    if found is None:
        raise WorkflowNotFound(workflow)
    return found


def find_external(tx: Transaction, external_id: str) -> Workflow:
    """A workflow by its outside id. Raises `WorkflowNotFound`."""
    found = tx.first(queries.workflow_by_external_id, {"external_id": external_id})
    if found is None:
        raise WorkflowNotFound(external_id)
    return found


def whole(tx: Transaction, run: Run) -> Run:
    """The run, with those parts that are kept as attachments."""
    attached = [part for part in PARTS if getattr(run, part) is None and getattr(run, f"{part}_bytes") is not None]
    return replace(run, **dict(tx.all(queries.attachments, {"id": run.id}))) if attached else run


def find(tx: Transaction, run: UUID) -> Run:
    """A run that the scope may see. Raises `RunNotFound`."""
    found = tx.first(queries.run, {"id": run})
    if found is None:
        raise RunNotFound(run)
    return found
