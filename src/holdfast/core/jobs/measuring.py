"""What background work says of the store's health."""

from datetime import datetime

from sqlalchemy import bindparam

from holdfast.core.database import Transaction
from holdfast.core.database.types import Time
from holdfast.core.health import Waiting, counted, register_health
from holdfast.core.jobs.tables import jobs

_j = jobs.c
_MOMENT = bindparam("moment", type_=Time)
_due = counted(jobs, _j.due_at, _j.status == "queued", _j.due_at <= _MOMENT)
"""By ix_jobs_due."""
_running = counted(jobs, _j.started_at, _j.status == "running")
_failed = counted(jobs, _j.finished_at, _j.status == "failed", _j.finished_at <= _MOMENT)
"""By ix_jobs_finished: those that are still kept."""


def health(tx: Transaction, moment: datetime) -> list[Waiting]:
    """Jobs that could be taken and are not, that are under way, and that failed."""
    asked = {"moment": moment}
    return [
        Waiting("jobs", "waits", *tx.all(_due, asked)[0]),
        Waiting("jobs", "running", *tx.all(_running)[0]),
        Waiting("jobs", "failed", *tx.all(_failed, asked)[0]),
    ]


register_health("jobs", health)
