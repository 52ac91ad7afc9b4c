"""The background work of vectors: what makes searches through many of them quick is brought up to date."""

from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.kinds import Nothing


@job("vectors.optimize", submit="jobs.schedules")
def optimize(run: Run, _given: Nothing) -> dict[str, object]:
    """Build indexes for large groups of vectors, and drop those that nobody uses; see `Engine.optimize_vectors`."""
    return {"changed": run.engine.optimize_vectors()}


schedule("vectors.optimize", "41 * * * *")
