"""Runs are finished in one round trip on PostgreSQL, by who started them."""

from holdfast.migrations import functions_0037
from holdfast.migrations.dialects import each

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    each({"postgresql": functions_0037.FINISH_RUN})
