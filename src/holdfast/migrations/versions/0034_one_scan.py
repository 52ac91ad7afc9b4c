"""The nearest vectors on PostgreSQL by one scan of one index, where much of it may be seen."""

from holdfast.migrations import functions_0034 as functions
from holdfast.migrations.dialects import each

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    each({"postgresql": "DROP FUNCTION nearest_vectors"})
    for statement in (functions.NEAREST_VECTORS, *functions.OWNED):
        each({"postgresql": statement})
