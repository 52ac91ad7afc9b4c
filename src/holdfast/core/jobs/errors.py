"""What can go wrong in background work."""

from uuid import UUID

from holdfast.core.errors import Conflict, HoldfastError, InvalidInput, NotFound


class JobNotFound(NotFound):
    """There is no such job, or it is another's."""

    code = "job_not_found"

    def __init__(self, job: UUID) -> None:
        super().__init__(f"there is no job {job}; jobs.list() shows those that you may see. Old ones are deleted")
        self.job = job


class JobFinished(Conflict):
    """The job has ended, so that it cannot be cancelled."""

    code = "job_finished"

    def __init__(self, job: UUID, status: str) -> None:
        super().__init__(f"job {job} is {status}; there is nothing left to cancel")
        self.job = job


class JobNotEnded(Conflict):
    """Only a job that failed or was cancelled is tried again by hand."""

    code = "job_not_ended"

    def __init__(self, job: UUID, status: str) -> None:
        super().__init__(f"job {job} is {status}; only one that failed or was cancelled is tried again")
        self.job = job


class UnknownJobKind(InvalidInput):
    """No such kind of job is registered in this program, or it is queued by an operation of its room alone."""

    code = "unknown_job_kind"

    def __init__(self, kind: object, known: list[str]) -> None:
        super().__init__(
            f"kind: {kind!r:.80} is none that can be submitted; there are: {', '.join(known) or 'none'}", field="kind"
        )


class JobFailed(HoldfastError):
    """What a job raises that would fail again: it is not retried. `reason` holds ids and counts, never content."""

    code = "job_failed"
    status = 500


class JobInterrupted(HoldfastError):
    """The job is to stop at this progress point: it was cancelled, its worker stops, or another worker has it.

    Raised inside a job's body by its own calls; let it pass.
    """

    code = "job_interrupted"
    status = 409


class JobCancelled(JobInterrupted):
    """Somebody cancelled the job."""

    code = "job_cancelled"


class JobGivenBack(JobInterrupted):
    """The worker stops; the job goes back to the queue with its checkpoint."""

    code = "job_given_back"


class LeaseLost(JobInterrupted):
    """The worker was away for longer than its lease, and another has the job: nothing of this step was written."""

    code = "job_lease_lost"
