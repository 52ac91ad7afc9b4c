"""Query: a statement written in SQLAlchemy Core, checked by the tenant guard, compiled once per engine.

SQLAlchemy writes the SQL; the driver's own cursor runs it. Its executor costs 100–145 µs a statement, more
than the statements themselves; compiled once, the same portable text costs the driver's price.
"""

from typing import Any, Generic, TypeVar, overload

from sqlalchemy import BindParameter, Delete, Dialect, Insert, Select, Update, bindparam
from sqlalchemy.sql.selectable import CompoundSelect

from holdfast.core.database import guard, secrets
from holdfast.core.database.columns import Filling
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
    It is checked once, before it is compiled for the first engine: reading all of them took a quarter of the time that
    Holdfast takes to import. What fails the check can never run; a test walks every statement of every module.
    """

    @overload
    def __init__(
        self: "Query[tuple[Any, ...]]", statement: Statement, into: None = None, *, operator: bool = False
    ) -> None: ...
    @overload
    def __init__(self, statement: Statement, into: type[T], *, operator: bool = False) -> None: ...
    def __init__(self, statement: Statement, into: Any = None, *, operator: bool = False) -> None:
        self.statement = statement
        self.into = into
        self.operator = operator
        self._prepared: dict[str, Prepared[T]] = {}
        self._fillings: dict[tuple[str, tuple[str, ...]], Filling] = {}

    def check(self) -> None:
        """Raise `TenantGuardError` for a scoped table that is not held to the scope's tenant, unless it is an
        operator's; TypeError for a `Secret` without the columns that identify its row.
        """
        if not self.operator:
            guard.check(self.statement)
        secrets.check(self.statement, operator=self.operator)

    def prepared(self, dialect: Dialect) -> "Prepared[T]":
        """This query for one engine. Raises what `check` raises."""
        made = self._prepared.get(dialect.name)
        if made is None:
            if not self._prepared:
                self.check()
            made = self._prepared[dialect.name] = secrets.prepare(
                self.statement, dialect, self.into, operator=self.operator
            )
        return made

    def filling(self, dialect: Dialect, each: tuple[str, ...]) -> Filling:
        """This INSERT for one engine, filled from columns of those names. Raises what `check` raises, TypeError for one
        that seals or hashes: that is done row by row.
        """
        made = self._fillings.get((dialect.name, each))
        if made is None:
            if type(self.prepared(dialect)) is not Prepared:
                raise TypeError(
                    "an INSERT with secrets or keyed hashes is not filled from columns; run it for each row"
                )
            made = self._fillings[dialect.name, each] = Filling(self.prepared(dialect), each, dialect.name)
        return made
