"""The schedule's own work: jobs that ended long ago are deleted, partitions made ahead of time."""

from datetime import timedelta

from holdfast.core.clock import now
from holdfast.core.jobs import queries
from holdfast.core.jobs.kinds import Nothing, job, schedule
from holdfast.core.jobs.running import Run
from holdfast.core.scope import OPERATOR

LOT = 1_000
"""Rows to a transaction."""


@job("jobs.clean", submit="jobs.schedules")
def clean(run: Run, _given: Nothing) -> dict[str, object]:
    """Delete the jobs, of every tenant, that ended more than `Settings.job_days` ago."""
    asked = {"before": now() - timedelta(days=run.settings.job_days), "limit": LOT}
    deleted = 0
    while True:
        some = run.engine.write(OPERATOR, "all", lambda tx: tx.run(queries.delete_old, asked))
        deleted += some
        run.progress(deleted)
        if some < LOT:
            return {"deleted": deleted}


schedule("jobs.clean", "17 3 * * *")


@job("partitions.make", submit="jobs.schedules")
def make_partitions(run: Run, _given: Nothing) -> dict[str, object]:
    """Make the partitions of the months to come; see `Engine.make_partitions`."""
    return {"made": run.engine.make_partitions()}


schedule("partitions.make", "7 2 * * *")
