"""The plain extension beside us: sqlite-vec's own table of codes with 200 candidates, pgvector's HNSW; no tenants."""

from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg
import sqlite_vec
from sqlcipher3 import dbapi2 as sqlite

from benchmarks.places import Place

CANDIDATES = 200
K = 10


def raw_vectors(place: Place, vectors: Any) -> Callable[[Any], list[int]]:
    """A search over `vectors` in a store of its own, on the same kind of file or server."""
    return _pgvector(place, vectors) if place.server else _sqlite_vec(place, vectors)


def _sqlite_vec(place: Place, vectors: Any) -> Callable[[Any], list[int]]:
    connection = sqlite.connect(place.url.removeprefix("sqlite:///") + ".raw", isolation_level=None)
    if place.key is not None:
        connection.execute(f"PRAGMA key = \"x'{place.key}'\"")
    connection.enable_load_extension(True)
    sqlite_vec.load(connection)
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute(f"CREATE VIRTUAL TABLE codes USING vec0(code bit[{vectors.shape[1]}])")
    connection.execute("CREATE TABLE full (id INTEGER PRIMARY KEY, embedding BLOB)")
    connection.execute("BEGIN")
    for number, vector in enumerate(vectors):
        connection.execute("INSERT INTO full VALUES (?, ?)", (number, vector.tobytes()))
        code = "INSERT INTO codes(rowid, code) VALUES (?, vec_quantize_binary(?))"
        connection.execute(code, (number, vector.tobytes()))
    connection.execute("COMMIT")
    query = f"""
        SELECT id FROM full WHERE id IN (
            SELECT rowid FROM codes WHERE code MATCH vec_quantize_binary(?) AND k = {CANDIDATES}
        ) ORDER BY vec_distance_cosine(embedding, ?) LIMIT {K}
    """

    def search(question: Any) -> list[int]:
        blob = question.tobytes()
        return [number for (number,) in connection.execute(query, (blob, blob)).fetchall()]

    return search


def _pgvector(place: Place, vectors: Any) -> Callable[[Any], list[int]]:
    connection = psycopg.connect(place.raw.place, autocommit=True)
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector; SET maintenance_work_mem = '512MB'")
    connection.execute(f"CREATE TABLE full_vectors (id integer PRIMARY KEY, embedding vector({vectors.shape[1]}))")
    with connection.cursor().copy("COPY full_vectors FROM STDIN") as copy:
        for number, vector in enumerate(vectors):
            copy.write_row((number, _text(vector)))
    connection.execute("CREATE INDEX ON full_vectors USING hnsw (embedding vector_ip_ops)")
    connection.execute("SET hnsw.ef_search = 100")
    query = f"SELECT id FROM full_vectors ORDER BY embedding <#> %s::vector LIMIT {K}"

    def search(question: Any) -> list[int]:
        return [row[0] for row in connection.execute(query, (_text(question),), prepare=True).fetchall()]

    return search


def _text(vector: Any) -> str:
    return str(np.asarray(vector).tolist())
