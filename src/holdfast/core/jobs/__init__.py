"""Background work: kinds of jobs that rooms register, a queue of them in the database, a schedule, workers."""

from holdfast.core.jobs import keeping, measuring  # noqa: F401  # they register what they do
from holdfast.core.jobs.actions import Jobs
from holdfast.core.jobs.kinds import job, schedule
from holdfast.core.jobs.models import Job, JobStatus, Schedule
from holdfast.core.jobs.queueing import enqueue
from holdfast.core.jobs.running import Run
from holdfast.core.jobs.worker import Worker, WorkerStats

__all__ = ["Job", "JobStatus", "Jobs", "Run", "Schedule", "Worker", "WorkerStats", "enqueue", "job", "schedule"]
