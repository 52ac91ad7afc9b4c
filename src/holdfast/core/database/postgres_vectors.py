"""Indexes of large groups of vectors on PostgreSQL: HNSW, one for each group, built beside all other work.

A group is what one search takes as a whole: an index of vectors, one level, and either what is nobody's own or what is
somebody's. `nearest_vectors` uses what it finds, and compares one by one where there is none; see there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from holdfast.core.scope import NIL

LARGE = 2_000
"""An index of vectors with more than so many has groups that get indexes: so many are compared one by one in 2–5 ms."""
_GROUP = 0.25
"""Of such an index, each group from this part of so many on: one by one a few hundred take longer than through HNSW."""
_LOCK = 4_849_120_462
"""An arbitrary number: one process at a time builds in a database."""


@dataclass(frozen=True)
class Group:
    """Some vectors of one index."""

    index_id: UUID
    dimension: int
    level: str
    owned: bool

    @property
    def name(self) -> str:
        """That of its HNSW index."""
        return f"near_{self.index_id.hex}_{(self.level or 'open').lower()}_{'owned' if self.owned else 'common'}"

    def statement(self) -> sql.Composed:
        """What builds its HNSW index. Its expression and predicate are those that `nearest_vectors` writes."""
        return sql.SQL(
            "CREATE INDEX CONCURRENTLY {name} ON vectors USING hnsw ((embedding::{form}({dimension})) {operators})"
            " WHERE index_id = {index_id} AND level = {level} AND owner_id {owned} {nil}"
        ).format(
            name=sql.Identifier(self.name),
            form=sql.SQL("vector" if self.dimension <= VECTOR_DIMENSIONS else "halfvec"),
            operators=sql.SQL("vector_ip_ops" if self.dimension <= VECTOR_DIMENSIONS else "halfvec_ip_ops"),
            dimension=sql.Literal(self.dimension),
            index_id=sql.Literal(self.index_id),
            level=sql.Literal(self.level),
            owned=sql.SQL(">" if self.owned else "="),
            nil=sql.Literal(NIL),
        )


VECTOR_DIMENSIONS = 2_000
"""With more, HNSW takes numbers of two bytes; what it finds is compared again on the full ones."""
HALF_DIMENSIONS = 4_000
"""With more it takes none."""

_LARGE_GROUPS = """
    SELECT index_id, dimension, level, owned, held FROM (
        SELECT v.index_id, i.dimension, v.level, v.owner_id <> %s AS owned, count(*) AS held,
            sum(count(*)) OVER (PARTITION BY v.index_id) AS held_together
        FROM vectors v JOIN vector_indexes i ON i.tenant_id = v.tenant_id AND i.id = v.index_id
        WHERE i.dimension <= %s AND i.state <> 'retired'
        GROUP BY 1, 2, 3, 4
    ) AS groups WHERE held_together >= %s AND held >= %s
"""
_BUILT = """
    SELECT c.relname, x.indisvalid FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    WHERE x.indrelid = 'vectors'::regclass AND c.relname ^@ 'near_'
"""
_KNOWN = "SELECT id FROM vector_indexes WHERE state <> 'retired'"


def optimize(connection: "psycopg.Connection[Any]", *, large: int = LARGE) -> list[str]:
    """Build what large groups lack, and drop what failed half-way or is of an index retired or gone; the names.

    `connection`: of the schema's owner, in no transaction. What it has built stays when it is interrupted; another call
    goes on from there. Nothing waits for it: stores and searches go on. One to two minutes for 100,000 vectors of 384.
    Does nothing while another process is at it.
    """
    with _alone(connection) as alone:
        if not alone:
            return []
        connection.execute("SET maintenance_work_mem = '512MB'")
        wanted, known = _wanted(connection, large)
        built = dict(connection.execute(_BUILT).fetchall())
        drop = [name for name, valid in built.items() if not valid or not known & {name.split("_")[1]}]
        for name in drop:
            connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(name)))
        build = [group for group in wanted if group.name not in built or group.name in drop]
        for group in build:
            connection.execute(group.statement())
        return [*drop, *(group.name for group in build)]


def _wanted(connection: "psycopg.Connection[Any]", large: int) -> tuple[list[Group], set[str]]:
    """The large groups of every tenant, and the indexes that are not retired."""
    connection.execute("SET ROLE holdfast_operator")
    try:
        rows = connection.execute(_LARGE_GROUPS, (NIL, HALF_DIMENSIONS, large, int(large * _GROUP))).fetchall()
        known = {index_id.hex for (index_id,) in connection.execute(_KNOWN)}
    finally:
        connection.execute("RESET ROLE")
    return [Group(*row[:4]) for row in sorted(rows, key=lambda row: -row[4])], known


@contextmanager
def _alone(connection: "psycopg.Connection[Any]") -> Iterator[bool]:
    taken = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    try:
        yield bool(taken and taken[0])
    finally:
        if taken and taken[0] and not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
