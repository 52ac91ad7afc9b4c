"""Units are held and settled in one round trip in all on PostgreSQL: the functions set the scope themselves."""

from holdfast.migrations import functions_0038
from holdfast.migrations.dialects import each

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in (*functions_0038.DROPPED, functions_0038.HOLD_UNITS, functions_0038.SETTLE_UNITS):
        each({"postgresql": statement})
