"""The tables of conversations."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Digest, Id, Json, MarkList, Time, Words

conversations = scoped_table(
    "conversations",
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, nullable=False),
    Column("workspace_id", Id),
    Column("title", Text),
    Column("status", Text, nullable=False),
    Column("tags", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("message_count", Integer, nullable=False),
    Column("head", Digest, nullable=False),
    Column("previous_head", Digest),
    Column("summarized_through", Integer, nullable=False),
    Column("indexed_through", Integer, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_message_at", Time),
    Column("active_at", Time, nullable=False),
    Column("archived_at", Time),
    Column("closed_at", Time),
    Column("deleted_at", Time),
    Column("hidden_at", Time),
    Column("parent_id", Id),
    Column("forked_at", Integer),
    Column("source", Text),
    Column("source_id", Text),
    ForeignKeyConstraint(["tenant_id", "owner_id"], ["memberships.tenant_id", "memberships.user_id"]),
    ForeignKeyConstraint(["tenant_id", "workspace_id"], ["workspaces.tenant_id", "workspaces.id"]),
    ForeignKeyConstraint(["tenant_id", "parent_id"], ["conversations.tenant_id", "conversations.id"]),
    CheckConstraint("status IN ('ACTIVE', 'ARCHIVED', 'CLOSED', 'DELETED')", name="status"),
    Index("ix_conversations_recent", "tenant_id", "owner_id", "active_at", "id"),
    Index(
        "uq_conversations_source",
        "tenant_id",
        "owner_id",
        "source",
        "source_id",
        unique=True,
        sqlite_where=text("source IS NOT NULL"),
        postgresql_where=text("source IS NOT NULL"),
    ),
    Index(
        "ix_conversations_parent",
        "tenant_id",
        "parent_id",
        sqlite_where=text("parent_id IS NOT NULL"),
        postgresql_where=text("parent_id IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

messages = scoped_table(
    "messages",
    Column("conversation_id", Id, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("id", Id, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("role", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("parts", Json),
    Column("metadata", Json, nullable=False),
    Column("request_id", Text),
    Column("created_at", Time, nullable=False),
    Column("salt", LargeBinary),
    Column("digest", Digest, nullable=False),
    Column("previous", Digest, nullable=False),
    ForeignKeyConstraint(["tenant_id", "conversation_id"], ["conversations.tenant_id", "conversations.id"]),
    UniqueConstraint("tenant_id", "id"),
    CheckConstraint("role IN ('system', 'user', 'assistant', 'tool')", name="role"),
    Index(
        "uq_messages_request",
        "tenant_id",
        "conversation_id",
        "request_id",
        "role",
        unique=True,
        sqlite_where=text("request_id IS NOT NULL"),
        postgresql_where=text("request_id IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

message_index = scoped_table(
    "message_index",
    Column("message_id", Id, primary_key=True),
    Column("marks", MarkList, nullable=False),
    Column("body", Words, nullable=False),
    Index("ix_message_index_words", "marks", "body", postgresql_using="gin"),
    index=True,
)
"""The search index: FTS5 on SQLite (a virtual table without a copy of the text), a GIN index on PostgreSQL.
`marks` holds whose and where a message is, so that every search is narrowed inside the index. It references
messages without a foreign key, which FTS5 has not."""

unindexed_conversations = scoped_table(
    "unindexed_conversations",
    Column("conversation_id", Id, primary_key=True),
    index=True,
    sqlite_with_rowid=False,
)
"""The conversations with messages beyond `indexed_through`; see indexing.py. Like the index, it refers to them without
a foreign key: checking one would cost every append, and a row too many does no harm."""

embedded_conversations = scoped_table(
    "embedded_conversations",
    Column("conversation_id", Id, primary_key=True),
    Column("index_id", Id, primary_key=True),
    Column("through_seq", Integer, nullable=False),
    ForeignKeyConstraint(["tenant_id", "conversation_id"], ["conversations.tenant_id", "conversations.id"]),
    ForeignKeyConstraint(
        ["tenant_id", "index_id"], ["vector_indexes.tenant_id", "vector_indexes.id"], ondelete="CASCADE"
    ),
    sqlite_with_rowid=False,
)
"""How far the messages of each conversation have vectors in an index; what is beyond waits (embedding.py). An append
does nothing for it."""

summaries = scoped_table(
    "summaries",
    Column("conversation_id", Id, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("first_seq", Integer, nullable=False),
    Column("through_seq", Integer, nullable=False),
    Column("entities", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("created_by", Id, nullable=False),
    ForeignKeyConstraint(["tenant_id", "conversation_id"], ["conversations.tenant_id", "conversations.id"]),
    sqlite_with_rowid=False,
)

feedback = scoped_table(
    "feedback",
    Column("message_id", Id, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("rating", SmallInteger, nullable=False),
    Column("comment", Text),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["memberships.tenant_id", "memberships.user_id"]),
    CheckConstraint("rating IN (-1, 1)", name="rating"),
    sqlite_with_rowid=False,
)

attachments = scoped_table(
    "attachments",
    Column("conversation_id", Id, primary_key=True),
    Column("digest", Digest, primary_key=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id", "conversation_id"], ["conversations.tenant_id", "conversations.id"]),
)
