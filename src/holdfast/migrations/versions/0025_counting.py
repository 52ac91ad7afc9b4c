"""Words are counted by one call on PostgreSQL."""

from holdfast.migrations import functions_0025
from holdfast.migrations.dialects import each

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in functions_0025.COUNT_LEXICAL:
        each({"postgresql": statement})
