"""Cells of large indexes of vectors on SQLite: vectors near each other, so that a search compares the nearest alone.

What the cells are is found once, from a sample (k-means); what was stored since is put into them whenever this runs. A
vector without a cell is compared in every search, so nothing is missed before that.
"""

from array import array
from collections.abc import Callable
from math import hypot
from typing import Any

CELLS = 128
LARGE = 20_000
"""From so many vectors on an index has cells: so many codes are compared in some 8 ms."""
MANY = 10_000
"""Of so many that may be seen the nearest cells are searched, of fewer all: counting them takes 1 ms."""
MOST_DIMENSIONS = 4_000
"""Of longer vectors cells would take more than 2 MB, which a search reads."""
_SAMPLE = 50 * CELLS
_ROUNDS = 4
_LOT = 500
"""So many vectors are put into cells in one transaction: others write in between."""

CELLS_OF = """
    SELECT n.value AS cell, substr(i.cells, 1 + 4 * i.dimension * n.value, 4 * i.dimension) AS centre
    FROM vector_indexes AS i, json_each('[{numbers}]') AS n
    WHERE i.tenant_id = {tenant} AND i.id = {index_id} AND i.cells IS NOT NULL
        AND length(i.cells) > 4 * i.dimension * n.value
"""
"""Each cell of an index, and the middle of it."""
NUMBERS = ",".join(map(str, range(CELLS)))

_LARGE_INDEXES = """
    SELECT i.tenant_id, i.id, i.dimension, i.cells IS NULL, i.cells_epoch IS NULL FROM vector_indexes AS i
    WHERE i.state <> 'retired' AND i.dimension <= ? AND (
        i.cells IS NOT NULL OR EXISTS (
            SELECT 1 FROM vectors AS v WHERE v.tenant_id = i.tenant_id AND v.index_id = i.id LIMIT 1 OFFSET ?
        )
    )
"""
_TAKE_SAMPLE = """
    INSERT INTO temp.sample SELECT embedding FROM vectors WHERE rowid IN (
        SELECT rowid FROM vectors WHERE tenant_id = ? AND index_id = ? ORDER BY random() LIMIT ?
    )
"""
_NEAREST_CENTRE = """
    SELECT s.embedding, (
        SELECT c.cell FROM temp.centres AS c ORDER BY vec_distance_cosine(s.embedding, c.centre) LIMIT 1
    ) FROM temp.sample AS s
"""
_KEEP = "UPDATE vector_indexes SET cells = ? WHERE tenant_id = ? AND id = ?"
_BEGIN = "UPDATE vector_indexes SET cells_epoch = NULL WHERE tenant_id = ? AND id = ?"
_END = "UPDATE vector_indexes SET cells_epoch = random() WHERE tenant_id = ? AND id = ?"
"""What is held in memory of cells serves under one epoch (held_codes.py); while they are filled there is none."""
_IN_NONE = "SELECT 1 FROM vectors WHERE tenant_id = ? AND index_id = ? AND cell IS NULL LIMIT 1"
_PUT = f"""
    WITH centres AS MATERIALIZED ({CELLS_OF.format(numbers=NUMBERS, tenant="?1", index_id="?2")})
    UPDATE vectors SET cell = (
        SELECT c.cell FROM centres AS c ORDER BY vec_distance_cosine(embedding, c.centre) LIMIT 1
    ) WHERE rowid IN (SELECT rowid FROM vectors WHERE tenant_id = ?1 AND index_id = ?2 AND cell IS NULL LIMIT ?3)
"""  # noqa: S608  # constants

Write = Callable[[Callable[[Any], int]], int]


def optimize(connection: Any, write: Write, *, large: int = LARGE) -> list[str]:
    """Give large indexes their cells, and put into them what has none; the names of the indexes that changed.

    `connection` reads, and is nobody else's; `write(work)` runs `work(cursor)` in a transaction of the one writer. Some
    20 s of processor time for the first cells of 100,000 vectors of 384, most of it for putting each into its own.
    """
    changed = []
    found = connection.execute(_LARGE_INDEXES, (MOST_DIMENSIONS, large)).fetchall()
    for tenant_id, index_id, dimension, new, cut_off in found:
        key = (tenant_id, index_id)
        if new:
            kept = (b"".join(_centres(connection, tenant_id, index_id, dimension)), *key)
            write(lambda cursor, kept=kept: int(cursor.execute(_KEEP, kept).rowcount))  # type: ignore[misc]
        if cut_off or connection.execute(_IN_NONE, key).fetchone():
            _fill(write, key)
            changed.append(f"cells_{index_id.hex()}")
    return changed


def _fill(write: Write, key: tuple[bytes, bytes]) -> None:
    write(lambda cursor: int(cursor.execute(_BEGIN, key).rowcount))
    while write(lambda cursor: int(cursor.execute(_PUT, (*key, _LOT)).rowcount)):
        pass
    write(lambda cursor: int(cursor.execute(_END, key).rowcount))


def _centres(connection: Any, tenant_id: bytes, index_id: bytes, dimension: int) -> list[bytes]:
    """The middles of the cells of a sample: k-means, from some of it as a beginning."""
    connection.execute("CREATE TEMP TABLE sample (embedding BLOB)")
    connection.execute("CREATE TEMP TABLE centres (cell INTEGER PRIMARY KEY, centre BLOB)")
    try:
        connection.execute(_TAKE_SAMPLE, (tenant_id, index_id, _SAMPLE))
        some = connection.execute("SELECT embedding FROM temp.sample LIMIT ?", (CELLS,)).fetchall()
        centres = [centre for (centre,) in some]
        for _ in range(_ROUNDS):
            connection.execute("DELETE FROM temp.centres")
            connection.executemany("INSERT INTO temp.centres VALUES (?, ?)", enumerate(centres))
            sums: list[list[float] | None] = [None] * len(centres)
            for embedding, cell in connection.execute(_NEAREST_CENTRE):
                so_far, one = sums[cell], array("f", embedding)
                sums[cell] = list(one) if so_far is None else [a + b for a, b in zip(so_far, one, strict=True)]
            centres = [old if total is None else _direction(total) for old, total in zip(centres, sums, strict=True)]
    finally:
        connection.execute("DROP TABLE temp.sample")
        connection.execute("DROP TABLE temp.centres")
    return centres


def _direction(total: list[float]) -> bytes:
    length = hypot(*total) or 1.0
    return array("f", [number / length for number in total]).tobytes()
