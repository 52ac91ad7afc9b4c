"""Indexes of vectors on PostgreSQL: HNSW, built beside all other work.

A large index of vectors has one over all of it, for searches that may see a quarter or more. Its smaller groups (one
level, and either what is nobody's own or what is somebody's) have each their own beside it, since a search that may see
little of an index would pass over most of what it finds. `nearest_vectors` uses what it finds; see there.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from holdfast.core.scope import NIL

LARGE = 2_000
"""An index of vectors with more than so many gets indexes: so many are compared one by one in 2–5 ms."""
_GROUP = 0.25
"""Of such an index, each group from this part of so many on: one by one a few hundred take longer than through HNSW."""
_SMALL = 0.25
"""What is a larger part of the whole needs no index of its own."""
_LARGER = 0.4
"""What had one keeps it until it is this part of the whole, so that none is built and dropped again and again."""
_LOCK = 4_849_120_462
"""An arbitrary number: one process at a time builds in a database."""


@dataclass(frozen=True)
class Group:
    """Some vectors of one index: all of them, or those of a level."""

    index_id: UUID
    dimension: int
    level: str | None
    owned: bool
    share: float

    @property
    def name(self) -> str:
        """That of its HNSW index."""
        if self.level is None:
            return f"near_{self.index_id.hex}_all"
        return f"near_{self.index_id.hex}_{(self.level or 'open').lower()}_{'owned' if self.owned else 'common'}"

    def statement(self) -> sql.Composed:
        """What builds its HNSW index. Its expression and predicate are those that `nearest_vectors` writes."""
        return sql.SQL(
            "CREATE INDEX CONCURRENTLY {name} ON vectors USING hnsw ((embedding::{form}({dimension})) {operators})"
            " WITH (m = 24, ef_construction = 96) WHERE index_id = {index_id}{group}"
        ).format(
            name=sql.Identifier(self.name),
            form=sql.SQL("vector" if self.dimension <= VECTOR_DIMENSIONS else "halfvec"),
            operators=sql.SQL("vector_ip_ops" if self.dimension <= VECTOR_DIMENSIONS else "halfvec_ip_ops"),
            dimension=sql.Literal(self.dimension),
            index_id=sql.Literal(self.index_id),
            group=self._predicate(),
        )

    def _predicate(self) -> sql.Composable:
        if self.level is None:
            return sql.SQL("")
        of = sql.SQL(">" if self.owned else "=")
        return sql.SQL(" AND level = {} AND owner_id {} {}").format(sql.Literal(self.level), of, sql.Literal(NIL))


VECTOR_DIMENSIONS = 2_000
"""With more, HNSW takes numbers of two bytes; what it finds is compared again on the full ones."""
HALF_DIMENSIONS = 4_000
"""With more it takes none."""

_LARGE_GROUPS = """
    SELECT index_id, dimension, level, owned, held / held_together FROM (
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
    """Build what large groups lack, and drop what failed half-way, what an index over all of it made needless, and what
    is of an index retired or gone; the names.

    `connection`: of the schema's owner, in no transaction. What it has built stays when it is interrupted; another call
    goes on from there. Nothing waits for it: stores and searches go on. One to two minutes for 100,000 vectors of 384.
    Does nothing while another process is at it.
    """
    with _alone(connection) as alone:
        if not alone:
            return []
        connection.execute("SET maintenance_work_mem = '512MB'")
        groups, known = _groups(connection, large)
        wanted = [group for group in groups if group.share <= _SMALL or group.level is None]
        needless = {group.name for group in groups if group.share > _LARGER and group.level is not None}
        built = dict(connection.execute(_BUILT).fetchall())
        failed = [name for name, valid in built.items() if not valid or not known & {name.split("_")[1]}]
        _drop(connection, failed)
        build = [group for group in wanted if group.name not in built or group.name in failed]
        for group in build:
            connection.execute(group.statement())
        needless &= built.keys() - {*failed}
        _drop(connection, needless)
        return [*failed, *(group.name for group in build), *sorted(needless)]


def _drop(connection: "psycopg.Connection[Any]", names: Iterable[str]) -> None:
    for name in names:
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(name)))


def _groups(connection: "psycopg.Connection[Any]", large: int) -> tuple[list[Group], set[str]]:
    """The large indexes of every tenant and the large groups in them, and the indexes that are not retired."""
    connection.execute("SET ROLE holdfast_operator")
    try:
        rows = connection.execute(_LARGE_GROUPS, (NIL, HALF_DIMENSIONS, large, int(large * _GROUP))).fetchall()
        known = {index_id.hex for (index_id,) in connection.execute(_KNOWN)}
    finally:
        connection.execute("RESET ROLE")
    whole = {index_id: Group(index_id, dimension, None, owned=False, share=1) for index_id, dimension, *_ in rows}
    groups = [
        Group(index_id, dimension, level, owned, float(share))
        for index_id, dimension, level, owned, share in sorted(rows, key=lambda row: -row[4])
    ]
    return [*whole.values(), *groups], known


@contextmanager
def _alone(connection: "psycopg.Connection[Any]") -> Iterator[bool]:
    taken = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    try:
        yield bool(taken and taken[0])
    finally:
        if taken and taken[0] and not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
