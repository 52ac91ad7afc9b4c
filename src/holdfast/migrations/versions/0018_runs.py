"""Workflows, their runs, and decisions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Json, KeyedHash, Real, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import partition_by_month, protect

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _workflows()
    _runs()
    _run_executions()
    _decisions()
    _protection()


def _scoped(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, sa.Column("tenant_id", Id, nullable=False), *parts, **options)


def _reference(table: str, column: str, target: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"], name=f"fk_{table}_tenant_id_{column}"
    )


def _workflows() -> None:
    _scoped(
        "workflows",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_workflows"),
        sa.UniqueConstraint("tenant_id", "external_id", name="uq_workflows_tenant_id_external_id"),
        _reference("workflows", "created_by", "memberships", "user_id"),
    )


def _runs() -> None:
    _scoped(
        "runs",
        sa.Column("id", Id, nullable=False),
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("parent_id", Id),
        sa.Column("conversation_id", Id),
        sa.Column("request_id", sa.Text),
        sa.Column("execution_id", sa.Text),
        sa.Column("input", Json),
        sa.Column("output", Json),
        sa.Column("error", sa.Text),
        sa.Column("waits", sa.Integer, nullable=False),
        sa.Column("asked", Json),
        sa.Column("answer", Json),
        sa.Column("resolved_by", Id),
        sa.Column("resolved_at", Time),
        sa.Column("started_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("started_at", Time),
        sa.Column("finished_at", Time),
        sa.Column("duration_ms", Real),
        sa.Column("told_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_runs"),
        _reference("runs", "workflow_id", "workflows", "id"),
        _reference("runs", "started_by", "memberships", "user_id"),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'waiting', 'success', 'error', 'cancelled')",
            name=op.f("ck_runs_status"),
        ),
        postgresql_partition_by="RANGE (id)",
    )
    still, talked = sa.text("status IN ('queued', 'running', 'waiting')"), sa.text("conversation_id IS NOT NULL")
    op.create_index("ix_runs_workflow", "runs", ["tenant_id", "workflow_id", "id"])
    op.create_index("ix_runs_started", "runs", ["tenant_id", "started_at"])
    op.create_index("ix_runs_open", "runs", ["tenant_id", "id"], sqlite_where=still, postgresql_where=still)
    op.create_index(
        "ix_runs_conversation",
        "runs",
        ["tenant_id", "conversation_id", "id"],
        sqlite_where=talked,
        postgresql_where=talked,
    )


def _run_executions() -> None:
    _scoped(
        "run_executions",
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("execution_id", sa.Text, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "workflow_id", "execution_id", name="pk_run_executions"),
        _reference("run_executions", "workflow_id", "workflows", "id"),
        sqlite_with_rowid=False,
    )


def _decisions() -> None:
    _scoped(
        "decisions",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("recommendations", Json, nullable=False),
        sa.Column("rule_version", sa.Text),
        sa.Column("latency_ms", Real),
        sa.Column("subject_count", sa.Integer, nullable=False),
        sa.Column("conversation_id", Id),
        sa.Column("request_id", sa.Text),
        sa.Column("decided_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_decisions"),
        _reference("decisions", "decided_by", "memberships", "user_id"),
    )
    talked = sa.text("conversation_id IS NOT NULL")
    op.create_index(
        "ix_decisions_conversation",
        "decisions",
        ["tenant_id", "conversation_id", "id"],
        sqlite_where=talked,
        postgresql_where=talked,
    )
    _scoped(
        "decision_subjects",
        sa.Column("decision_id", Id, nullable=False),
        sa.Column("subject", KeyedHash("decisions.subject"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "decision_id", "subject", name="pk_decision_subjects"),
        _reference("decision_subjects", "decision_id", "decisions", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_decision_subjects_found", "decision_subjects", ["tenant_id", "subject", "decision_id"])
    _scoped(
        "decision_reasons",
        sa.Column("decision_id", Id, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "decision_id", "reason", name="pk_decision_reasons"),
        _reference("decision_reasons", "decision_id", "decisions", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_decision_reasons_found", "decision_reasons", ["tenant_id", "reason", "decision_id"])


_NO_VISITOR = (
    f"EXISTS (SELECT FROM memberships m WHERE m.tenant_id = {dialects.TENANT}"
    f" AND m.user_id = {dialects.ACTOR} AND m.role <> 'visitor')"
)
_OF_MEMBERS = f"{dialects.OF_TENANT} AND ({dialects.REACH} = 'tenant' OR {_NO_VISITOR})"


def _protection() -> None:
    protect("workflows", rule=_OF_MEMBERS, grants="SELECT, INSERT, UPDATE")
    mine = f"(conversation_id IS NULL OR started_by = {dialects.ACTOR} OR {dialects.REACH} = 'tenant')"
    protect("runs", rule=f"{_OF_MEMBERS} AND {mine}", grants="SELECT, INSERT, UPDATE")
    partition_by_month("runs")
    protect("run_executions", rule=_OF_MEMBERS, grants="SELECT, INSERT")
    own = f"{dialects.OF_TENANT} AND (decided_by = {dialects.ACTOR} OR {dialects.REACH} = 'tenant')"
    protect("decisions", rule=own, grants="SELECT, INSERT")
    decision = f"SELECT FROM decisions d WHERE d.tenant_id = {dialects.TENANT} AND d.id = decision_id"
    for table in ("decision_subjects", "decision_reasons"):
        protect(table, rule=f"{dialects.OF_TENANT} AND EXISTS ({decision})", grants="SELECT, INSERT")
