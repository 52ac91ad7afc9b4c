"""Rows by their keys, many at a time, each looked up by itself in the primary key.

Before PostgreSQL knows how large a part of a table is, it takes it for one row, and reads all of it to compare it with
a list. So it is made to look up one key after the other; SQLite does that unasked.
"""

from typing import Any

from sqlalchemy import Table, bindparam, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias

from holdfast.core.database.query import TENANT
from holdfast.core.database.text_match import Texts
from holdfast.core.database.types import Id


class rows_by_key(FunctionElement[Any]):  # noqa: N801  # reads as the function it is
    """The tenant's rows of `table` within `within` (a parameter, an id) whose key is one of `keys` (a parameter).

    `most`: of one key at most so many. They are kept from others until the transaction ends.
    """

    inherit_cache = True
    name = "rows_by_key"

    def __init__(self, table: Table, *columns: str, within: str, key: str, most: int) -> None:
        self.names = ", ".join(f"r.{name}" for name in columns)
        self.table_name, self.within, self.key, self.most = table.name, within, key, most
        self.made = [column(name, table.c[name].type) for name in columns]
        super().__init__(TENANT, bindparam(within, type_=Id), bindparam("keys", type_=Texts))

    def found(self) -> TableValuedAlias:
        """As a FROM element with those columns."""
        return self.table_valued(*self.made, name="found")


@compiles(rows_by_key)
def _one_by_one(element: rows_by_key, compiler: Any, **options: Any) -> str:
    tenant, within, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"(SELECT f.* FROM json_array_elements_text({keys}::json) AS w CROSS JOIN LATERAL ("
        f"SELECT {element.names} FROM {element.table_name} AS r WHERE r.tenant_id = {tenant}"
        f' AND r.{element.within} = {within} AND r.{element.key} = w.value COLLATE "C"'
        f" LIMIT {element.most} FOR UPDATE) AS f)"
    )


@compiles(rows_by_key, "sqlite")
def _at_once(element: rows_by_key, compiler: Any, **options: Any) -> str:
    tenant, within, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"(SELECT {element.names} FROM {element.table_name} AS r WHERE r.tenant_id = {tenant}"
        f" AND r.{element.within} = {within} AND r.{element.key} IN (SELECT w.value FROM json_each({keys}) AS w))"
    )
