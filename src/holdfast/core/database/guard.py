"""The tenant guard: a statement on a scoped table without its tenant predicate is not made into a query.

It reads the statement's structure, not its text. In every SELECT, UPDATE and DELETE each scoped table must be
held to the scope's tenant by a condition that always applies (joined by AND at the top of WHERE or ON):
`table.tenant_id = :tenant_id`, or equality with the tenant_id of a table that is so held. An INSERT must take
its tenant_id from `:tenant_id`. The value of `:tenant_id` is always the scope's own: a caller cannot give one.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import BindParameter, Column, Delete, Insert, Select, Table, Update
from sqlalchemy.sql import ClauseElement, operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import Alias, FromClause, Join

from holdfast.core.errors import TenantGuardError

TENANT = "tenant_id"


def check(statement: ClauseElement) -> None:
    """Raise `TenantGuardError` unless every scoped table in `statement` is held to the scope's tenant."""
    for part in visitors.iterate(statement):
        if isinstance(part, Select):
            _check_held(_sources(part.get_final_froms()), [*part._where_criteria, *_join_conditions(part)])
        elif isinstance(part, (Update, Delete)):
            _check_held(_sources([part.table]), part._where_criteria)
        elif isinstance(part, Insert):
            _check_insert(part)


def _check_held(sources: list[FromClause], conditions: Iterable[Any]) -> None:
    wanted = {source for source in sources if _is_scoped(source)}
    equalities = [pair for condition in conditions for pair in _tenant_equalities(condition)]
    held: set[Any] = {source for source, other in equalities if other is None}
    while True:
        more = {s for s, o in equalities if o in held} | {o for s, o in equalities if o is not None and s in held}
        if more <= held:
            break
        held |= more
    for source in wanted - held:
        raise TenantGuardError(f"statement on {_name(source)!r} without its tenant predicate; hold it to :tenant_id")


def _check_insert(statement: Insert) -> None:
    if not _is_scoped(statement.table) or statement.select is not None:
        return  # the SELECT of an INSERT … SELECT is checked as such
    given = {getattr(name, "key", name): value for name, value in (statement._values or {}).items()}.get(TENANT)
    if not _is_scope_tenant(given):
        raise TenantGuardError(f"INSERT into {statement.table.name!r} must take tenant_id from :tenant_id")


def _sources(froms: Iterable[Any]) -> list[FromClause]:
    found: list[FromClause] = []
    for source in froms:
        if isinstance(source, Join):
            found.extend(_sources([source.left, source.right]))
        else:
            found.append(source)
    return found


def _join_conditions(select: Select[Any]) -> Iterator[Any]:
    for source in select.get_final_froms():
        yield from _conditions_in(source)


def _conditions_in(source: Any) -> Iterator[Any]:
    if isinstance(source, Join):
        yield source.onclause
        yield from _conditions_in(source.left)
        yield from _conditions_in(source.right)


def _is_scoped(source: Any) -> bool:
    table = source.element if isinstance(source, Alias) else source
    return isinstance(table, Table) and bool(table.info["scoped"])


def _name(source: Any) -> str:
    return str(getattr(source, "name", source))


def _tenant_equalities(condition: Any) -> Iterator[tuple[Any, Any]]:
    """(source, None) for `source.tenant_id = :tenant_id`; (source, other) for an equality of two tenant_ids."""
    if isinstance(condition, Grouping):
        yield from _tenant_equalities(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for inner in condition.clauses:
            yield from _tenant_equalities(inner)
    elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
        yield from _equality(condition.left, condition.right)


def _equality(left: Any, right: Any) -> Iterator[tuple[Any, Any]]:
    if _is_tenant_column(left) and _is_scope_tenant(right):
        yield left.table, None
    elif _is_tenant_column(right) and _is_scope_tenant(left):
        yield right.table, None
    elif _is_tenant_column(left) and _is_tenant_column(right):
        yield left.table, right.table


def _is_tenant_column(part: Any) -> bool:
    return isinstance(part, Column) and part.name == TENANT


def _is_scope_tenant(part: Any) -> bool:
    return isinstance(part, BindParameter) and part.key == TENANT
