"""Limits counted in Redis: where each is counted, what happens while that is away, and which count is good."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Time

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("limits", sa.Column("counter", sa.Text, nullable=False, server_default="database"))
    op.add_column("limits", sa.Column("when_away", sa.Text, nullable=False, server_default="refuse"))
    op.add_column("limit_counters", sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("limit_counters", sa.Column("behind_since", Time))


def downgrade() -> None:
    for table, column in (
        ("limit_counters", "behind_since"),
        ("limit_counters", "epoch"),
        ("limits", "when_away"),
        ("limits", "counter"),
    ):
        op.drop_column(table, column)
