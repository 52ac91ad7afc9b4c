"""Branches of configurations; the words of private ones, closed like what they are of."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Digest, Id, Time
from holdfast.migrations import dialects, functions_0015
from holdfast.migrations.dialects import each, protect

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _branches()
    each({"postgresql": functions_0015.OPEN_WORDS})


def _reference(table: str, column: str, target: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"], name=f"fk_{table}_tenant_id_{column}"
    )


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return _reference(table, column, "memberships", "user_id")


def _of_configuration(condition: str = "true") -> str:
    """Of one that the policies of `configurations` show, as the condition says."""
    return (
        f"{dialects.OF_TENANT} AND EXISTS (SELECT FROM configurations WHERE configurations.tenant_id ="
        f" {dialects.TENANT} AND configurations.id = configuration_id AND {condition})"
    )


def _shared(levels: str) -> str:
    return (
        f"EXISTS (SELECT FROM configuration_shares s WHERE s.tenant_id = {dialects.TENANT}"
        f" AND s.configuration_id = configurations.id AND s.user_id = {dialects.ACTOR} AND s.level IN ({levels}))"
    )


_OWN = f"configurations.owner_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant'"
_EDIT = _shared("'edit'")
_OF_EDITABLE = _of_configuration(f"({_OWN} OR {_EDIT})")


def _branches() -> None:
    op.create_table(
        "configuration_branches",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("merged_version", sa.Integer, nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "configuration_id", "name", name="pk_configuration_branches"),
        _reference("configuration_branches", "configuration_id", "configurations", "id"),
        _person("configuration_branches", "author_id"),
        sa.CheckConstraint("name <> 'main'", name=op.f("ck_configuration_branches_not_main")),
        sqlite_with_rowid=False,
    )
    protect("configuration_branches", rule=_of_configuration(), check=_OF_EDITABLE, grants="SELECT, INSERT, UPDATE")
