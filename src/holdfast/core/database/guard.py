"""The tenant guard: a statement on a scoped table without its tenant predicate is not made into a query.

It reads the statement's structure, not its text. In every SELECT, UPDATE and DELETE each scoped table must be held to
the scope's tenant by a condition that always applies (joined by AND at the top of WHERE, or of ON where the join cannot
let rows through without it): `table.tenant_id = :tenant_id`, or equality with the tenant_id of a table that is so held.
An INSERT must take its tenant_id from `:tenant_id`, or from a held table; an UPDATE cannot set it. The value of
`:tenant_id` is always the scope's own: a caller cannot give one. What the guard cannot read (a table by name, text) is
refused. One construct stands in for the predicate: `grants.granted(…)`, what another tenant shares, in a SELECT alone.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Delete, Insert, Select, Table, TextClause, Update
from sqlalchemy.sql import ClauseElement, operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import (
    AliasedReturnsRows,
    FromClause,
    Join,
    SelectBase,
    TableValuedAlias,
    TextualSelect,
)

from holdfast.core.errors import TenantGuardError

TENANT = "tenant_id"

Edge = tuple[Any, Any]
"""(a, None): `a` is held to the scope's tenant. (a, b): `a` is held if `b` is."""


class Granted(Grouping[bool]):
    """A condition that holds a table, and the table of grants, by a grant to the scope's tenant: see `grants`."""

    inherit_cache = True

    def __init__(self, table: Table, grants: Table, condition: ColumnElement[bool]) -> None:
        super().__init__(condition)
        self.opened = (table, grants)


def check(statement: ClauseElement) -> None:
    """Raise `TenantGuardError` unless every scoped table in `statement` is held to the scope's tenant."""
    changes = isinstance(statement, (Update, Delete, Insert))
    for part in visitors.iterate(statement):
        if changes and isinstance(part, Granted):
            raise TenantGuardError("what another tenant shares can be read alone; select it in a statement of its own")
        if isinstance(part, TextualSelect):
            raise TenantGuardError("a statement with text in place of a SELECT; write it in Core")
        if isinstance(part, Select):
            _check_select(part)
        elif isinstance(part, (Update, Delete)):
            _check_change(part)
        elif isinstance(part, Insert):
            _check_insert(part)


def _check_select(select: Select[Any]) -> None:
    froms = select.get_final_froms()
    edges = [edge for condition in select._where_criteria for edge in _edges(condition)]
    edges += [edge for source in froms for edge in _join_edges(source)]
    opened = {table for one in select._where_criteria if isinstance(one, Granted) for table in one.opened}
    _check_held([leaf for source in froms for leaf in _leaves(source) if leaf not in opened], edges)


def _check_change(change: Update | Delete) -> None:
    values = (getattr(change, "_values", None) or {}) if isinstance(change, Update) else {}
    if any(_name(column) == TENANT for column in values):
        raise TenantGuardError(f"UPDATE of {_name(change.table)!r} would move rows to another tenant")
    parts = [*change._where_criteria, *values.values()]
    for table in {column.table for part in parts for column in _columns_outside_selects(part)} - {change.table}:
        raise TenantGuardError(f"statement on {_name(table)!r} beside {_name(change.table)!r}; use a subquery")
    _check_held([*_leaves(change.table)], [edge for condition in change._where_criteria for edge in _edges(condition)])


def _check_insert(insert: Insert) -> None:
    if not _is_scoped(insert.table):
        return
    if insert.select is not None:
        given = _selected_tenant(insert)
        allowed = _is_scope_tenant(given) or _is_tenant_column(given)  # its SELECT is checked to be held
    else:
        named = {_name(column): value for column, value in (insert._values or {}).items()}
        allowed = _is_scope_tenant(named.get(TENANT))
    if not allowed:
        raise TenantGuardError(f"INSERT into {insert.table.name!r} must take tenant_id from :tenant_id")


def _selected_tenant(insert: Insert) -> Any:
    names = [_name(name) for name in insert._select_names or ()]
    if TENANT not in names or not isinstance(insert.select, Select):
        return None
    return list(insert.select.selected_columns)[names.index(TENANT)]


def _check_held(leaves: list[FromClause], edges: list[Edge]) -> None:
    held: set[Any] = set()
    while True:
        more = {target for target, source in edges if source is None or source in held} - held
        if not more:
            break
        held |= more
    for leaf in leaves:
        if _is_scoped(leaf) and leaf not in held:
            raise TenantGuardError(f"statement on {_name(leaf)!r} without its tenant predicate; hold it to :tenant_id")


def _leaves(source: Any) -> Iterator[FromClause]:
    """The tables, aliases and subqueries under joins. Refuses what cannot be read."""
    if isinstance(source, Join):
        yield from _leaves(source.left)
        yield from _leaves(source.right)
    elif isinstance(source, TextClause) or not _is_readable(_unwrapped(source)):
        raise TenantGuardError(f"statement on {_name(source)!r}, which is no table of the schema; declare it")
    else:
        yield source


def _unwrapped(source: Any) -> Any:
    """What an alias, a sample or a subquery is of."""
    while isinstance(source, AliasedReturnsRows) and not isinstance(source, TableValuedAlias):
        source = source.element
    return source


def _is_readable(source: Any) -> bool:
    return isinstance(source, (Table, SelectBase, TableValuedAlias))


def _is_scoped(source: Any) -> bool:
    table = _unwrapped(source)
    return isinstance(table, Table) and bool(table.info["scoped"])


def _name(source: Any) -> str:
    return str(getattr(source, "key", None) or getattr(source, "name", source))


def _join_edges(source: Any) -> Iterator[Edge]:
    """What ON conditions hold: both sides of an inner join, only the right one of a left join, none of a full one."""
    if not isinstance(source, Join):
        return
    yield from _join_edges(source.left)
    if not source.full:
        if source.isouter:
            right = set(_leaves(source.right))
            yield from (edge for edge in _edges(source.onclause) if edge[0] in right)
        else:
            yield from _edges(source.onclause)
            yield from _join_edges(source.right)


def _edges(condition: Any) -> Iterator[Edge]:
    if isinstance(condition, Granted):
        return
    if isinstance(condition, Grouping):
        yield from _edges(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for inner in condition.clauses:
            yield from _edges(inner)
    elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
        yield from _equality(condition.left, condition.right)


def _equality(left: Any, right: Any) -> Iterator[Edge]:
    for one, other in ((left, right), (right, left)):
        if _is_tenant_column(one) and _is_scope_tenant(other):
            yield one.table, None
        elif _is_tenant_column(one) and _is_tenant_column(other):
            yield one.table, other.table


def _columns_outside_selects(part: Any) -> Iterator[Any]:
    """The columns that a WHERE or SET uses itself; those inside a subquery are checked with it."""
    waiting: list[Any] = [part]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Column) and current.table is not None:
            yield current
        elif isinstance(current, ClauseElement) and not isinstance(current, SelectBase):
            waiting += _children(current)


def _children(element: ClauseElement) -> Iterable[Any]:
    return element.get_children()


def _is_tenant_column(part: Any) -> bool:
    return isinstance(part, Column) and part.name == TENANT


def _is_scope_tenant(part: Any) -> bool:
    return isinstance(part, BindParameter) and part.key == TENANT and not part.unique
