"""The tables of connections."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, text

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id, Json, Secret, Time

_LIVE = text("status <> 'revoked'")
_QUEUED = text("status = 'queued'")

connections = scoped_table(
    "connections",
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, nullable=False),
    Column("platform", Text, nullable=False),
    Column("account", Text),
    Column("base_url", Text),
    Column("metadata", Json, nullable=False),
    Column("status", Text, nullable=False),
    Column("error", Text),
    Column("access_token", Secret("connections.access_token", row=("id",))),
    Column("refresh_token", Secret("connections.refresh_token", row=("id",))),
    Column("api_key", Secret("connections.api_key", row=("id",))),
    Column("expires_at", Time),
    Column("version", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("retry_at", Time),
    Column("lease_by", Id),
    Column("lease_until", Time),
    Column("created_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("refreshed_at", Time),
    Column("revoked_at", Time),
    ForeignKeyConstraint(["tenant_id", "workspace_id"], ["workspaces.tenant_id", "workspaces.id"]),
    ForeignKeyConstraint(["tenant_id", "created_by"], ["memberships.tenant_id", "memberships.user_id"]),
    CheckConstraint("status IN ('active', 'expired', 'revoked', 'error')", name="status"),
    Index(
        "uq_connections_live",
        "tenant_id",
        "workspace_id",
        "platform",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
    Index("ix_connections_listed", "tenant_id", "workspace_id", "platform", "id"),
    sqlite_with_rowid=False,
)
"""One row for each authorization. A revoked one stays, with its tokens until the platform has revoked them too; the
next `put` makes another. `version` grows whenever the tokens are others: what was asked of a platform for one version
is not stored over another."""

revocations = scoped_table(
    "revocations",
    Column("connection_id", Id, primary_key=True),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("next_at", Time, nullable=False),
    Column("lease_by", Id),
    Column("lease_until", Time),
    Column("created_at", Time, nullable=False),
    Column("finished_at", Time),
    ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"]),
    CheckConstraint("status IN ('queued', 'done', 'failed')", name="status"),
    Index("ix_revocations_due", "next_at", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
    sqlite_with_rowid=False,
)
"""The queue of tokens that their platforms must revoke: one row for each revoked connection that had any."""

metric_snapshots = scoped_table(
    "metric_snapshots",
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, nullable=False),
    Column("platform", Text, nullable=False),
    Column("metrics", Json, nullable=False),
    Column("taken_at", Time, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id", "workspace_id"], ["workspaces.tenant_id", "workspaces.id"]),
    ForeignKeyConstraint(["tenant_id", "created_by"], ["memberships.tenant_id", "memberships.user_id"]),
    UniqueConstraint("tenant_id", "workspace_id", "platform", "taken_at"),
)
"""What a platform measured, as it was at `taken_at`."""
