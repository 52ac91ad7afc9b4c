"""Connections to outside platforms and AI providers, the revocation of their tokens, and metric snapshots."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Json, Secret, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import each, protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _connections()
    _revocations()
    _metric_snapshots()
    _protection()


def _scoped(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, sa.Column("tenant_id", Id, nullable=False), *parts, **options)


def _reference(table: str, column: str, target: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"], name=f"fk_{table}_tenant_id_{column}"
    )


def _connections() -> None:
    _scoped(
        "connections",
        sa.Column("id", Id, nullable=False),
        sa.Column("workspace_id", Id, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("account", sa.Text),
        sa.Column("base_url", sa.Text),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("access_token", Secret("connections.access_token", row=("id",))),
        sa.Column("refresh_token", Secret("connections.refresh_token", row=("id",))),
        sa.Column("api_key", Secret("connections.api_key", row=("id",))),
        sa.Column("expires_at", Time),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("retry_at", Time),
        sa.Column("lease_by", Id),
        sa.Column("lease_until", Time),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.Column("refreshed_at", Time),
        sa.Column("revoked_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_connections"),
        _reference("connections", "workspace_id", "workspaces", "id"),
        _reference("connections", "created_by", "memberships", "user_id"),
        sa.CheckConstraint("status IN ('active', 'expired', 'revoked', 'error')", name=op.f("ck_connections_status")),
        sqlite_with_rowid=False,
    )
    live = sa.text("status <> 'revoked'")
    op.create_index(
        "uq_connections_live",
        "connections",
        ["tenant_id", "workspace_id", "platform"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_index("ix_connections_listed", "connections", ["tenant_id", "workspace_id", "platform", "id"])


def _revocations() -> None:
    _scoped(
        "revocations",
        sa.Column("connection_id", Id, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("next_at", Time, nullable=False),
        sa.Column("lease_by", Id),
        sa.Column("lease_until", Time),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("finished_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "connection_id", name="pk_revocations"),
        _reference("revocations", "connection_id", "connections", "id"),
        sa.CheckConstraint("status IN ('queued', 'done', 'failed')", name=op.f("ck_revocations_status")),
        sqlite_with_rowid=False,
    )
    queued = sa.text("status = 'queued'")
    op.create_index("ix_revocations_due", "revocations", ["next_at"], sqlite_where=queued, postgresql_where=queued)


def _metric_snapshots() -> None:
    _scoped(
        "metric_snapshots",
        sa.Column("id", Id, nullable=False),
        sa.Column("workspace_id", Id, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("metrics", Json, nullable=False),
        sa.Column("taken_at", Time, nullable=False),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_metric_snapshots"),
        sa.UniqueConstraint(
            "tenant_id",
            "workspace_id",
            "platform",
            "taken_at",
            name="uq_metric_snapshots_tenant_id_workspace_id_platform_taken_at",
        ),
        _reference("metric_snapshots", "workspace_id", "workspaces", "id"),
        _reference("metric_snapshots", "created_by", "memberships", "user_id"),
    )


def _assigned(table: str, condition: str = "true") -> str:
    return (
        f"EXISTS (SELECT FROM workspace_members a WHERE a.tenant_id = {dialects.TENANT}"
        f" AND a.workspace_id = {table}.workspace_id AND {condition})"
    )


def _open(table: str, condition: str = "true") -> str:
    """In a workspace to which nobody is assigned, or the actor is, as the condition says."""
    mine = _assigned(table, f"a.user_id = {dialects.ACTOR} AND {condition}")
    return f"{dialects.OF_TENANT} AND ({dialects.REACH} = 'tenant' OR NOT {_assigned(table)} OR {mine})"


def _protection() -> None:
    for table in ("connections", "metric_snapshots"):
        editable = _open(table, "a.role = 'editor'")
        protect(table, rule=_open(table), check=editable, grants="SELECT, INSERT, UPDATE")
    connection = f"SELECT FROM connections c WHERE c.tenant_id = {dialects.TENANT} AND c.id = connection_id"
    protect("revocations", rule=f"{dialects.OF_TENANT} AND EXISTS ({connection})", grants="SELECT, INSERT, UPDATE")
    for table in ("connections", "revocations", "metric_snapshots"):
        each({"postgresql": f"GRANT DELETE ON {table} TO holdfast_operator"})
