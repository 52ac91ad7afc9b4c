"""Outside vector indexes: which base uses one, and what it keeps."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import protect

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("knowledge_bases", sa.Column("index", sa.Text))
    op.create_table(
        "outside_vectors",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("index_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("noted_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "index_id", "item_id", name="pk_outside_vectors"),
        sa.CheckConstraint(
            "state IN ('sending', 'kept', 'removing', 'doubtful')", name=op.f("ck_outside_vectors_state")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_outside_vectors_item", "outside_vectors", ["tenant_id", "item_id"])
    protect("outside_vectors", rule=dialects.OF_TENANT, grants="SELECT, INSERT, UPDATE")
