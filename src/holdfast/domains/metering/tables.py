"""The tables of metering. Sums and counters are whole numbers; money is counted in billionths of a dollar."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Text, text

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id, Json, Money, Time


def _member(column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", column], ["memberships.tenant_id", "memberships.user_id"])


def _sums() -> list[Column[Any]]:
    counted = ("events", "requests", "failures", "tokens", "tokens_in", "tokens_out", "tokens_cached", "unpriced")
    return [
        *(Column(name, BigInteger, nullable=False) for name in counted),
        Column("cost", Money, nullable=False),
        Column("latency_ms", BigInteger, nullable=False),
        Column("timed", BigInteger, nullable=False),
        Column("slowest_ms", BigInteger, nullable=False),
    ]


_OF_CONVERSATION = text("conversation_id IS NOT NULL")

usage_events = scoped_table(
    "usage_events",
    Column("at", Time, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("request_id", Text),
    Column("user_id", Id, nullable=False),
    Column("workspace_id", Id),
    Column("conversation_id", Id),
    Column("credential_id", Id),
    Column("operation", Text, nullable=False),
    Column("model", Text),
    Column("provider", Text),
    Column("outcome", Text, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
    Column("tokens_cached", BigInteger, nullable=False),
    Column("cost", Money),
    Column("priced_by", Text, nullable=False),
    Column("latency_ms", Integer),
    Column("recorded_by", Id, nullable=False),
    Column("recorded_at", Time, nullable=False),
    _member("user_id"),
    CheckConstraint("outcome IN ('success', 'error', 'cancelled')", name="outcome"),
    CheckConstraint(
        "priced_by IN ('given', 'tenant', 'catalogue', 'reserved', 'unknown')"
        " AND (cost IS NULL) = (priced_by = 'unknown')",
        name="priced_by",
    ),
    CheckConstraint("tokens >= 0 AND requests >= 0 AND (cost IS NULL OR cost >= 0)", name="amounts"),
    Index(
        "ix_usage_events_conversation",
        "tenant_id",
        "conversation_id",
        "at",
        "id",
        sqlite_where=_OF_CONVERSATION,
        postgresql_where=_OF_CONVERSATION,
    ),
    partitioned="at",
    sqlite_with_rowid=False,
)
"""The ledger: append-only, by time, on PostgreSQL in a partition for each month. `cost` null means that nobody knew the
price then. It refers to no conversation and no workspace: what something cost stays when it is gone."""

usage_requests = scoped_table(
    "usage_requests",
    Column("recorded_by", Id, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("event_id", Id, nullable=False),
    Column("at", Time, nullable=False),
    index=True,
    sqlite_with_rowid=False,
)
"""Where the event of a request is, so that a repeated one is found whatever its time. The ledger can make it anew."""

usage_rollups = scoped_table(
    "usage_rollups",
    Column("grain", Text, primary_key=True),
    Column("period", Time, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("workspace_id", Id, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    *_sums(),
    _member("user_id"),
    CheckConstraint("grain IN ('hour', 'day', 'month')", name="grain"),
    sqlite_with_rowid=False,
)
"""The sums of the ledger by hour, day and month (UTC), changed in the transaction of each event. NIL stands for no
workspace, an empty text for no model or provider, because they are of the key."""

usage_conversations = scoped_table(
    "usage_conversations",
    Column("conversation_id", Id, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    *_sums(),
    _member("user_id"),
    sqlite_with_rowid=False,
)
"""The sums of the ledger for each conversation, over all time."""

usage_prices = scoped_table(
    "usage_prices",
    Column("model", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("since", Time, primary_key=True),
    Column("input", Money, nullable=False),
    Column("output", Money, nullable=False),
    Column("cached", Money, nullable=False),
    Column("created_at", Time, nullable=False),
    CheckConstraint("input >= 0 AND output >= 0 AND cached >= 0", name="amounts"),
)
"""A tenant's own prices, in dollars for a million tokens, each good until the next begins."""

_LIVE = text("ended_at IS NULL")

limits = scoped_table(
    "limits",
    Column("id", Id, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("measure", Text, nullable=False),
    Column("per", Text, nullable=False),
    Column("window_seconds", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("counts_from", Time, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("counter", Text, nullable=False, server_default="database"),
    Column("when_away", Text, nullable=False, server_default="refuse"),
    CheckConstraint("subject IN ('tenant', 'workspace', 'user', 'key')", name="subject"),
    CheckConstraint("measure IN ('tokens', 'requests', 'money')", name="measure"),
    CheckConstraint("per IN ('day', 'month', 'window') AND (per = 'window') = (window_seconds > 0)", name="per"),
    CheckConstraint("set_by IN ('platform', 'tenant')", name="set_by"),
    CheckConstraint("amount >= 0", name="amount"),
    Index(
        "uq_limits_live",
        "tenant_id",
        "subject_id",
        "measure",
        "per",
        "window_seconds",
        "set_by",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
)
"""`counter`: where it is counted, database or redis; `when_away`: whether calls are refused or let pass meanwhile.
`amount` is in tokens, requests, or billionths of a dollar. What the platform set, the tenant cannot change."""

limit_counters = scoped_table(
    "limit_counters",
    Column("limit_id", Id, primary_key=True),
    Column("period", Time, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("behind_since", Time),
    ForeignKeyConstraint(["tenant_id", "limit_id"], ["limits.tenant_id", "limits.id"]),
    CheckConstraint("used >= 0 AND reserved >= 0", name="amounts"),
    sqlite_with_rowid=False,
)
"""What was used and is reserved of a limit in a period; of one with a rolling window there is one row, at the epoch.

One that is counted in Redis has only that row: which count of it is good (`epoch`), and since when Redis was not told
something, so that none is (`behind_since`)."""

limit_slots = scoped_table(
    "limit_slots",
    Column("limit_id", Id, primary_key=True),
    Column("slot", Time, primary_key=True),
    Column("used", BigInteger, nullable=False),
    ForeignKeyConstraint(["tenant_id", "limit_id"], ["limits.tenant_id", "limits.id"]),
    sqlite_with_rowid=False,
)
"""What of a rolling window was used when, in sixtieths of the window: how it leaves the counter again."""

_OPEN = text("status = 'open'")

limit_holds = scoped_table(
    "limit_holds",
    Column("id", Id, primary_key=True),
    Column("status", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("workspace_id", Id),
    Column("conversation_id", Id),
    Column("credential_id", Id),
    Column("operation", Text, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("cost", Money, nullable=False),
    Column("parts", Json, nullable=False),
    Column("leased", Integer, nullable=False),
    Column("reserved_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("ended_at", Time),
    _member("user_id"),
    CheckConstraint("status IN ('open', 'settled', 'released', 'expired')", name="status"),
    Index("ix_limit_holds_open", "tenant_id", "expires_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sqlite_with_rowid=False,
)
"""What is reserved until it is settled, released or expires. `parts`: of which counters, [limit, period, units]."""
