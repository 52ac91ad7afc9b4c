"""The tables of records."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)

from holdfast.core.database.json_paths import Code, Plain
from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id, Json, Real, Time

PLACES = tuple(f"v{number}" for number in range(1, 9))
"""The columns for indexed values. A set's first indexed path has the first, and so on."""

record_sets = scoped_table(
    "record_sets",
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("key", Text, nullable=False),
    Column("schema", Json, nullable=False),
    Column("indexed", Json, nullable=False),
    Column("text", Json, nullable=False),
    Column("weight", Text),
    Column("clearance", Text),
    Column("expires", Text),
    Column("history", Boolean, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    UniqueConstraint("tenant_id", "name"),
    ForeignKeyConstraint(["tenant_id", "created_by"], ["memberships.tenant_id", "memberships.user_id"]),
    CheckConstraint("clearance IN ('S', 'A', 'B', 'C', 'D')", name="clearance"),
)

record_changes = scoped_table(
    "record_changes",
    Column("set_id", Id, primary_key=True),
    Column("changes", BigInteger, nullable=False),
    Column("removals", BigInteger, nullable=False),
    Column("leveled", Boolean, nullable=False),
    ForeignKeyConstraint(["tenant_id", "set_id"], ["record_sets.tenant_id", "record_sets.id"]),
    sqlite_with_rowid=False,
)
"""What changes of a set with its records. `leveled`: whether there ever was one at a clearance level. For a set with
weights `changes` counts the transactions that changed it, and `removals` is the last of them that took records away;
who changes such a set waits for others who do, so that what processes keep in memory follows in one order."""

record_grants = scoped_table(
    "record_grants",
    Column("set_id", Id, primary_key=True),
    Column("reader_id", Id, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("at_levels", Plain, nullable=False),
    Column("granted_by", Id, nullable=False),
    Column("granted_at", Time, nullable=False),
    Column("read_at", Time),
    ForeignKeyConstraint(["tenant_id", "set_id"], ["record_sets.tenant_id", "record_sets.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["tenant_id", "granted_by"], ["memberships.tenant_id", "memberships.user_id"]),
    Index("ix_record_grants_reader_id", "reader_id", "owner"),
    opens=("record_sets", "record_changes", "records"),
    sqlite_with_rowid=False,
)
"""Sets that other tenants read. `owner` and `reader` are the names (slugs) of both, which never change; `at_levels`
those at which records are read, beside those at none; `read_at` when the last day began on which it was read."""

records = scoped_table(
    "records",
    Column("set_id", Id, primary_key=True),
    Column("key", Plain, primary_key=True),
    Column("level", Plain, primary_key=True),
    Column("id", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("data", Json, nullable=False),
    Column("weight", Real),
    Column("change", BigInteger),
    *(Column(place, Code) for place in PLACES),
    Column("expires_at", Time),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id", "set_id"], ["record_sets.tenant_id", "record_sets.id"]),
    CheckConstraint("level IN ('', 'S', 'A', 'B', 'C', 'D')", name="level"),
    Index("ix_records_id", "id"),
)
"""A key is one record at each level, so that who stores one learns nothing of another level; `level` is empty for what
everybody reads. `v1` to `v8` hold the values at the set's indexed paths as codes (`values.py`): an index of each leads
to its records of one value or a range, in the order of values and keys, and takes no room in sets without it. The index
of ids begins with the id: before PostgreSQL knows a table it takes an index that begins with the tenant for good enough
for any list of keys, and reads all that the tenant has."""

record_versions = scoped_table(
    "record_versions",
    Column("set_id", Id, primary_key=True),
    Column("key", Plain, primary_key=True),
    Column("record_id", Id, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("level", Plain, nullable=False),
    Column("data", Json),
    Column("changed_by", Id),
    Column("changed_at", Time, nullable=False),
    ForeignKeyConstraint(["tenant_id", "set_id"], ["record_sets.tenant_id", "record_sets.id"]),
    CheckConstraint("level IN ('', 'S', 'A', 'B', 'C', 'D')", name="level"),
)
"""Every version of the records of sets with history, at the level that it had; `data` null where it was deleted."""
for _place in PLACES:
    Index(
        f"ix_records_{_place}",
        records.c.tenant_id,
        records.c.set_id,
        records.c[_place],
        records.c.key,
        records.c.level,
        sqlite_where=records.c[_place].is_not(None),
        postgresql_where=records.c[_place].is_not(None),
    )
Index(
    "ix_records_change",
    records.c.tenant_id,
    records.c.set_id,
    records.c.change,
    sqlite_where=records.c.change.is_not(None),
    postgresql_where=records.c.change.is_not(None),
)
Index(
    "ix_records_expiry",
    records.c.expires_at,
    sqlite_where=records.c.expires_at.is_not(None),
    postgresql_where=records.c.expires_at.is_not(None),
)
