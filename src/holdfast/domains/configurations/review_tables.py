"""The tables of review: requests, approvals, comments, the rules that ask for them, and who is told."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Text

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Digest, Id, Time


def _reference(column: str, target: str, key: str = "id") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"])


def _person(column: str) -> ForeignKeyConstraint:
    return _reference(column, "memberships", "user_id")


change_requests = scoped_table(
    "change_requests",
    Column("id", Id, primary_key=True),
    Column("configuration_id", Id, nullable=False),
    Column("author_id", Id, nullable=False),
    Column("base_version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("published_version", Integer),
    Column("closed_by", Id),
    Column("closing_reason", Text),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    _reference("configuration_id", "configurations"),
    _person("author_id"),
    CheckConstraint("status IN ('open', 'published', 'rejected', 'withdrawn')", name="status"),
    Index("ix_change_requests_of", "tenant_id", "configuration_id", "id"),
    Index("ix_change_requests_status", "tenant_id", "status", "id"),
)
"""`document` is that of the present revision, in its one spelling."""

change_approvals = scoped_table(
    "change_approvals",
    Column("request_id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("approver_id", Id, primary_key=True),
    Column("digest", Digest, nullable=False),
    Column("created_at", Time, nullable=False),
    _reference("request_id", "change_requests"),
    _person("approver_id"),
    sqlite_with_rowid=False,
)
"""Approvals of former revisions stay, and count no more."""

change_comments = scoped_table(
    "change_comments",
    Column("id", Id, primary_key=True),
    Column("request_id", Id, nullable=False),
    Column("author_id", Id, nullable=False),
    Column("text", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("reply_to", Id),
    Column("path", Text),
    Column("created_at", Time, nullable=False),
    _reference("request_id", "change_requests"),
    _person("author_id"),
    Index("ix_change_comments_of", "tenant_id", "request_id", "id"),
)

configuration_rules = scoped_table(
    "configuration_rules",
    Column("pattern", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("approvals", Integer),
    Column("schema", Text),
    Column("created_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    _person("created_by"),
    sqlite_with_rowid=False,
)
"""Append-only: of a pattern the last one counts, and one that says nothing takes it away."""

notifications = scoped_table(
    "notifications",
    Column("id", Id, primary_key=True),
    Column("user_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("configuration_id", Id, nullable=False),
    Column("request_id", Id),
    Column("by_id", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("read_at", Time),
    _person("user_id"),
    _reference("configuration_id", "configurations"),
    Index("ix_notifications_inbox", "tenant_id", "user_id", "id"),
)
"""Ids alone: what they are of, the reader is shown as far as they may read it then."""
