"""Records: sets of JSON documents, and what is in them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.json_paths import Code, Plain
from holdfast.core.database.types import Id, Json, Real, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import confine_deleting, each, protect

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_PLACES = tuple(f"v{number}" for number in range(1, 9))


def upgrade() -> None:
    _record_sets()
    _record_changes()
    _records()
    _record_versions()
    _protection()


def _reference(table: str, column: str, target: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"], name=f"fk_{table}_tenant_id_{column}"
    )


def _record_sets() -> None:
    op.create_table(
        "record_sets",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("schema", Json, nullable=False),
        sa.Column("indexed", Json, nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.Column("weight", sa.Text),
        sa.Column("clearance", sa.Text),
        sa.Column("expires", sa.Text),
        sa.Column("history", sa.Boolean, nullable=False),
        sa.Column("locked", sa.Boolean, nullable=False),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_record_sets"),
        sa.UniqueConstraint("tenant_id", "name", name="uq_record_sets_tenant_id_name"),
        _reference("record_sets", "created_by", "memberships", "user_id"),
        sa.CheckConstraint("clearance IN ('S', 'A', 'B', 'C', 'D')", name=op.f("ck_record_sets_clearance")),
    )


def _record_changes() -> None:
    op.create_table(
        "record_changes",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("set_id", Id, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("removals", sa.BigInteger, nullable=False),
        sa.Column("leveled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "set_id", name="pk_record_changes"),
        _reference("record_changes", "set_id", "record_sets", "id"),
        sqlite_with_rowid=False,
    )


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("set_id", Id, nullable=False),
        sa.Column("key", Plain, nullable=False),
        sa.Column("level", Plain, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("weight", Real),
        sa.Column("change", sa.BigInteger),
        *(sa.Column(place, Code) for place in _PLACES),
        sa.Column("expires_at", Time),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "set_id", "key", "level", name="pk_records"),
        _reference("records", "set_id", "record_sets", "id"),
        sa.CheckConstraint("level IN ('', 'S', 'A', 'B', 'C', 'D')", name=op.f("ck_records_level")),
    )
    op.create_index("ix_records_id", "records", ["id"])
    for place in _PLACES:
        _index_where_given(f"ix_records_{place}", place, ["tenant_id", "set_id", place, "key", "level"])
    _index_where_given("ix_records_change", "change", ["tenant_id", "set_id", "change"])
    _index_where_given("ix_records_expiry", "expires_at", ["expires_at"])
    # Or it would multiply the shares of tenant and set, and take every set for a few records.
    each({"postgresql": "CREATE STATISTICS records_of_sets (dependencies, mcv) ON tenant_id, set_id FROM records"})


def _record_versions() -> None:
    op.create_table(
        "record_versions",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("set_id", Id, nullable=False),
        sa.Column("key", Plain, nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("level", Plain, nullable=False),
        sa.Column("data", Json),
        sa.Column("changed_by", Id),
        sa.Column("changed_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "set_id", "key", "record_id", "version", name="pk_record_versions"),
        _reference("record_versions", "set_id", "record_sets", "id"),
        sa.CheckConstraint("level IN ('', 'S', 'A', 'B', 'C', 'D')", name=op.f("ck_record_versions_level")),
    )


def _index_where_given(name: str, column: str, columns: list[str]) -> None:
    given: dict[str, Any] = {
        "sqlite_where": sa.text(f"{column} IS NOT NULL"),
        "postgresql_where": sa.text(f"{column} IS NOT NULL"),
    }
    op.create_index(name, "records", columns, **given)


_MEMBER = (
    f"EXISTS (SELECT FROM memberships m WHERE m.tenant_id = {dialects.TENANT}"
    f" AND m.user_id = {dialects.ACTOR} AND m.role <> 'visitor')"
)
_READ = f"{dialects.OF_TENANT} AND ({_MEMBER} OR {dialects.REACH} = 'tenant')"
_OWN = f"({dialects.REACH} = 'tenant' OR created_by = {dialects.ACTOR})"
_HELD = "(level = '' OR strpos((SELECT current_setting('holdfast.levels', true)), level) > 0)"
_OPEN = f"NOT s.locked OR {dialects.REACH} = 'tenant' OR s.created_by = {dialects.ACTOR}"
_SETS = f"SELECT s.id FROM record_sets s WHERE s.tenant_id = {dialects.TENANT} AND ({_OPEN})"  # noqa: S608  # names
_WRITABLE = f"set_id IN ({_SETS})"


def _protection() -> None:
    writes = "SELECT, INSERT, UPDATE, DELETE"
    protect("record_sets", rule=_READ, check=f"{_READ} AND {_OWN}", grants=writes)
    protect("record_changes", rule=_READ, check=f"{_READ} AND {_WRITABLE}", grants=writes)
    held = f"{_READ} AND {_HELD}"
    protect("records", rule=held, check=f"{held} AND {_WRITABLE}", grants=writes)
    protect("record_versions", rule=held, check=f"{held} AND {_WRITABLE}", grants="SELECT, INSERT, DELETE")
    confine_deleting("record_versions", _WRITABLE)
    for table, rule in (("record_sets", _OWN), ("record_changes", _WRITABLE), ("records", _WRITABLE)):
        confine_deleting(table, rule)
        policy = f"CREATE POLICY changing ON {table} AS RESTRICTIVE FOR UPDATE TO holdfast_app"
        each({"postgresql": f"{policy} USING ({rule})"})
