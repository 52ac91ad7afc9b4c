"""The nearest vectors are found on PostgreSQL without asking a policy for each group."""

from holdfast.migrations import functions_0029 as functions
from holdfast.migrations.dialects import each

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    each({"postgresql": "DROP FUNCTION nearest_vectors"})
    for statement in (functions.IS_CLOSED, functions.NEAREST_VECTORS, *functions.OWNED):
        each({"postgresql": statement})
