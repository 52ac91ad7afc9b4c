"""Memory: facts about people and workspaces, their sources, and how far extractors have looked."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Json, Real, Secret, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import confine_deleting, protect

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _facts()
    _fact_sources()
    _fact_cursors()
    _protection()


def _scoped(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(name, sa.Column("tenant_id", Id, nullable=False), *parts, sqlite_with_rowid=False)


def _reference(
    table: str, column: str, target: str, key: str, *, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    columns, referred = ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"]
    return sa.ForeignKeyConstraint(columns, referred, name=f"fk_{table}_tenant_id_{column}", ondelete=ondelete)


def _facts() -> None:
    _scoped(
        "facts",
        sa.Column("id", Id, nullable=False),
        sa.Column("about_id", Id, nullable=False),
        sa.Column("owner_id", Id),
        sa.Column("workspace_id", Id),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("value", Json),
        sa.Column("sealed", Secret("facts.sealed", row=("id",))),
        sa.Column("confidence", Real, nullable=False),
        sa.Column("source", Id),
        sa.Column("said_by", sa.Text),
        sa.Column("valid_from", Time, nullable=False),
        sa.Column("valid_to", Time),
        sa.Column("recorded_by", Id, nullable=False),
        sa.Column("recorded_at", Time, nullable=False),
        sa.Column("superseded_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_facts"),
        _reference("facts", "owner_id", "memberships", "user_id"),
        _reference("facts", "workspace_id", "workspaces", "id"),
        _reference("facts", "recorded_by", "memberships", "user_id"),
        sa.UniqueConstraint("tenant_id", "about_id", "key", "version", name="uq_facts_tenant_id_about_id_key_version"),
        sa.CheckConstraint("(owner_id IS NULL) <> (workspace_id IS NULL)", name=op.f("ck_facts_about_one")),
        sa.CheckConstraint("about_id = coalesce(owner_id, workspace_id)", name=op.f("ck_facts_about")),
        sa.CheckConstraint("(value IS NULL) <> (sealed IS NULL)", name=op.f("ck_facts_one_value")),
    )
    only = sa.text("superseded_at IS NULL")
    current: dict[str, Any] = {"sqlite_where": only, "postgresql_where": only}
    op.create_index("uq_facts_current", "facts", ["tenant_id", "about_id", "key"], unique=True, **current)
    op.create_index("ix_facts_recent", "facts", ["tenant_id", "about_id", "recorded_at", "id"], **current)
    surest = ["tenant_id", "about_id", "confidence", "recorded_at", "id"]
    op.create_index("ix_facts_surest", "facts", surest, **current)
    op.create_index("ix_facts_history", "facts", ["tenant_id", "about_id", "key", "valid_from", "version"])


def _fact_sources() -> None:
    _scoped(
        "fact_sources",
        sa.Column("fact_id", Id, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("source", Id),
        sa.Column("said_by", sa.Text),
        sa.Column("extractor", sa.Text),
        sa.Column("confidence", Real, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("recorded_by", Id, nullable=False),
        sa.Column("recorded_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "fact_id", "number", name="pk_fact_sources"),
        _reference("fact_sources", "fact_id", "facts", "id", ondelete="CASCADE"),
        _reference("fact_sources", "recorded_by", "memberships", "user_id"),
    )
    given: dict[str, Any] = {
        "sqlite_where": sa.text("request_id IS NOT NULL"),
        "postgresql_where": sa.text("request_id IS NOT NULL"),
    }
    columns = ["tenant_id", "recorded_by", "request_id"]
    op.create_index("uq_fact_sources_request", "fact_sources", columns, unique=True, **given)


def _fact_cursors() -> None:
    _scoped(
        "fact_cursors",
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("extractor", sa.Text, nullable=False),
        sa.Column("through_seq", sa.Integer, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "conversation_id", "extractor", name="pk_fact_cursors"),
        _reference("fact_cursors", "conversation_id", "conversations", "id"),
    )


_NO_VISITOR = (
    f"EXISTS (SELECT FROM memberships m WHERE m.tenant_id = {dialects.TENANT}"
    f" AND m.user_id = {dialects.ACTOR} AND m.role <> 'visitor')"
)


def _assigned(fact: str, condition: str = "true") -> str:
    return (
        f"EXISTS (SELECT FROM workspace_members a WHERE a.tenant_id = {dialects.TENANT}"
        f" AND a.workspace_id = {fact}.workspace_id AND {condition})"
    )


def _within_reach(fact: str, condition: str = "true") -> str:
    """A person's own; a workspace's that is open to the actor, as the condition says, who is no visitor; for those who
    reach the whole tenant, anybody's.
    """
    mine = _assigned(fact, f"a.user_id = {dialects.ACTOR} AND {condition}")
    workspace = f"{fact}.workspace_id IS NOT NULL AND {_NO_VISITOR} AND (NOT {_assigned(fact)} OR {mine})"
    return (
        f"{fact}.tenant_id = {dialects.TENANT}"
        f" AND ({fact}.owner_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant' OR ({workspace}))"
    )


_EDITOR = "a.role = 'editor'"


def _protection() -> None:
    writes = "SELECT, INSERT, UPDATE, DELETE"
    protect("facts", rule=_within_reach("facts"), check=_within_reach("facts", _EDITOR), grants=writes)
    fact = "SELECT FROM facts f WHERE f.id = fact_id AND "
    protect(
        "fact_sources",
        rule=f"{dialects.OF_TENANT} AND EXISTS ({fact}{_within_reach('f')})",
        check=f"{dialects.OF_TENANT} AND EXISTS ({fact}{_within_reach('f', _EDITOR)})",
        grants="SELECT, INSERT, DELETE",
    )
    protect("fact_cursors", rule=dialects.OF_CONVERSATION, grants="SELECT, INSERT, UPDATE")
    for table, editable in (
        ("facts", _within_reach("facts", _EDITOR)),
        ("fact_sources", f"EXISTS ({fact}{_within_reach('f', _EDITOR)})"),
    ):
        confine_deleting(table, editable)
