"""The tables of memory."""

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

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id, Json, Real, Secret, Time

_CURRENT = text("superseded_at IS NULL")
_GIVEN = text("request_id IS NOT NULL")

facts = scoped_table(
    "facts",
    Column("id", Id, primary_key=True),
    Column("about_id", Id, nullable=False),
    Column("owner_id", Id),
    Column("workspace_id", Id),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("value", Json),
    Column("sealed", Secret("facts.sealed", row=("id",))),
    Column("confidence", Real, nullable=False),
    Column("source", Id),
    Column("said_by", Text),
    Column("valid_from", Time, nullable=False),
    Column("valid_to", Time),
    Column("recorded_by", Id, nullable=False),
    Column("recorded_at", Time, nullable=False),
    Column("superseded_at", Time),
    ForeignKeyConstraint(["tenant_id", "owner_id"], ["memberships.tenant_id", "memberships.user_id"]),
    ForeignKeyConstraint(["tenant_id", "workspace_id"], ["workspaces.tenant_id", "workspaces.id"]),
    ForeignKeyConstraint(["tenant_id", "recorded_by"], ["memberships.tenant_id", "memberships.user_id"]),
    UniqueConstraint("tenant_id", "about_id", "key", "version"),
    CheckConstraint("(owner_id IS NULL) <> (workspace_id IS NULL)", name="about_one"),
    CheckConstraint("about_id = coalesce(owner_id, workspace_id)", name="about"),
    CheckConstraint("(value IS NULL) <> (sealed IS NULL)", name="one_value"),
    Index(
        "uq_facts_current",
        "tenant_id",
        "about_id",
        "key",
        unique=True,
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    ),
    Index(
        "ix_facts_recent",
        "tenant_id",
        "about_id",
        "recorded_at",
        "id",
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    ),
    Index(
        "ix_facts_surest",
        "tenant_id",
        "about_id",
        "confidence",
        "recorded_at",
        "id",
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    ),
    Index("ix_facts_history", "tenant_id", "about_id", "key", "valid_from", "version"),
    sqlite_with_rowid=False,
)
"""One row for each version. Of a version nothing changes but `confidence`, which is made from its sources, and
`superseded_at`; so what was known at a moment is known for good. `about_id` is the person (`owner_id`) or the
workspace. A sensitive value is in `sealed`, as JSON."""

fact_sources = scoped_table(
    "fact_sources",
    Column("fact_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("source", Id),
    Column("said_by", Text),
    Column("extractor", Text),
    Column("confidence", Real, nullable=False),
    Column("request_id", Text),
    Column("recorded_by", Id, nullable=False),
    Column("recorded_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id", "fact_id"], ["facts.tenant_id", "facts.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["tenant_id", "recorded_by"], ["memberships.tenant_id", "memberships.user_id"]),
    Index(
        "uq_fact_sources_request",
        "tenant_id",
        "recorded_by",
        "request_id",
        unique=True,
        sqlite_where=_GIVEN,
        postgresql_where=_GIVEN,
    ),
    sqlite_with_rowid=False,
)
"""Every statement of a version, the first included. A message in `source` may be purged before the fact is forgotten,
so there is no foreign key."""

fact_cursors = scoped_table(
    "fact_cursors",
    Column("conversation_id", Id, primary_key=True),
    Column("extractor", Text, primary_key=True),
    Column("through_seq", Integer, nullable=False),
    Column("updated_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id", "conversation_id"], ["conversations.tenant_id", "conversations.id"]),
    sqlite_with_rowid=False,
)
"""How far each extractor has looked at a conversation."""
