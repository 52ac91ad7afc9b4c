"""The tables of background work."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, Text, UniqueConstraint, text

from holdfast.core.database.schema import global_table, scoped_table
from holdfast.core.database.types import Id, Json, Time

_LIVE = text("status IN ('queued', 'running')")

jobs = scoped_table(
    "jobs",
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text),
    Column("status", Text, nullable=False),
    Column("arguments", Json, nullable=False),
    Column("checkpoint", Json),
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("note", Text),
    Column("result", Json),
    Column("error", Text),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("requested_by", Id, nullable=False),
    Column("request_id", Text),
    Column("created_at", Time, nullable=False),
    Column("due_at", Time, nullable=False),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("cancel_asked_at", Time),
    Column("traceparent", Text),
    UniqueConstraint("tenant_id", "requested_by", "kind", "key"),
    CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"),
    Index("ix_jobs_due", "due_at", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("ix_jobs_turn", "tenant_id", "due_at", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("ix_jobs_finished", "finished_at"),
    of_store=True,
    sqlite_with_rowid=False,
)
"""One row for each piece of work. `due_at`: from when on somebody may take it, be it queued or left behind by a worker
whose lease ran out. `fence` grows whenever it is taken or given back. `key`: the same work, asked for twice by one
person, is one row. `traceparent`: the span that queued it (W3C), if any. NIL is the tenant of the store's own work,
and who asked where the operator did."""

job_schedules = global_table(
    "job_schedules",
    Column("name", Text, primary_key=True),
    Column("period", Time, nullable=False),
)
"""For which period each schedule was last queued. It only grows, by a guarded update: one worker queues each period."""
