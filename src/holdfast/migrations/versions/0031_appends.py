"""Appends of several callers share one transaction on PostgreSQL."""

from holdfast.migrations import functions_0031
from holdfast.migrations.dialects import each

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    each({"postgresql": functions_0031.APPEND_MESSAGES})
