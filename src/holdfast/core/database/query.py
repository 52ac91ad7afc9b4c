"""Query: a statement written in SQLAlchemy Core, checked by the tenant guard, compiled once per engine.

SQLAlchemy writes the SQL; the driver's own cursor runs it. Its executor costs 100–145 µs a statement, more
than the statements themselves; compiled once, the same portable text costs the driver's price.
"""

from typing import Any, Generic, TypeVar, overload

from sqlalchemy import BindParameter, Delete, Dialect, Insert, Select, Update, bindparam
from sqlalchemy.sql.selectable import CompoundSelect

from holdfast.core.database import guard, secrets
from holdfast.core.database.prepared import Prepared
from holdfast.core.database.types import Id

T = TypeVar("T")
Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete

TENANT = bindparam("tenant_id", type_=Id)
ACTOR = bindparam("actor_id", type_=Id)
REACH: BindParameter[str] = bindparam("reach")
LEVELS: BindParameter[str] = bindparam("levels")
"""The scope's clearance levels, as one text: `CD`; empty for none."""


class Query(Generic[T]):
    """A statement and what its rows become.

    `into`: a frozen dataclass whose fields the columns fill (absent ones keep their default), or None for
    plain tuples. `operator=True` leaves the tenant guard aside; only the operator's transactions run those.
    Raises `TenantGuardError` where it is defined, so a module with an unguarded statement does not import; TypeError
    for one that touches a `Secret` without the columns that identify its row.
    """

    @overload
    def __init__(
        self: "Query[tuple[Any, ...]]", statement: Statement, into: None = None, *, operator: bool = False
    ) -> None: ...
    @overload
    def __init__(self, statement: Statement, into: type[T], *, operator: bool = False) -> None: ...
    def __init__(self, statement: Statement, into: Any = None, *, operator: bool = False) -> None:
        if not operator:
            guard.check(statement)
        secrets.check(statement, operator=operator)
        self.statement = statement
        self.into = into
        self.operator = operator
        self._prepared: dict[str, Prepared[T]] = {}

    def prepared(self, dialect: Dialect) -> "Prepared[T]":
        """This query for one engine."""
        made = self._prepared.get(dialect.name)
        if made is None:
            made = self._prepared[dialect.name] = secrets.prepare(
                self.statement, dialect, self.into, operator=self.operator
            )
        return made
