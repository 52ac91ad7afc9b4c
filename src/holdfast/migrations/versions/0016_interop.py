"""Interop: what was counted of each vendor's messages, messages that wait to be counted, and those that were kept."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Secret, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import protect

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("interop_profiles", "interop_lots", "interop_samples")


def upgrade() -> None:
    _table(
        "interop_profiles",
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("standard", sa.Text, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("secret", Secret("interop_profiles.secret", row=("vendor", "standard")), nullable=False),
        sa.Column("profile", Secret("interop_profiles.profile", row=("vendor", "standard"))),
        sa.Column("messages", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "vendor", "standard", name="pk_interop_profiles"),
    )
    _table(
        "interop_lots",
        sa.Column("batch_id", Id, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("messages", sa.Integer, nullable=False),
        sa.Column("content", Secret("interop_lots.content", row=("batch_id", "number")), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "batch_id", "number", name="pk_interop_lots"),
    )
    of_message = ("vendor", "standard", "digest")
    _table(
        "interop_samples",
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("standard", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("content", Secret("interop_samples.content", row=of_message), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("expires_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", *of_message, name="pk_interop_samples"),
    )
    op.create_index("ix_interop_samples_type", "interop_samples", ["tenant_id", "vendor", "standard", "type", "digest"])
    op.create_index("ix_interop_samples_expires", "interop_samples", ["expires_at"])
    protect("interop_profiles", rule=dialects.OF_OWNER, grants="SELECT, INSERT, UPDATE")
    protect("interop_lots", rule=dialects.OF_OWNER, grants="SELECT, INSERT, DELETE")
    protect("interop_samples", rule=dialects.OF_OWNER, grants="SELECT, INSERT, DELETE")


def _table(name: str, *columns: Any) -> None:
    """With whose it is."""
    op.create_table(
        name,
        sa.Column("tenant_id", Id, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            ["memberships.tenant_id", "memberships.user_id"],
            name=f"fk_{name}_tenant_id_owner_id",
        ),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
