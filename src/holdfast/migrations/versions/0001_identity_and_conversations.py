"""Identity and conversations."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Digest, Id, Json, MarkList, Time, Words
from holdfast.migrations import dialects
from holdfast.migrations import functions_0001 as functions
from holdfast.migrations.dialects import each, protect, refuse

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _identity()
    _conversations()
    _messages()
    _beside_messages()
    each({"postgresql": functions.REFUSE_CHANGE})
    _triggers()
    _protection()
    each({"postgresql": functions.APPEND_MESSAGE})
    for statement in functions.SEARCH_MESSAGES:
        each({"postgresql": statement})


def _scoped(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, sa.Column("tenant_id", Id, nullable=False), *parts, **options)


def _reference(table: str, columns: list[str], target: str, keys: list[str]) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns, [f"{target}.{key}" for key in keys], name=f"fk_{table}_{'_'.join(columns)}")


def _identity() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("slug", name="uq_tenants_slug"),
    )
    op.create_table(
        "users",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    _scoped(
        "memberships",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_memberships"),
        _reference("memberships", ["user_id"], "users", ["id"]),
        _reference("memberships", ["tenant_id"], "tenants", ["id"]),
        sa.CheckConstraint("role IN ('owner', 'admin', 'member', 'auditor')", name=op.f("ck_memberships_role")),
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])
    _scoped(
        "workspaces",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_workspaces"),
        sa.UniqueConstraint("tenant_id", "name", name="uq_workspaces_tenant_id_name"),
        _reference("workspaces", ["tenant_id"], "tenants", ["id"]),
    )


def _conversations() -> None:
    _scoped(
        "conversations",
        sa.Column("id", Id, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("workspace_id", Id),
        sa.Column("title", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("message_count", sa.Integer, nullable=False),
        sa.Column("head", Digest, nullable=False),
        sa.Column("previous_head", Digest),
        sa.Column("summarized_through", sa.Integer, nullable=False),
        sa.Column("indexed_through", sa.Integer, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("last_message_at", Time),
        sa.Column("active_at", Time, nullable=False),
        sa.Column("archived_at", Time),
        sa.Column("closed_at", Time),
        sa.Column("deleted_at", Time),
        sa.Column("hidden_at", Time),
        sa.Column("parent_id", Id),
        sa.Column("forked_at", sa.Integer),
        sa.Column("source", sa.Text),
        sa.Column("source_id", sa.Text),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_conversations"),
        _reference("conversations", ["tenant_id", "owner_id"], "memberships", ["tenant_id", "user_id"]),
        _reference("conversations", ["tenant_id", "workspace_id"], "workspaces", ["tenant_id", "id"]),
        _reference("conversations", ["tenant_id", "parent_id"], "conversations", ["tenant_id", "id"]),
        sa.CheckConstraint(
            "status IN ('ACTIVE', 'ARCHIVED', 'CLOSED', 'DELETED')", name=op.f("ck_conversations_status")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_conversations_recent", "conversations", ["tenant_id", "owner_id", "active_at", "id"])
    imported = sa.text("source IS NOT NULL")
    op.create_index(
        "uq_conversations_source",
        "conversations",
        ["tenant_id", "owner_id", "source", "source_id"],
        unique=True,
        sqlite_where=imported,
        postgresql_where=imported,
    )
    forked = sa.text("parent_id IS NOT NULL")
    op.create_index(
        "ix_conversations_parent",
        "conversations",
        ["tenant_id", "parent_id"],
        sqlite_where=forked,
        postgresql_where=forked,
    )


def _messages() -> None:
    _scoped(
        "messages",
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("parts", Json),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("previous", Digest, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "conversation_id", "seq", name="pk_messages"),
        _reference("messages", ["tenant_id", "conversation_id"], "conversations", ["tenant_id", "id"]),
        sa.UniqueConstraint("tenant_id", "id", name="uq_messages_tenant_id_id"),
        sa.CheckConstraint("role IN ('system', 'user', 'assistant', 'tool')", name=op.f("ck_messages_role")),
        sqlite_with_rowid=False,
    )
    given = sa.text("request_id IS NOT NULL")
    op.create_index(
        "uq_messages_request",
        "messages",
        ["tenant_id", "conversation_id", "request_id", "role"],
        unique=True,
        sqlite_where=given,
        postgresql_where=given,
    )
    each({"sqlite": functions.MESSAGE_INDEX})
    dialects.only("postgresql", _message_index)


def _message_index() -> None:
    _scoped(
        "message_index",
        sa.Column("message_id", Id, nullable=False),
        sa.Column("marks", MarkList, nullable=False),
        sa.Column("body", Words, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "message_id", name="pk_message_index"),
    )
    op.create_index("ix_message_index_words", "message_index", ["marks", "body"], postgresql_using="gin")


def _beside_messages() -> None:
    _scoped(
        "unindexed_conversations",
        sa.Column("conversation_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "conversation_id", name="pk_unindexed_conversations"),
        sqlite_with_rowid=False,
    )
    _scoped(
        "summaries",
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_seq", sa.Integer, nullable=False),
        sa.Column("through_seq", sa.Integer, nullable=False),
        sa.Column("entities", Json, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("created_by", Id, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "conversation_id", "version", name="pk_summaries"),
        _reference("summaries", ["tenant_id", "conversation_id"], "conversations", ["tenant_id", "id"]),
        sqlite_with_rowid=False,
    )
    _scoped(
        "feedback",
        sa.Column("message_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("rating", sa.SmallInteger, nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "message_id", "user_id", name="pk_feedback"),
        _reference("feedback", ["tenant_id", "message_id"], "messages", ["tenant_id", "id"]),
        _reference("feedback", ["tenant_id", "user_id"], "memberships", ["tenant_id", "user_id"]),
        sa.CheckConstraint("rating IN (-1, 1)", name=op.f("ck_feedback_rating")),
        sqlite_with_rowid=False,
    )
    _scoped(
        "attachments",
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "conversation_id", "digest", name="pk_attachments"),
        _reference("attachments", ["tenant_id", "conversation_id"], "conversations", ["tenant_id", "id"]),
    )


def _triggers() -> None:
    refuse("messages", "UPDATE", "messages are append-only: content is never changed")
    refuse("messages", "DELETE", "messages are append-only: a conversation is deleted by marking it")
    refuse("summaries", "UPDATE", "summaries are versioned: write a new version")


def _protection() -> None:
    protect("tenants", rule=f"id = {dialects.TENANT}", grants="SELECT")
    member = f"EXISTS (SELECT FROM memberships m WHERE m.tenant_id = {dialects.TENANT} AND m.user_id = users.id)"
    protect("users", rule=member, grants="SELECT")
    protect("memberships", rule=dialects.OF_TENANT, grants="SELECT")
    protect("workspaces", rule=dialects.OF_TENANT, grants="SELECT, INSERT")
    protect("conversations", rule=dialects.OF_OWNER, grants="SELECT, INSERT, UPDATE")
    protect("messages", rule=dialects.OF_OWNER, grants="SELECT, INSERT")
    protect("message_index", rule=dialects.OF_TENANT, grants="INSERT")
    protect("unindexed_conversations", rule=dialects.OF_TENANT, grants="SELECT, INSERT, DELETE")
    protect("summaries", rule=dialects.OF_CONVERSATION, grants="SELECT, INSERT")
    protect("feedback", rule=dialects.OF_MESSAGE, grants="SELECT, INSERT, UPDATE")
    protect("attachments", rule=dialects.OF_CONVERSATION, grants="SELECT, INSERT")
