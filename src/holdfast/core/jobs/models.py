"""What callers get of jobs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]
STATUSES: tuple[JobStatus, ...] = ("queued", "running", "done", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A piece of background work, as it stood when it was read.

    `due_at`: from when on a worker may take it; of a running one, when its worker's lease runs out and another may.
    `done` of `total` and `note` are what it last said of its progress. `error` is the code of what it failed for, and
    `reason` the text. `tenant_id` is all zeros for work of the store itself, `requested_by` where the operator asked.
    """

    id: UUID
    tenant_id: UUID
    kind: str
    key: str | None = None
    status: JobStatus
    arguments: dict[str, object] = field(hash=False)
    done: int = 0
    total: int | None = None
    note: str | None = None
    result: Any = field(default=None, hash=False)
    error: str | None = None
    reason: str | None = None
    attempts: int
    max_attempts: int
    requested_by: UUID
    request_id: str | None = None
    created_at: datetime
    due_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancel_asked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Work that is queued again and again: the `cron` line (UTC), and the last period for which it was."""

    name: str
    kind: str
    cron: str
    last: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A job as its worker takes it; `fence` grows with each taking, so that only the last taker's result counts."""

    id: UUID
    tenant_id: UUID
    kind: str
    status: JobStatus
    arguments: dict[str, Any] = field(hash=False)
    checkpoint: Any = field(hash=False)
    attempts: int
    max_attempts: int
    fence: int
    requested_by: UUID
    request_id: str | None
    traceparent: str | None
    cancel_asked_at: datetime | None
