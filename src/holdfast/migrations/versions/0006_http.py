"""Requests that took effect, with what they were answered."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Digest, Id, Json, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import each, protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotent_requests",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "actor_id", "key", name="pk_idempotent_requests"),
    )
    op.create_index("ix_idempotent_requests_created_at", "idempotent_requests", ["tenant_id", "created_at"])
    rule = f"{dialects.OF_TENANT} AND actor_id = {dialects.ACTOR}"
    protect("idempotent_requests", rule=rule, grants="SELECT, INSERT")
    each({"postgresql": "GRANT DELETE ON idempotent_requests TO holdfast_operator"})
