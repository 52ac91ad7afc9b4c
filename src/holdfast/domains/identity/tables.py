"""The tables of identity."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
)

from holdfast.core.database.schema import global_table, scoped_table
from holdfast.core.database.types import Id, Json, Time

tenants = global_table(
    "tenants",
    Column("id", Id, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    UniqueConstraint("slug"),
)

users = global_table(
    "users",
    Column("id", Id, primary_key=True),
    Column("email", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    UniqueConstraint("email"),
)

memberships = scoped_table(
    "memberships",
    Column("user_id", Id, primary_key=True),
    Column("role", Text, nullable=False),
    Column("name", Text),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(["user_id"], ["users.id"]),
    CheckConstraint("role IN ('owner', 'admin', 'member', 'auditor')", name="role"),
    Index("ix_memberships_user_id", "user_id"),
)

workspaces = scoped_table(
    "workspaces",
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    UniqueConstraint("tenant_id", "name"),
)
