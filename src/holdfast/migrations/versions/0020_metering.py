"""Metering: the ledger of usage, its sums, prices; limits, their counters and holds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Json, Money, Time
from holdfast.migrations import dialects
from holdfast.migrations.dialects import partition_by_month, protect, refuse, refuse_unless_purged

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _usage()
    _sums()
    _prices()
    _limits()
    _protection()


def _scoped(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, sa.Column("tenant_id", Id, nullable=False), *parts, **options)


def _reference(table: str, column: str, target: str, key: str) -> sa.ForeignKeyConstraint:
    columns, referred = ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"]
    return sa.ForeignKeyConstraint(columns, referred, name=f"fk_{table}_tenant_id_{column}")


def _tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"fk_{table}_tenant_id")


def _member(table: str, column: str) -> sa.ForeignKeyConstraint:
    return _reference(table, column, "memberships", "user_id")


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _usage() -> None:
    _scoped(
        "usage_events",
        sa.Column("at", Time, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("workspace_id", Id),
        sa.Column("conversation_id", Id),
        sa.Column("credential_id", Id),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("provider", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("tokens_in", sa.BigInteger, nullable=False),
        sa.Column("tokens_out", sa.BigInteger, nullable=False),
        sa.Column("tokens_cached", sa.BigInteger, nullable=False),
        sa.Column("cost", Money),
        sa.Column("priced_by", sa.Text, nullable=False),
        sa.Column("latency_ms", sa.Integer),
        sa.Column("recorded_by", Id, nullable=False),
        sa.Column("recorded_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "at", "id", name="pk_usage_events"),
        _member("usage_events", "user_id"),
        _check("usage_events", "outcome", "outcome IN ('success', 'error', 'cancelled')"),
        _check(
            "usage_events",
            "priced_by",
            "priced_by IN ('given', 'tenant', 'catalogue', 'reserved', 'unknown')"
            " AND (cost IS NULL) = (priced_by = 'unknown')",
        ),
        _check("usage_events", "amounts", "tokens >= 0 AND requests >= 0 AND (cost IS NULL OR cost >= 0)"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (at)",
    )
    columns, named = ["tenant_id", "conversation_id", "at", "id"], sa.text("conversation_id IS NOT NULL")
    only: dict[str, Any] = {"sqlite_where": named, "postgresql_where": named}
    op.create_index("ix_usage_events_conversation", "usage_events", columns, **only)
    _scoped(
        "usage_requests",
        sa.Column("recorded_by", Id, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("event_id", Id, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "recorded_by", "request_id", name="pk_usage_requests"),
        sqlite_with_rowid=False,
    )


def _sum_columns() -> list[sa.Column[Any]]:
    counted = ("events", "requests", "failures", "tokens", "tokens_in", "tokens_out", "tokens_cached", "unpriced")
    timed = ("latency_ms", "timed", "slowest_ms")
    return [
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in counted),
        sa.Column("cost", Money, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in timed),
    ]


def _sums() -> None:
    key = ("grain", "period", "user_id", "workspace_id", "operation", "model", "provider")
    _scoped(
        "usage_rollups",
        sa.Column("grain", sa.Text, nullable=False),
        sa.Column("period", Time, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("workspace_id", Id, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("operation", "model", "provider")),
        *_sum_columns(),
        sa.PrimaryKeyConstraint("tenant_id", *key, name="pk_usage_rollups"),
        _member("usage_rollups", "user_id"),
        _check("usage_rollups", "grain", "grain IN ('hour', 'day', 'month')"),
        sqlite_with_rowid=False,
    )
    _scoped(
        "usage_conversations",
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("model", "provider")),
        *_sum_columns(),
        sa.PrimaryKeyConstraint(
            "tenant_id", "conversation_id", "user_id", "model", "provider", name="pk_usage_conversations"
        ),
        _member("usage_conversations", "user_id"),
        sqlite_with_rowid=False,
    )


def _prices() -> None:
    _scoped(
        "usage_prices",
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("since", Time, nullable=False),
        *(sa.Column(name, Money, nullable=False) for name in ("input", "output", "cached")),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "model", "provider", "since", name="pk_usage_prices"),
        _tenant("usage_prices"),
        _check("usage_prices", "amounts", "input >= 0 AND output >= 0 AND cached >= 0"),
    )


def _limits() -> None:
    _scoped(
        "limits",
        sa.Column("id", Id, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("subject_id", Id, nullable=False),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("per", sa.Text, nullable=False),
        sa.Column("window_seconds", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("counts_from", Time, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.Column("ended_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_limits"),
        _tenant("limits"),
        _check("limits", "subject", "subject IN ('tenant', 'workspace', 'user', 'key')"),
        _check("limits", "measure", "measure IN ('tokens', 'requests', 'money')"),
        _check("limits", "per", "per IN ('day', 'month', 'window') AND (per = 'window') = (window_seconds > 0)"),
        _check("limits", "set_by", "set_by IN ('platform', 'tenant')"),
        _check("limits", "amount", "amount >= 0"),
    )
    live = sa.text("ended_at IS NULL")
    columns = ["tenant_id", "subject_id", "measure", "per", "window_seconds", "set_by"]
    op.create_index("uq_limits_live", "limits", columns, unique=True, sqlite_where=live, postgresql_where=live)
    _scoped(
        "limit_counters",
        sa.Column("limit_id", Id, nullable=False),
        sa.Column("period", Time, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "limit_id", "period", name="pk_limit_counters"),
        _reference("limit_counters", "limit_id", "limits", "id"),
        _check("limit_counters", "amounts", "used >= 0 AND reserved >= 0"),
        sqlite_with_rowid=False,
    )
    _scoped(
        "limit_slots",
        sa.Column("limit_id", Id, nullable=False),
        sa.Column("slot", Time, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "limit_id", "slot", name="pk_limit_slots"),
        _reference("limit_slots", "limit_id", "limits", "id"),
        sqlite_with_rowid=False,
    )
    _holds()


def _holds() -> None:
    _scoped(
        "limit_holds",
        sa.Column("id", Id, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        *(sa.Column(name, Id) for name in ("workspace_id", "conversation_id", "credential_id")),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("cost", Money, nullable=False),
        sa.Column("parts", Json, nullable=False),
        sa.Column("leased", sa.Integer, nullable=False),
        sa.Column("reserved_at", Time, nullable=False),
        sa.Column("expires_at", Time, nullable=False),
        sa.Column("ended_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_limit_holds"),
        _member("limit_holds", "user_id"),
        _check("limit_holds", "status", "status IN ('open', 'settled', 'released', 'expired')"),
        sqlite_with_rowid=False,
    )
    still_open = sa.text("status = 'open'")
    options: dict[str, Any] = {"sqlite_where": still_open, "postgresql_where": still_open}
    op.create_index("ix_limit_holds_open", "limit_holds", ["tenant_id", "expires_at"], **options)


def _protection() -> None:
    mine = f"{dialects.OF_TENANT} AND (user_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant')"
    protect("usage_events", rule=mine, grants="SELECT, INSERT")
    refuse("usage_events", "UPDATE", "the ledger of usage is append-only")
    refuse_unless_purged("usage_events", "the ledger of usage is append-only")
    partition_by_month("usage_events")
    recorded = f"{dialects.OF_TENANT} AND recorded_by = {dialects.ACTOR}"
    protect("usage_requests", rule=recorded, grants="SELECT, INSERT")
    for table in ("usage_rollups", "usage_conversations"):
        protect(table, rule=mine, grants="SELECT, INSERT, UPDATE")
    for table, grants in (
        ("usage_prices", "SELECT"),
        ("limits", "SELECT"),
        ("limit_counters", "SELECT, INSERT, UPDATE"),
        ("limit_slots", "SELECT, INSERT, UPDATE, DELETE"),
        ("limit_holds", "SELECT, INSERT, UPDATE"),
    ):
        protect(table, rule=dialects.OF_TENANT, grants=grants)
