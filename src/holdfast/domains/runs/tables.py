"""The tables of runs."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id, Json, KeyedHash, Real, Time

_OPEN = text("status IN ('queued', 'running', 'waiting')")
_TALKED = text("conversation_id IS NOT NULL")


def _person(column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", column], ["memberships.tenant_id", "memberships.user_id"])


workflows = scoped_table(
    "workflows",
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("external_id", Text),
    Column("category", Text),
    Column("description", Text),
    Column("metadata", Json, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    UniqueConstraint("tenant_id", "external_id"),
    _person("created_by"),
)

runs = scoped_table(
    "runs",
    Column("id", Id, primary_key=True),
    Column("workflow_id", Id, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("parent_id", Id),
    Column("conversation_id", Id),
    Column("request_id", Text),
    Column("execution_id", Text),
    Column("input", Json),
    Column("output", Json),
    Column("error", Text),
    Column("waits", Integer, nullable=False),
    Column("asked", Json),
    Column("answer", Json),
    Column("resolved_by", Id),
    Column("resolved_at", Time),
    Column("started_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("duration_ms", Real),
    Column("told_at", Time),
    Column("input_bytes", Integer),
    Column("output_bytes", Integer),
    Column("duration_bucket", Integer),
    ForeignKeyConstraint(["tenant_id", "workflow_id"], ["workflows.tenant_id", "workflows.id"]),
    _person("started_by"),
    CheckConstraint("status IN ('queued', 'running', 'waiting', 'success', 'error', 'cancelled')", name="status"),
    Index("ix_runs_workflow", "tenant_id", "workflow_id", "id"),
    Index(
        "ix_runs_started",
        "tenant_id",
        "started_at",
        "status",
        "workflow_id",
        "duration_bucket",
        "conversation_id",
        "started_by",
    ),
    Index(
        "ix_runs_under_way",
        "tenant_id",
        "started_at",
        "workflow_id",
        "conversation_id",
        "started_by",
        "status",
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
    Index("ix_runs_conversation", "tenant_id", "conversation_id", "id", sqlite_where=_TALKED, postgresql_where=_TALKED),
    partitioned="id",
)
"""Partitioned by month on PostgreSQL: an id begins with the moment it was made. `told_at`: when what an outside engine
last told was so, by its own clock. Both indexes by `started_at` hold all that statistics ask: SQLite takes a whole one
that does before a partial one that does not. `duration_bucket`: see `durations`. Where `input` is null and
`input_bytes` is not, it is an attachment; so for `output`."""

run_attachments = scoped_table(
    "run_attachments",
    Column("run_id", Id, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("value", Json, nullable=False),
    CheckConstraint("part IN ('input', 'output')", name="part"),
    partitioned="run_id",
)
"""What is too large for a run's own row, so that pages of runs stay small. By month like the runs themselves."""

run_rollups = scoped_table(
    "run_rollups",
    Column("day", Time, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("workflow_id", Id, primary_key=True),
    Column("starter_id", Id, primary_key=True),
    Column("runs", BigInteger, nullable=False),
    ForeignKeyConstraint(["tenant_id", "workflow_id"], ["workflows.tenant_id", "workflows.id"]),
    CheckConstraint("status IN ('success', 'error', 'cancelled')", name="status"),
    sqlite_with_rowid=False,
)
"""How many runs that started on a day (UTC) have ended, and after how long. Triggers on `runs` change it, so
that whatever changes a run counts it in the same transaction. NIL is the starter of those that all members see."""

run_executions = scoped_table(
    "run_executions",
    Column("workflow_id", Id, primary_key=True),
    Column("execution_id", Text, primary_key=True),
    Column("run_id", Id, nullable=False),
    ForeignKeyConstraint(["tenant_id", "workflow_id"], ["workflows.tenant_id", "workflows.id"]),
    sqlite_with_rowid=False,
)
"""Which run stands for an execution of an outside engine: one, however often it is told of."""

decisions = scoped_table(
    "decisions",
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("recommendations", Json, nullable=False),
    Column("rule_version", Text),
    Column("latency_ms", Real),
    Column("subject_count", Integer, nullable=False),
    Column("conversation_id", Id),
    Column("request_id", Text),
    Column("decided_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    _person("decided_by"),
    Index(
        "ix_decisions_conversation",
        "tenant_id",
        "conversation_id",
        "id",
        sqlite_where=_TALKED,
        postgresql_where=_TALKED,
    ),
)
"""What was decided of whom, by which rule. Never changed."""

_DECISION = ["tenant_id", "decision_id"], ["decisions.tenant_id", "decisions.id"]

decision_subjects = scoped_table(
    "decision_subjects",
    Column("decision_id", Id, primary_key=True),
    Column("subject", KeyedHash("decisions.subject"), primary_key=True),
    ForeignKeyConstraint(*_DECISION),
    Index("ix_decision_subjects_found", "tenant_id", "subject", "decision_id"),
    sqlite_with_rowid=False,
)
"""Of whom: found by whoever has the number, read by nobody."""

decision_reasons = scoped_table(
    "decision_reasons",
    Column("decision_id", Id, primary_key=True),
    Column("reason", Text, primary_key=True),
    ForeignKeyConstraint(*_DECISION),
    Index("ix_decision_reasons_found", "tenant_id", "reason", "decision_id"),
    sqlite_with_rowid=False,
)
"""The reasons once more, to be found by."""
