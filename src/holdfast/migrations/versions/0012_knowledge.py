"""Knowledge bases, documents, chunks, and what was searched."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Digest, Id, Json, KeyedHash, Real, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import confine_deleting, protect

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_LEVEL = "clearance IN ('S', 'A', 'B', 'C', 'D')"


def upgrade() -> None:
    _knowledge_bases()
    _documents()
    _chunks()
    _retrievals()
    _protection()


def _scoped(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, sa.Column("tenant_id", Id, nullable=False), *parts, **options)


def _reference(table: str, column: str, target: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"], name=f"fk_{table}_tenant_id_{column}"
    )


def _knowledge_bases() -> None:
    _scoped(
        "knowledge_bases",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("workspace_id", Id),
        sa.Column("embedder", sa.Text),
        sa.Column("clearance", sa.Text, nullable=False),
        sa.Column("window", sa.Integer, nullable=False),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_knowledge_bases"),
        sa.UniqueConstraint("tenant_id", "name", name="uq_knowledge_bases_tenant_id_name"),
        _reference("knowledge_bases", "workspace_id", "workspaces", "id"),
        _reference("knowledge_bases", "created_by", "memberships", "user_id"),
        sa.CheckConstraint(_LEVEL, name=op.f("ck_knowledge_bases_clearance")),
    )


def _documents() -> None:
    _scoped(
        "documents",
        sa.Column("id", Id, nullable=False),
        sa.Column("base_id", Id, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("clearance", sa.Text, nullable=False),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("chunk_count", sa.Integer, nullable=False),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_documents"),
        sa.UniqueConstraint(
            "tenant_id", "base_id", "clearance", "digest", name="uq_documents_tenant_id_base_id_clearance_digest"
        ),
        _reference("documents", "base_id", "knowledge_bases", "id"),
        _reference("documents", "created_by", "memberships", "user_id"),
        sa.CheckConstraint(_LEVEL, name=op.f("ck_documents_clearance")),
    )
    op.create_index("ix_documents_listed", "documents", ["tenant_id", "base_id", "id"])


def _chunks() -> None:
    _scoped(
        "chunks",
        sa.Column("id", Id, nullable=False),
        sa.Column("document_id", Id, nullable=False),
        sa.Column("base_id", Id, nullable=False),
        sa.Column("clearance", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("page", sa.Integer),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("overlap", sa.Integer, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_chunks"),
        _reference("chunks", "document_id", "documents", "id"),
    )
    op.create_index("ix_chunks_document", "chunks", ["tenant_id", "document_id", "position"])


def _retrievals() -> None:
    _scoped(
        "retrievals",
        sa.Column("id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("base_id", Id),
        sa.Column("query_hash", KeyedHash("retrievals.query")),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("k", sa.Integer, nullable=False),
        sa.Column("latency_ms", Real, nullable=False),
        sa.Column("embedding_ms", Real),
        sa.Column("request_id", sa.Text),
        sa.Column("conversation_id", Id),
        sa.Column("message_id", Id),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_retrievals"),
        _reference("retrievals", "actor_id", "memberships", "user_id"),
    )
    op.create_index("ix_retrievals_time", "retrievals", ["tenant_id", "created_at", "id"])
    _scoped(
        "retrieval_hits",
        sa.Column("retrieval_id", Id, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("chunk_id", Id, nullable=False),
        sa.Column("document_id", Id, nullable=False),
        sa.Column("base_id", Id, nullable=False),
        sa.Column("clearance", sa.Text, nullable=False),
        sa.Column("score", Real, nullable=False),
        sa.Column("message_id", Id),
        sa.PrimaryKeyConstraint("tenant_id", "retrieval_id", "rank", name="pk_retrieval_hits"),
        _reference("retrieval_hits", "retrieval_id", "retrievals", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_retrieval_hits_document", "retrieval_hits", ["tenant_id", "document_id"])


_HELD = "strpos((SELECT current_setting('holdfast.levels', true)), clearance) > 0"
_ASSIGNED = (
    f"EXISTS (SELECT FROM workspace_members a WHERE a.tenant_id = {dialects.TENANT}"
    " AND a.workspace_id = knowledge_bases.workspace_id{})"
)
_OPEN = (
    f"{dialects.OF_TENANT} AND (workspace_id IS NULL OR {dialects.REACH} = 'tenant' OR NOT {_ASSIGNED.format('')}"
    f" OR {_ASSIGNED.format(f' AND a.user_id = {dialects.ACTOR}')})"
)
_CREATED = f"{dialects.OF_TENANT} AND ({dialects.REACH} = 'tenant' OR created_by = {dialects.ACTOR})"


def _in_base(condition: str) -> str:
    """In a base that the policies of `knowledge_bases` show, as the condition says."""
    return f"EXISTS (SELECT FROM knowledge_bases b WHERE b.tenant_id = {dialects.TENANT} AND b.id = base_id{condition})"


_IN_OPEN_BASE = f"{dialects.OF_TENANT} AND {_HELD} AND {_in_base('')}"
_IN_OWN_BASE = f"{dialects.OF_TENANT} AND {_HELD} AND " + _in_base(
    f" AND ({dialects.REACH} = 'tenant' OR b.created_by = {dialects.ACTOR})"
)
_ASKED = f"{dialects.OF_TENANT} AND (actor_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant')"
_OF_RETRIEVAL = (
    f"{dialects.OF_TENANT} AND {_HELD} AND EXISTS"
    f" (SELECT FROM retrievals r WHERE r.tenant_id = {dialects.TENANT} AND r.id = retrieval_id)"
)


def _protection() -> None:
    verbs = "SELECT, INSERT, UPDATE, DELETE"
    protect("knowledge_bases", rule=_OPEN, check=f"{_OPEN} AND {_CREATED}", grants=verbs)
    confine_deleting("knowledge_bases", _CREATED)
    for table in ("documents", "chunks"):
        protect(table, rule=_IN_OPEN_BASE, check=_IN_OWN_BASE, grants=verbs)
        confine_deleting(table, _IN_OWN_BASE)
    protect("retrievals", rule=_ASKED, grants="SELECT, INSERT, UPDATE")
    protect("retrieval_hits", rule=_OF_RETRIEVAL, grants="SELECT, INSERT, UPDATE")
