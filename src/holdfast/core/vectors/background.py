"""The background work of vectors: what makes searches through many of them quick is brought up to date."""

from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.kinds import Nothing
from holdfast.core.vectors import measuring  # noqa: F401  # it registers what it says
from holdfast.core.vectors.outside import clear_outside


@job("vectors.optimize", submit="jobs.schedules")
def optimize(run: Run, _given: Nothing) -> dict[str, object]:
    """Build indexes for large groups of vectors, and drop those that nobody uses; see `Engine.optimize_vectors`."""
    return {"changed": run.engine.optimize_vectors()}


schedule("vectors.optimize", "41 * * * *")


@job("vectors.clear_outside", submit="jobs.schedules")
def clear(run: Run, _given: Nothing) -> dict[str, object]:
    """Remove from outside indexes what is gone from here and could not be removed at once; see `clear_outside`."""
    report = clear_outside(run.engine)
    return {"removed": report.removed, "left": report.left}


schedule("vectors.clear_outside", "*/10 * * * *")
