"""Codes of vectors can be held in memory: which state of an index's cells they are of."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vector_indexes", sa.Column("cells_epoch", sa.BigInteger))
