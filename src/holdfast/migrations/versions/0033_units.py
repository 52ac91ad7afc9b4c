"""Units are held and settled in one round trip on PostgreSQL, where every limit that applies is a plain one."""

from holdfast.migrations import functions_0033
from holdfast.migrations.dialects import each

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    each({"postgresql": functions_0033.HOLD_UNITS})
    each({"postgresql": functions_0033.SETTLE_UNITS})
