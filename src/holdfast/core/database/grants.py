"""Reading what another tenant shares: the one condition by which a statement reaches rows that are not its tenant's.

`granted(table, grants, …)` says of a SELECT's table that its rows are of a tenant which granted them to the scope's: it
joins the table of grants, which is held by the column that names the reader. The guard takes this construct as a
condition of its own in a SELECT's WHERE, in place of the tenant's predicate; nothing else is held by it, and no UPDATE,
DELETE or INSERT may contain one. Which tables can be granted the table of grants declares (`opens`). On PostgreSQL the
tables' policies ask for the grant again, whatever a statement says. A grant by a tenant that is suspended is none.
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Table, and_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from holdfast.core.database.guard import Granted
from holdfast.core.database.query import TENANT
from holdfast.core.errors import TenantGuardError

READER = "reader_id"
"""The column of a table of grants that names the tenant which may read."""


def granted(table: Table, grants: Table, *, by: str, to: str, also: ColumnElement[bool]) -> Granted:
    """Rows of `table` that a tenant granted to the scope's own: where its column `by` is that of grants named `to`.

    `also`: what else the grant must let through. Raises `TenantGuardError` for a table that cannot be granted.
    """
    if table.name not in grants.info.get("opens", ()):
        raise TenantGuardError(f"{table.name!r} is not what {grants.name!r} opens to other tenants; declare it there")
    g = grants.c
    same = and_(g.tenant_id == table.c.tenant_id, g[to] == table.c[by])
    return Granted(table, grants, and_(g[READER] == TENANT, is_active(g.tenant_id), same, also))


class is_active(FunctionElement[Any]):  # noqa: N801  # reads as the function it is
    """Whether a tenant, by its id, is not suspended: a scope sees of another tenant no more than this."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, tenant: ColumnElement[Any]) -> None:
        super().__init__(tenant)


@compiles(is_active)
def _asked(element: is_active, compiler: Any, **options: Any) -> str:
    """A function of the operator's: the table of tenants is closed to others."""
    return f"tenant_is_active({compiler.process(element.clauses, **options)})"


@compiles(is_active, "sqlite")
def _looked_up(element: is_active, compiler: Any, **options: Any) -> str:
    tenant = compiler.process(element.clauses, **options)
    return f"EXISTS (SELECT 1 FROM tenants AS a WHERE a.id = {tenant} AND a.status = 'active')"  # noqa: S608  # a column's name
