"""Who shows a credential, in one round trip."""

from holdfast.migrations.dialects import each
from holdfast.migrations.functions_0008 import STANDING

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in STANDING:
        each({"postgresql": statement})
