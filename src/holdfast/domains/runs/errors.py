"""What can go wrong with runs."""

from uuid import UUID

from holdfast.core.errors import Conflict, NotFound


class WorkflowNotFound(NotFound):
    """There is no such workflow in the tenant."""

    code = "workflow_not_found"

    def __init__(self, workflow: object) -> None:
        super().__init__(f"there is no workflow {str(workflow)!r:.200}; runs.create_workflow(…) makes one")


class WorkflowExists(Conflict):
    """The tenant has a workflow of this outside id."""

    code = "workflow_exists"

    def __init__(self, external_id: str) -> None:
        super().__init__(f"external_id: {external_id!r:.200} is a workflow's already; take another, or update that")
        self.external_id = external_id


class WorkflowInactive(Conflict):
    """The workflow takes no new runs."""

    code = "workflow_inactive"

    def __init__(self, workflow: UUID) -> None:
        super().__init__(f"workflow {workflow} is not active; runs.update_workflow(…, active=True) makes it so")
        self.workflow = workflow


class RunNotFound(NotFound):
    """There is no such run, or it is another's."""

    code = "run_not_found"

    def __init__(self, run: UUID) -> None:
        super().__init__(f"there is no run {run}; runs.list() shows those that you may see")
        self.run = run


class RunFinished(Conflict):
    """The run has ended, and stays as it ended."""

    code = "run_finished"

    def __init__(self, run: UUID, ending: str) -> None:
        super().__init__(f"run {run} has ended already ({ending}); it stays as it is. Start another attempt")
        self.run = run
        self.ending = ending


class RunBegun(Conflict):
    """Only a queued run begins."""

    code = "run_begun"

    def __init__(self, run: UUID) -> None:
        super().__init__(f"run {run} has begun already")
        self.run = run


class RunWaiting(Conflict):
    """The run waits for a person; until then it can be cancelled or end in an error, and nothing else."""

    code = "run_waiting"

    def __init__(self, run: UUID) -> None:
        super().__init__(f"run {run} waits for a person; runs.resolve(…) it first, or cancel it")
        self.run = run


class RunNotWaiting(Conflict):
    """The run waits for nobody."""

    code = "run_not_waiting"

    def __init__(self, run: UUID, status: str) -> None:
        super().__init__(f"run {run} is {status}; it waits for nobody")
        self.run = run


class RunResolved(Conflict):
    """Somebody else was first: what the run waited for has been answered."""

    code = "run_resolved"

    def __init__(self, run: UUID) -> None:
        super().__init__(f"run {run}: somebody has answered already; runs.get(…) shows who, and what")
        self.run = run


class DecisionNotFound(NotFound):
    """There is no such decision, or it is another's."""

    code = "decision_not_found"

    def __init__(self, decision: UUID) -> None:
        super().__init__(f"there is no decision {decision}; runs.decisions() shows those that you may see")
        self.decision = decision
