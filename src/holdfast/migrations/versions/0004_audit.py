"""The trail and its seals."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Digest, Id, Json, Time
from holdfast.migrations import dialects
from holdfast.migrations import functions_0004 as functions
from holdfast.migrations.dialects import each, protect, refuse

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _events()
    _seals()
    for table in ("audit_events", "audit_seals"):
        for event in ("UPDATE", "DELETE"):
            refuse(table, event, "the trail is append-only: what happened is never changed")
    within = f"({dialects.REACH} = 'tenant' OR owner_id = {dialects.ACTOR} OR actor_id = {dialects.ACTOR})"
    protect(
        "audit_events",
        rule=f"{dialects.OF_TENANT} AND {within}",
        grants="SELECT, INSERT",
        check=dialects.OF_TENANT,
        purged=False,
    )
    protect("audit_seals", rule=dialects.OF_TENANT, grants="SELECT", purged=False)
    for function in (functions.NEXT_POSITION, functions.SETTLED_POSITION):
        each({"postgresql": function.format(lift=0)})
    for statement in functions.APPEND_MESSAGE:
        each({"postgresql": statement})


def _events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("actor_id", Id),
        sa.Column("actor_role", sa.Text, nullable=False),
        sa.Column("face", sa.Text, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("credential_id", Id),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("target_kind", sa.Text),
        sa.Column("target_id", Id),
        sa.Column("owner_id", Id),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("details", Json, nullable=False),
        sa.Column("mac", Digest, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "position", "id", name="pk_audit_events"),
        sa.CheckConstraint("outcome IN ('done', 'read', 'denied')", name=op.f("ck_audit_events_outcome")),
        sqlite_with_rowid=False,
    )


def _seals() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("through_position", sa.BigInteger, nullable=False),
        sa.Column("through_id", Id, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.LargeBinary, nullable=False),
        sa.Column("previous", Digest, nullable=False),
        sa.Column("hash", Digest, nullable=False),
        sa.Column("sealed_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number", name="pk_audit_seals"),
    )
