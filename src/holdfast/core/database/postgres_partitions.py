"""Months of large tables as partitions of their own, made ahead of time.

A table is partitioned by ranges of a moment, or of a UUIDv7, which begins with the moment it was made. What falls into
no month's partition (a clock far ahead, a schedule that did not run for months) goes to the one for the rest,
`<table>_rest`, and moves from there when its month gets its own. Each partition has row-level security, enabled and
forced, and nobody is granted anything on it: asked by itself it shows nothing, so the policies of the whole table are
the only way in.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from holdfast.core.clock import now

AHEAD = 3
"""So many months beyond the present one are there."""
_LOCK = 4_849_120_462
"""An arbitrary number that two who make partitions of one database agree on."""
_UUID7 = 80
"""A UUIDv7 begins with 48 bits of milliseconds; so many bits follow."""

_PARTITIONED = """
    SELECT c.relname, t.typname FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid = p.partrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'holdfast'::regnamespace AND p.partstrat = 'r'
    ORDER BY c.relname
"""
_KEY = """
    SELECT a.attname FROM pg_partitioned_table p
    JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = %s::regclass
"""


def make(connection: Connection[Any], *, moment: datetime | None = None, ahead: int = AHEAD) -> list[str]:
    """Make the partitions of this month and the next ones that are missing: their names. Each in a transaction.

    Attaching one locks the tables that its table refers to against writing, for milliseconds; moving rows out of the
    rest takes as long as there are rows to move.
    """
    made = []
    tables = connection.execute(_PARTITIONED).fetchall()
    for begin, end in _months(moment or now(), ahead):
        for table, kind in tables:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                made += _make_one(connection, table, f"{table}_y{begin:%Y}m{begin:%m}", (kind, begin, end))
    return made


def _months(moment: datetime, ahead: int) -> Iterator[tuple[datetime, datetime]]:
    first = moment.year * 12 + moment.month - 1
    for number in range(first, first + ahead + 1):
        yield _month(number), _month(number + 1)


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _make_one(connection: Connection[Any], table: str, name: str, span: tuple[str, datetime, datetime]) -> list[str]:
    found = connection.execute("SELECT to_regclass(%s)", (f"holdfast.{name}",)).fetchone()
    if found is not None and found[0] is not None:
        return []
    kind, begin, end = span
    bound: Callable[[datetime], object] = _first_id if kind == "uuid" else (lambda at: at)
    key = connection.execute(_KEY, (f"holdfast.{table}",)).fetchone()
    assert key is not None, "a partitioned table has a key"
    names = {
        "table": sql.Identifier("holdfast", table),
        "name": sql.Identifier("holdfast", name),
        "rest": sql.Identifier("holdfast", f"{table}_rest"),
        "key": sql.Identifier(key[0]),
        "begin": sql.Literal(bound(begin)),
        "end": sql.Literal(bound(end)),
    }
    for statement in _STEPS:
        connection.execute(sql.SQL(statement).format(**names))
    return [name]


_STEPS = (
    "CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    "ALTER TABLE {rest} NO FORCE ROW LEVEL SECURITY",  # within this transaction: its owner is to see what is moved
    "ALTER TABLE {rest} DISABLE TRIGGER USER",  # those of append-only tables: nothing is deleted, it moves
    "WITH moved AS (DELETE FROM {rest} WHERE {key} >= {begin} AND {key} < {end} RETURNING *)"
    " INSERT INTO {name} SELECT * FROM moved",
    "ALTER TABLE {rest} ENABLE TRIGGER USER",
    "ALTER TABLE {rest} FORCE ROW LEVEL SECURITY",
    "ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})",
    "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
    "CREATE POLICY operator ON {name} TO holdfast_operator USING (true)",
)


def _first_id(moment: datetime) -> UUID:
    """Every UUIDv7 made from then on is greater."""
    return UUID(int=int(moment.timestamp() * 1000) << _UUID7)
