"""Background work: the queue of jobs, and how far the schedule is."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Json, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import protect

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _jobs()
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("period", Time, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_schedules"),
    )
    mine = f"{dialects.OF_TENANT} AND (requested_by = {dialects.ACTOR} OR {dialects.REACH} = 'tenant')"
    protect("jobs", rule=mine, grants="SELECT, INSERT, UPDATE")
    protect("job_schedules", rule="false", grants="")


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("arguments", Json, nullable=False),
        sa.Column("checkpoint", Json),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer),
        sa.Column("note", sa.Text),
        sa.Column("result", Json),
        sa.Column("error", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("requested_by", Id, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("due_at", Time, nullable=False),
        sa.Column("started_at", Time),
        sa.Column("finished_at", Time),
        sa.Column("cancel_asked_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_jobs"),
        sa.UniqueConstraint("tenant_id", "requested_by", "kind", "key", name="uq_jobs_tenant_id_requested_by_kind_key"),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_jobs_status")
        ),
        sqlite_with_rowid=False,
    )
    live = sa.text("status IN ('queued', 'running')")
    op.create_index("ix_jobs_due", "jobs", ["due_at"], sqlite_where=live, postgresql_where=live)
    op.create_index("ix_jobs_finished", "jobs", ["finished_at"])
