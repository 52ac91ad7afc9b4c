"""The tables of identity."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)

from holdfast.core.database.schema import global_table, scoped_table
from holdfast.core.database.types import Digest, Id, Json, Time

_MEMBERSHIP = (["tenant_id", "user_id"], ["memberships.tenant_id", "memberships.user_id"])

tenants = global_table(
    "tenants",
    Column("id", Id, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("status", Text, nullable=False),
    Column("profile", Json, nullable=False),
    UniqueConstraint("slug"),
    CheckConstraint("status IN ('active', 'suspended')", name="status"),
)

users = global_table(
    "users",
    Column("id", Id, primary_key=True),
    Column("email", Text),
    Column("created_at", Time, nullable=False),
    Column("platform_role", Text, nullable=False),
    UniqueConstraint("email"),
    CheckConstraint("platform_role IN ('user', 'admin', 'super_admin')", name="platform_role"),
)
"""`email` is null for visitors only: nothing is known of them."""

memberships = scoped_table(
    "memberships",
    Column("user_id", Id, primary_key=True),
    Column("role", Text, nullable=False),
    Column("name", Text),
    Column("created_at", Time, nullable=False),
    Column("status", Text, nullable=False),
    Column("clearance", Text, nullable=False),
    ForeignKeyConstraint(["user_id"], ["users.id"]),
    CheckConstraint("role IN ('owner', 'admin', 'member', 'auditor', 'visitor')", name="role"),
    CheckConstraint("status IN ('active', 'suspended')", name="status"),
    Index("ix_memberships_user_id", "user_id"),
)

_not_deleted = text("deleted_at IS NULL")

workspaces = scoped_table(
    "workspaces",
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("archived_at", Time),
    Column("deleted_at", Time),
    Index(
        "uq_workspaces_name",
        "tenant_id",
        "name",
        unique=True,
        sqlite_where=_not_deleted,
        postgresql_where=_not_deleted,
    ),
)

workspace_members = scoped_table(
    "workspace_members",
    Column("workspace_id", Id, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("role", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id", "workspace_id"], ["workspaces.tenant_id", "workspaces.id"]),
    ForeignKeyConstraint(*_MEMBERSHIP),
    CheckConstraint("role IN ('editor', 'viewer')", name="role"),
)

passwords = global_table(
    "passwords",
    Column("tenant_id", Id, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed_at", Time, nullable=False),
    ForeignKeyConstraint(["user_id"], ["users.id"]),
)
"""A password opens one tenant, so that no tenant's administrator can give themselves another tenant's doors. That of
a platform user has the NIL tenant."""

sessions = global_table(
    "sessions",
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id),
    Column("user_id", Id, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_used_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("ends_at", Time, nullable=False),
    Column("idle_seconds", Integer, nullable=False),
    Column("address", Text),
    Column("agent", Text),
    Column("revoked_at", Time),
    ForeignKeyConstraint(["user_id"], ["users.id"]),
    ForeignKeyConstraint(*_MEMBERSHIP),
    UniqueConstraint("digest"),
    Index("ix_sessions_user", "tenant_id", "user_id"),
)
"""`expires_at` moves on with use, never beyond `ends_at`. A platform user's session has no tenant."""

api_keys = global_table(
    "api_keys",
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id),
    Column("user_id", Id, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("hint", Text, nullable=False),
    Column("name", Text),
    Column("scopes", Json),
    Column("created_at", Time, nullable=False),
    Column("created_by", Id),
    Column("expires_at", Time),
    Column("last_used_at", Time),
    Column("revoked_at", Time),
    ForeignKeyConstraint(["user_id"], ["users.id"]),
    ForeignKeyConstraint(*_MEMBERSHIP),
    UniqueConstraint("digest"),
    Index("ix_api_keys_user", "tenant_id", "user_id"),
)
"""`created_by` is null where the operator made the key. `scopes` null narrows nothing."""

preferences = scoped_table(
    "preferences",
    Column("user_id", Id, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Json, nullable=False),
    Column("updated_at", Time, nullable=False),
    ForeignKeyConstraint(*_MEMBERSHIP),
)

user_preferences = global_table(
    "user_preferences",
    Column("user_id", Id, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Json, nullable=False),
    Column("updated_at", Time, nullable=False),
    ForeignKeyConstraint(["user_id"], ["users.id"]),
)

oidc_identities = scoped_table(
    "oidc_identities",
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(*_MEMBERSHIP),
    Index("uq_oidc_identities_user", "tenant_id", "issuer", "user_id", unique=True),
)

oidc_logins = global_table(
    "oidc_logins",
    Column("state", Digest, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("provider", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("expires_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
    Index("ix_oidc_logins_expires_at", "expires_at"),
)
"""Logins under way at a provider; each is used once, and lasts minutes."""

purges = global_table(
    "purges",
    Column("tenant_id", Id, primary_key=True),
    Column("started_at", Time, nullable=False),
)
"""The tenant whose rows are being deleted for good, within that transaction only: the triggers let these go."""
