"""The tables of knowledge."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Digest, Id, Json, KeyedHash, Real, Time

LEVEL = "clearance IN ('S', 'A', 'B', 'C', 'D')"

knowledge_bases = scoped_table(
    "knowledge_bases",
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("workspace_id", Id),
    Column("embedder", Text),
    Column("clearance", Text, nullable=False),
    Column("window", Integer, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("index", Text),
    UniqueConstraint("tenant_id", "name"),
    ForeignKeyConstraint(["tenant_id", "workspace_id"], ["workspaces.tenant_id", "workspaces.id"]),
    ForeignKeyConstraint(["tenant_id", "created_by"], ["memberships.tenant_id", "memberships.user_id"]),
    CheckConstraint(LEVEL, name="clearance"),
)

documents = scoped_table(
    "documents",
    Column("id", Id, primary_key=True),
    Column("base_id", Id, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text),
    Column("media_type", Text, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("clearance", Text, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("chunk_count", Integer, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    UniqueConstraint("tenant_id", "base_id", "clearance", "digest"),
    ForeignKeyConstraint(["tenant_id", "base_id"], ["knowledge_bases.tenant_id", "knowledge_bases.id"]),
    ForeignKeyConstraint(["tenant_id", "created_by"], ["memberships.tenant_id", "memberships.user_id"]),
    CheckConstraint(LEVEL, name="clearance"),
    Index("ix_documents_listed", "tenant_id", "base_id", "id"),
)
"""The same content is one document at each level: whoever adds it learns nothing of another level."""

chunks = scoped_table(
    "chunks",
    Column("id", Id, primary_key=True),
    Column("document_id", Id, nullable=False),
    Column("base_id", Id, nullable=False),
    Column("clearance", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("heading", Text, nullable=False),
    Column("page", Integer),
    Column("tokens", Integer, nullable=False),
    Column("overlap", Integer, nullable=False),
    Column("digest", Digest, nullable=False),
    ForeignKeyConstraint(["tenant_id", "document_id"], ["documents.tenant_id", "documents.id"]),
    Index("ix_chunks_document", "tenant_id", "document_id", "position"),
)
"""`clearance` and `base_id` are the document's, here again so that each row says itself who may read it."""

retrievals = scoped_table(
    "retrievals",
    Column("id", Id, primary_key=True),
    Column("actor_id", Id, nullable=False),
    Column("base_id", Id),
    Column("query_hash", KeyedHash("retrievals.query")),
    Column("mode", Text, nullable=False),
    Column("k", Integer, nullable=False),
    Column("latency_ms", Real, nullable=False),
    Column("embedding_ms", Real),
    Column("request_id", Text),
    Column("conversation_id", Id),
    Column("message_id", Id),
    Column("created_at", Time, nullable=False),
    Column("cited", Integer, nullable=False, server_default="0"),
    ForeignKeyConstraint(["tenant_id", "actor_id"], ["memberships.tenant_id", "memberships.user_id"]),
    Index("ix_retrievals_time", "tenant_id", "created_at", "id"),
)
"""Every search. Refers to nothing that can be deleted before it; a question that comes again has the same hash, and
without a key ring none is kept: a plain one would confirm guesses. `cited`: how many hits the answer cites, also for
who may not see which."""

retrieval_hits = scoped_table(
    "retrieval_hits",
    Column("retrieval_id", Id, primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("chunk_id", Id, nullable=False),
    Column("document_id", Id, nullable=False),
    Column("base_id", Id, nullable=False),
    Column("clearance", Text, nullable=False),
    Column("score", Real, nullable=False),
    Column("message_id", Id),
    ForeignKeyConstraint(["tenant_id", "retrieval_id"], ["retrievals.tenant_id", "retrievals.id"]),
    Index("ix_retrieval_hits_document", "tenant_id", "document_id"),
    sqlite_with_rowid=False,
)
"""What was found, as ids that outlive their chunks; shown at levels that are held when it is shown."""
