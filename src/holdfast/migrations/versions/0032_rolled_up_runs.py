"""Runs are rolled up as they end, large inputs and outputs are attachments, jobs carry the trace that queued them."""

from math import ceil, log
from typing import Any, cast

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Json, Time
from holdfast.migrations import dialects
from holdfast.migrations import functions_0032 as functions
from holdfast.migrations.dialects import each, only, partition_by_month, protect

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_NO_VISITOR = (
    f"EXISTS (SELECT FROM memberships m WHERE m.tenant_id = {dialects.TENANT}"
    f" AND m.user_id = {dialects.ACTOR} AND m.role <> 'visitor')"
)
_OF_MEMBERS = f"{dialects.OF_TENANT} AND ({dialects.REACH} = 'tenant' OR {_NO_VISITOR})"
_NIL = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("traceparent", sa.Text))
    _run_columns()
    _run_attachments()
    _run_rollups()
    _count()


def _run_columns() -> None:
    for name in ("input_bytes", "output_bytes", "duration_bucket"):
        op.add_column("runs", sa.Column(name, sa.Integer))
    still = sa.text("status IN ('queued', 'running', 'waiting')")
    op.drop_index("ix_runs_open", "runs")
    op.drop_index("ix_runs_started", "runs")
    started = ["tenant_id", "started_at"]
    shown = ("workflow_id", "conversation_id", "started_by", "status")
    op.create_index("ix_runs_under_way", "runs", [*started, *shown], sqlite_where=still, postgresql_where=still)
    counted = ("status", "workflow_id", "duration_bucket", "conversation_id", "started_by")
    op.create_index("ix_runs_started", "runs", [*started, *counted])


def _run_attachments() -> None:
    op.create_table(
        "run_attachments",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "part", name="pk_run_attachments"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_run_attachments_tenant_id"),
        sa.CheckConstraint("part IN ('input', 'output')", name=op.f("ck_run_attachments_part")),
        postgresql_partition_by="RANGE (run_id)",
    )
    run = f"SELECT FROM runs r WHERE r.tenant_id = {dialects.TENANT} AND r.id = run_id"
    protect("run_attachments", rule=f"{dialects.OF_TENANT} AND EXISTS ({run})", grants="SELECT, INSERT, DELETE")
    partition_by_month("run_attachments")


def _run_rollups() -> None:
    key = ("day", "status", "bucket", "workflow_id", "starter_id")
    op.create_table(
        "run_rollups",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("day", Time, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("starter_id", Id, nullable=False),
        sa.Column("runs", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", *key, name="pk_run_rollups"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "workflow_id"],
            ["workflows.tenant_id", "workflows.id"],
            name="fk_run_rollups_tenant_id_workflow_id",
        ),
        sa.CheckConstraint("status IN ('success', 'error', 'cancelled')", name=op.f("ck_run_rollups_status")),
        sqlite_with_rowid=False,
    )
    mine = f"(starter_id = '{_NIL}'::uuid OR starter_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant')"
    protect("run_rollups", rule=f"{_OF_MEMBERS} AND {mine}", grants="SELECT, INSERT, UPDATE")


def _count() -> None:
    """The runs that are there already, and from now on each as it changes."""
    only("sqlite", _bring_logarithms)
    each({"postgresql": "SET LOCAL ROLE holdfast_operator"})  # who sees every tenant's
    each(functions.BUCKETS)
    each(functions.ROLLUPS)
    each({"postgresql": "RESET ROLE"})
    for statement in functions.ON_SQLITE:
        each({"sqlite": statement})
    for statement in (*functions.ON_POSTGRESQL, functions.START_RUN):
        each({"postgresql": statement})


def _bring_logarithms() -> None:
    connection = cast("Any", op.get_bind().connection.driver_connection)
    connection.create_function("bucket_of", 1, _bucket_of)


def _bucket_of(duration_ms: float) -> int:
    return -1_000 if duration_ms < 0.001 else ceil(log(duration_ms) / log(1.02 / 0.98))
