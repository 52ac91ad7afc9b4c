"""The tables of configurations."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Digest, Id, Time

_CONFIGURATION = ["tenant_id", "configuration_id"], ["configurations.tenant_id", "configurations.id"]


def _person(column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", column], ["memberships.tenant_id", "memberships.user_id"])


configurations = scoped_table(
    "configurations",
    Column("id", Id, primary_key=True),
    Column("vendor", Text, nullable=False),
    Column("standard", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    _person("owner_id"),
    UniqueConstraint("tenant_id", "vendor", "standard", "name"),
    UniqueConstraint("tenant_id", "id", "owner_id"),
    CheckConstraint("visibility IN ('tenant', 'private')", name="visibility"),
)
"""One row for each address, with its current version. `vendor` and `standard` are empty where the address is one name.
"""

configuration_branches = scoped_table(
    "configuration_branches",
    Column("configuration_id", Id, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("base_version", Integer, nullable=False),
    Column("merged_version", Integer, nullable=False),
    Column("author_id", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    ForeignKeyConstraint(*_CONFIGURATION),
    _person("author_id"),
    CheckConstraint("name <> 'main'", name="not_main"),
    sqlite_with_rowid=False,
)
"""Branches beside the main one."""

configuration_versions = scoped_table(
    "configuration_versions",
    Column("configuration_id", Id, primary_key=True),
    Column("branch", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("author_id", Id, nullable=False),
    Column("reason", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("from_version", Integer),
    Column("request_id", Id),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(*_CONFIGURATION),
    _person("author_id"),
    CheckConstraint("origin IN ('put', 'rollback', 'branch', 'merge', 'publish')", name="origin"),
)
"""Append-only. `document` is canonical JSON, as a text: `digest` is taken over it."""

configuration_shares = scoped_table(
    "configuration_shares",
    Column("configuration_id", Id, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("owner_id", Id, nullable=False),
    Column("level", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "configuration_id", "owner_id"],
        ["configurations.tenant_id", "configurations.id", "configurations.owner_id"],
    ),
    _person("user_id"),
    CheckConstraint("level IN ('view', 'comment', 'edit')", name="level"),
    Index("ix_configuration_shares_user", "tenant_id", "user_id"),
    sqlite_with_rowid=False,
)
"""Who else may read, comment on or change a configuration. `owner_id` is whose that is: its policies ask these, so
these cannot ask it, and the foreign key holds that it is true."""
