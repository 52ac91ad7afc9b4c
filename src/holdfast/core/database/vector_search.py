"""Vectors: their column types, and the nearest of them, in the words of each engine."""

from array import array
from collections.abc import Sequence
from json import dumps
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Boolean, Column, Integer, Table, bindparam, column
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.dialects.postgresql import base as postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias

from holdfast.core.database.query import TENANT
from holdfast.core.database.sqlite_vectors import CELLS, CELLS_OF, MANY, NUMBERS
from holdfast.core.database.types import Id, PerEngine, VectorBytes
from holdfast.core.database.vector_codes import code_of


def _blob(vector: "array[float]") -> bytes:
    return vector.tobytes()


def _from_blob(stored: bytes) -> "array[float]":
    return array("f", stored)


def _from_list(stored: list[float]) -> "array[float]":
    return array("f", stored)


class Vector(PerEngine):
    """Numbers of four bytes, any count of them: `array("f")` in Python. Compared; read by `numbers`."""

    specs = {"sqlite": "BLOB", "postgresql": "VECTOR"}
    binds = {"sqlite": _blob, "postgresql": VectorBytes.of}


postgresql.ischema_names["vector"] = Vector  # so that reading a schema knows the type


def _no_code(_vector: "array[float]") -> None:
    return None


class Code(PerEngine):
    """What SQLite compares before it looks at a vector itself: made from the vector. Null on PostgreSQL."""

    specs = {"sqlite": "BLOB", "postgresql": "BYTEA"}
    binds = {"sqlite": code_of, "postgresql": _no_code}


def _hex_ids(ids: Sequence[UUID]) -> str:
    return dumps([one.hex for one in ids])


class Ids(PerEngine):
    """Any number of ids, in one parameter."""

    specs = {"sqlite": "TEXT", "postgresql": "UUID[]"}
    binds = {"sqlite": _hex_ids, "postgresql": list}


class Texts(PerEngine):
    """Any number of texts, in one parameter."""

    specs = {"sqlite": "TEXT", "postgresql": "TEXT[]"}
    binds = {"sqlite": dumps, "postgresql": list}


class any_of(FunctionElement[Any]):  # noqa: N801  # reads as the function it is
    """Whether a column has one of the values in a parameter. Served by an index, on both engines."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, one: Column[Any], values: str) -> None:
        self.kind = Ids() if isinstance(one.type, Id) else Texts()
        super().__init__(one, bindparam(values, type_=self.kind))

    def self_group(self, against: Any = None) -> "any_of":  # the name that SQLAlchemy calls it by
        """As it is: SQLAlchemy would write `… = 1` after it for SQLite, which no index serves."""
        return self


@compiles(any_of)
def _any_element(element: any_of, compiler: Any, **options: Any) -> str:
    one, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{one} = ANY ({values})"


@compiles(any_of, "sqlite")
def _each_element(element: any_of, compiler: Any, **options: Any) -> str:
    one, values = (compiler.process(clause, **options) for clause in element.clauses)
    value = "unhex(value)" if isinstance(element.kind, Ids) else "value"
    return f"{one} IN (SELECT {value} FROM json_each({values}))"


class similarity(FunctionElement[float]):  # noqa: N801
    """The cosine of the angle between two vectors, -1 to 1."""

    inherit_cache = True

    def __init__(self, embedding: Column[Any], vector: BindParameter[Any]) -> None:
        super().__init__(embedding, vector)


@compiles(similarity)
def _cosine(element: similarity, compiler: Any, **options: Any) -> str:
    one, other = (compiler.process(clause, **options) for clause in element.clauses)
    return f"greatest(-1, least(1, -({one} <#> {other})))"  # vectors are kept with length 1


@compiles(similarity, "sqlite")
def _vec_cosine(element: similarity, compiler: Any, **options: Any) -> str:
    one, other = (compiler.process(clause, **options) for clause in element.clauses)
    return f"max(-1.0, min(1.0, 1.0 - vec_distance_cosine({one}, {other})))"


class Numbers(PerEngine):
    """A vector that is read."""

    specs = {"sqlite": "BLOB", "postgresql": "REAL[]"}
    results = {"sqlite": _from_blob, "postgresql": _from_list}


class numbers(FunctionElement[Any]):  # noqa: N801
    """A stored vector, as `array("f")`."""

    inherit_cache = True
    type = Numbers()

    def __init__(self, embedding: Column[Any]) -> None:
        super().__init__(embedding)


@compiles(numbers)
def _as_reals(element: numbers, compiler: Any, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)}::real[]"


@compiles(numbers, "sqlite")
def _as_stored(element: numbers, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


class rowid(FunctionElement[int]):  # noqa: N801
    """A row's own number in its table, where the engine has one."""

    inherit_cache = True
    type = Integer()

    def __init__(self, table: Table) -> None:
        self.table = table.name
        super().__init__()


@compiles(rowid)
def _no_number(_element: rowid, _compiler: Any, **_options: Any) -> str:
    return "NULL::bigint"


@compiles(rowid, "sqlite")
def _row_number(element: rowid, _compiler: Any, **_options: Any) -> str:
    return f"{element.table}.rowid"


class nearest_vectors(FunctionElement[Any]):  # noqa: N801  # spelled as the server's function
    """Item ids and similarities, best first.

    Parameters: `index_id`, `vector`, `code` (the vector again), `dimension`, `at_levels`, `owners` (those whose own
    may be seen), `candidates` (so many are compared exactly, or kept in view; of what may be seen a quarter, but not
    less than `fewest`), `cells` (the codes of so many are
    compared), `k`; where codes are `held`, `likely` (the numbers of rows in cells that are compared exactly; SQLite's
    alone).
    """

    inherit_cache = True
    name = "nearest_vectors"

    def __init__(self, *, owned: bool, held: bool = False) -> None:
        self.owned, self.held = owned, held
        self.binds: dict[str, BindParameter[Any]] = {
            "index_id": bindparam("index_id", type_=Id),
            "vector": bindparam("vector", type_=Vector),
            "code": bindparam("code", type_=Code),
            "dimension": bindparam("dimension", type_=Integer),
            "at_levels": bindparam("at_levels", type_=Texts),
            "fewest": bindparam("fewest", type_=Integer),
            "candidates": bindparam("candidates", type_=Integer),
            "cells": bindparam("cells", type_=Integer),
            "k": bindparam("k", type_=Integer),
        }
        if owned:
            self.binds["owners"] = bindparam("owners", type_=Ids)
        if held:
            self.binds["likely"] = bindparam("likely", type_=Texts)
        super().__init__(*self.binds.values(), TENANT)

    def found(self) -> TableValuedAlias:
        """As a FROM element with `item_id` and `similarity`."""
        return self.table_valued(column("item_id", Id), column("similarity"), name="found")


_SQLITE_ALONE = ("code", "fewest", "cells", "likely")


@compiles(nearest_vectors)
def _server_function(element: nearest_vectors, compiler: Any, **options: Any) -> str:
    """The tenant comes from the scope's settings there; `candidates` are what a scan keeps in view."""
    used = {name: bind for name, bind in element.binds.items() if name not in _SQLITE_ALONE}
    bound = {name: str(compiler.process(bind, **options)) for name, bind in used.items()}
    owners = f"{bound['owners']}::uuid[]" if element.owned else "NULL"
    index, vector, dimension = bound["index_id"], bound["vector"], bound["dimension"]
    most = f"{bound['k']}, {bound['candidates']}"
    return f"nearest_vectors({index}, {vector}, {dimension}, {bound['at_levels']}::text[], {owners}, {most})"


@compiles(nearest_vectors, "sqlite")
def _by_code(element: nearest_vectors, compiler: Any, **options: Any) -> str:
    """The candidates by their codes, which an index holds apart from the vectors; the best of them by the vectors.

    Where many vectors match, codes are compared of the nearest cells alone, and of what is in no cell yet; where codes
    are held in memory, here only of the latter.
    """
    bound = {name: str(compiler.process(bind, **options)) for name, bind in element.binds.items()}
    bound |= {"tenant": str(compiler.process(TENANT, **options)), "numbers": NUMBERS}
    owned = "AND owner_id IN (SELECT unhex(value) FROM json_each({owners}))" if element.owned else ""
    seen = "level IN (SELECT value FROM json_each({at_levels}))" + owned
    matching = (
        "FROM vectors INDEXED BY ix_vectors_cells WHERE tenant_id = {tenant} AND index_id = {index_id} AND " + seen
    )
    statement = _HELD if element.held else _IN_CELLS.replace("{CELLS_OF}", CELLS_OF)
    for name, text in (("{MATCHING}", matching), ("{FAR}", _FAR), ("{SEEN}", seen)):
        statement = statement.replace(name, text)
    return statement.format(**bound)


_FAR = "vec_distance_hamming(vec_bit(code), vec_bit({code}))"
_IN_CELLS = f"""(
    WITH near AS MATERIALIZED (
        SELECT cell FROM ({{CELLS_OF}}) ORDER BY vec_distance_cosine(centre, {{vector}}) LIMIT CASE
            WHEN (SELECT count(*) FROM (SELECT 1 {{MATCHING}} AND cell IS NOT NULL LIMIT {MANY})) < {MANY}
            THEN {CELLS} ELSE {{cells}} END
    )
    SELECT v.item_id AS item_id, max(-1.0, min(1.0, 1.0 - vec_distance_cosine(v.embedding, {{vector}}))) AS similarity
    FROM (
        SELECT rowid AS number, {{FAR}} AS far {{MATCHING}} AND cell IS NULL
        UNION ALL
        SELECT rowid, {{FAR}} {{MATCHING}} AND cell IN (SELECT cell FROM near)
        ORDER BY far LIMIT min({{candidates}}, max({{fewest}}, (
            SELECT count(*) FROM (SELECT 1 {{MATCHING}} LIMIT 4 * {{candidates}})
        ) / 4))
    ) AS likely
    CROSS JOIN vectors AS v ON v.rowid = likely.number
    WHERE v.tenant_id = {{tenant}}
    ORDER BY similarity DESC, item_id LIMIT {{k}}
)"""
_HELD = """(
    SELECT v.item_id AS item_id, max(-1.0, min(1.0, 1.0 - vec_distance_cosine(v.embedding, {vector}))) AS similarity
    FROM (
        SELECT value AS number, 1 AS in_cell FROM json_each({likely})
        UNION ALL
        SELECT number, 0 FROM (
            SELECT rowid AS number, {FAR} AS far {MATCHING} AND cell IS NULL ORDER BY far LIMIT {candidates}
        )
    ) AS likely
    CROSS JOIN vectors AS v ON v.rowid = likely.number
    WHERE v.tenant_id = {tenant} AND v.index_id = {index_id} AND (v.cell IS NOT NULL) = likely.in_cell
        AND v.{SEEN}
    ORDER BY similarity DESC, item_id LIMIT {k}
)"""
"""The numbers of rows come from memory, and may be those of other rows by now: everything is asked again."""


def insert_or_replace(table: Table, values: dict[str, Any]) -> Insert:
    """An INSERT that takes the place of the row with the same primary key."""
    row = insert(table).values(values)  # SQLite's compiler reads what this says, too
    keys = [column.name for column in table.primary_key]
    rest = {name: row.excluded[name] for name in values if name not in keys}
    return row.on_conflict_do_update(index_elements=keys, set_=rest)
