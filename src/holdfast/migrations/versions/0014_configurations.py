"""Configurations: documents at addresses, their versions, and with whom they are shared."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Digest, Id, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import protect, refuse, refuse_unless_purged

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _configurations()
    _versions()
    _shares()
    _protection()


def _reference(table: str, column: str, target: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"], name=f"fk_{table}_tenant_id_{column}"
    )


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return _reference(table, column, "memberships", "user_id")


def _configurations() -> None:
    op.create_table(
        "configurations",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("standard", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_configurations"),
        _person("configurations", "owner_id"),
        sa.UniqueConstraint(
            "tenant_id", "vendor", "standard", "name", name="uq_configurations_tenant_id_vendor_standard_name"
        ),
        sa.UniqueConstraint("tenant_id", "id", "owner_id", name="uq_configurations_tenant_id_id_owner_id"),
        sa.CheckConstraint("visibility IN ('tenant', 'private')", name=op.f("ck_configurations_visibility")),
    )


def _versions() -> None:
    op.create_table(
        "configuration_versions",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("branch", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("from_version", sa.Integer),
        sa.Column("request_id", Id),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "configuration_id", "branch", "version", name="pk_configuration_versions"),
        _reference("configuration_versions", "configuration_id", "configurations", "id"),
        _person("configuration_versions", "author_id"),
        sa.CheckConstraint(
            "origin IN ('put', 'rollback', 'branch', 'merge', 'publish')", name=op.f("ck_configuration_versions_origin")
        ),
    )
    refuse("configuration_versions", "UPDATE", "versions are append-only: a change is a new version")
    refuse_unless_purged("configuration_versions", "versions are append-only: a change is a new version")


def _shares() -> None:
    op.create_table(
        "configuration_shares",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "configuration_id", "user_id", name="pk_configuration_shares"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "configuration_id", "owner_id"],
            ["configurations.tenant_id", "configurations.id", "configurations.owner_id"],
            name="fk_configuration_shares_tenant_id_configuration_id_owner_id",
        ),
        _person("configuration_shares", "user_id"),
        sa.CheckConstraint("level IN ('view', 'comment', 'edit')", name=op.f("ck_configuration_shares_level")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_configuration_shares_user", "configuration_shares", ["tenant_id", "user_id"])


_NO_VISITOR = (
    f"EXISTS (SELECT FROM memberships m WHERE m.tenant_id = {dialects.TENANT}"
    f" AND m.user_id = {dialects.ACTOR} AND m.role <> 'visitor')"
)
_SHARED = (
    f"EXISTS (SELECT FROM configuration_shares s WHERE s.tenant_id = {dialects.TENANT}"
    f" AND s.configuration_id = configurations.id AND s.user_id = {dialects.ACTOR}{{}})"
)
_OWN = f"owner_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant'"
_READABLE = f"{dialects.OF_TENANT} AND ({_OWN} OR (visibility = 'tenant' AND {_NO_VISITOR}) OR {_SHARED.format('')})"
_EDITABLE = f"{dialects.OF_TENANT} AND ({_OWN} OR " + _SHARED.format(" AND s.level = 'edit'") + ")"


def _of_configuration(condition: str = "true") -> str:
    """Of one that the policies of `configurations` show, as the condition says."""
    return (
        f"{dialects.OF_TENANT} AND EXISTS (SELECT FROM configurations WHERE configurations.tenant_id ="
        f" {dialects.TENANT} AND configurations.id = configuration_id AND {condition})"
    )


_OF_EDITABLE = _of_configuration(
    f"(configurations.owner_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant' OR "
    + _SHARED.format(" AND s.level = 'edit'")
    + ")"
)
_OWN_SHARE = f"{dialects.OF_TENANT} AND ({_OWN})"


def _protection() -> None:
    protect("configurations", rule=_READABLE, check=_EDITABLE, grants="SELECT, INSERT, UPDATE")
    protect("configuration_versions", rule=_of_configuration(), check=_OF_EDITABLE, grants="SELECT, INSERT")
    protect(
        "configuration_shares",
        rule=f"{dialects.OF_TENANT} AND ({_OWN} OR user_id = {dialects.ACTOR})",
        check=_OWN_SHARE,
        grants="SELECT, INSERT, UPDATE, DELETE",
    )
    dialects.confine_deleting("configuration_shares", _OWN_SHARE)
