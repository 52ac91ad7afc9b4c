"""Codes of vectors can be held in memory: which state of an index's cells they are of. On PostgreSQL less is asked
around a search for the nearest.
"""

import sqlalchemy as sa
from alembic import op

from holdfast.migrations import functions_0041 as functions
from holdfast.migrations.dialects import each

revision = "0041"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vector_indexes", sa.Column("cells_epoch", sa.BigInteger))
    each({"postgresql": "DROP FUNCTION nearest_vectors"})
    for statement in (functions.NEAREST_VECTORS, *functions.OWNED):
        each({"postgresql": statement})
