"""Data keys, wrapped by the key ring."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary),
        sa.Column("ring_key", sa.Text),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("retired_at", Time),
        sa.PrimaryKeyConstraint("id", name="pk_data_keys"),
        sa.CheckConstraint("purpose IN ('fields', 'hashes', 'audit')", name=op.f("ck_data_keys_purpose")),
    )
    op.create_index("ix_data_keys_tenant_id", "data_keys", ["tenant_id", "purpose"])
    protect("data_keys", rule=dialects.OF_TENANT, grants="SELECT", purged=False)
