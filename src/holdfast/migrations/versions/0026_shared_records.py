"""Record sets are shared with other tenants for reading; jobs are taken tenant after tenant."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.json_paths import Plain
from holdfast.core.database.types import Id, Time
from holdfast.migrations import dialects, functions_0026
from holdfast.migrations.dialects import confine_deleting, each, protect

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_MEMBER = (
    f"EXISTS (SELECT FROM memberships m WHERE m.tenant_id = {dialects.TENANT}"
    f" AND m.user_id = {dialects.ACTOR} AND m.role <> 'visitor')"
)
_ADMINISTERED = f"{dialects.REACH} = 'tenant'"
_SOMEBODY = f"({_MEMBER} OR {_ADMINISTERED})"
_READ = f"{dialects.OF_TENANT} AND {_SOMEBODY}"
_HELD = "(level = '' OR strpos((SELECT current_setting('holdfast.levels', true)), level) > 0)"
_OWN = f"{dialects.OF_TENANT} AND ({_ADMINISTERED} OR created_by = {dialects.ACTOR})"
_OPEN = f"(NOT s.locked OR {_ADMINISTERED} OR s.created_by = {dialects.ACTOR})"
_SETS = f"SELECT s.id FROM record_sets s WHERE s.tenant_id = {dialects.TENANT} AND {_OPEN}"  # noqa: S608  # names
_WRITABLE = f"{dialects.OF_TENANT} AND set_id IN ({_SETS})"
_MINE = f"SELECT s.id FROM record_sets s WHERE s.tenant_id = {dialects.TENANT} AND s.created_by = {dialects.ACTOR}"  # noqa: S608  # names
_GRANTED = "FROM granted_record_sets() g"


def upgrade() -> None:
    _record_grants()
    for statement in (*functions_0026.TENANT_IS_ACTIVE, *functions_0026.GRANTED_RECORD_SETS):
        each({"postgresql": statement})
    mine = f"{_READ} AND ({_ADMINISTERED} OR set_id IN ({_MINE}))"
    to_us = f"reader_id = {dialects.TENANT} AND {_SOMEBODY} AND tenant_is_active(tenant_id)"
    rule = f"({_READ}) OR ({to_us})"
    protect("record_grants", rule=rule, check=mine, grants="SELECT, INSERT, UPDATE, DELETE")
    _confine("record_grants", mine)
    _open()
    live = sa.text("status IN ('queued', 'running')")
    op.create_index("ix_jobs_turn", "jobs", ["tenant_id", "due_at"], sqlite_where=live, postgresql_where=live)


def _record_grants() -> None:
    op.create_table(
        "record_grants",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("set_id", Id, nullable=False),
        sa.Column("reader_id", Id, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("at_levels", Plain, nullable=False),
        sa.Column("granted_by", Id, nullable=False),
        sa.Column("granted_at", Time, nullable=False),
        sa.Column("read_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "set_id", "reader_id", name="pk_record_grants"),
        _reference("set_id", "record_sets", "id", ondelete="CASCADE"),
        _reference("granted_by", "memberships", "user_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_record_grants_reader_id", "record_grants", ["reader_id", "owner"])


def _reference(column: str, target: str, key: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = f"fk_record_grants_tenant_id_{column}"
    of = [f"{target}.tenant_id", f"{target}.{key}"]
    return sa.ForeignKeyConstraint(["tenant_id", column], of, name=name, ondelete=ondelete)


def _open() -> None:
    """What a grant lets another tenant read. A tenant's own rows are let through before any grant is looked for.

    What is written is checked as before; which rows are changed or deleted `_confine` says, for there are others now.
    """
    of_set = f"(tenant_id, set_id) IN (SELECT g.tenant_id, g.set_id {_GRANTED})"
    at_level = f"(tenant_id, set_id, level) IN (SELECT g.tenant_id, g.set_id, g.level {_GRANTED})"
    rules = {
        "record_sets": (_READ, f"(tenant_id, id) IN (SELECT g.tenant_id, g.set_id {_GRANTED})", _OWN),
        "record_changes": (_READ, of_set, _WRITABLE),
        "records": (f"{_READ} AND {_HELD}", f"{_HELD} AND {at_level}", _WRITABLE),
    }
    for table, (own, granted, changed) in rules.items():
        for name in ("scope", "changing", "deleting"):
            each({"postgresql": f"DROP POLICY {name} ON {table}"})
        rule = f"({own}) OR ({_SOMEBODY} AND {granted})"
        policy = f"CREATE POLICY scope ON {table} TO holdfast_app USING ({rule}) WITH CHECK ({own} AND {changed})"
        each({"postgresql": policy})
        _confine(table, changed)


def _confine(table: str, rule: str) -> None:
    confine_deleting(table, rule)
    each({"postgresql": f"CREATE POLICY changing ON {table} AS RESTRICTIVE FOR UPDATE TO holdfast_app USING ({rule})"})
