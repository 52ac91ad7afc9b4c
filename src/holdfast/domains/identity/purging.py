"""What is deleted of a tenant, and in which order: found from the tables themselves, so that new rooms are included."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, insert, or_, select
from sqlalchemy.sql.dml import Delete

from holdfast.core.clock import now
from holdfast.core.database import Query, Transaction
from holdfast.core.database.grants import READER
from holdfast.core.database.schema import every_table
from holdfast.core.database.text_search import forget_deleted_words
from holdfast.core.database.types import Id
from holdfast.core.vectors import leave_outside_tenant
from holdfast.domains.identity.queries import IN
from holdfast.domains.identity.tables import memberships, purges, tenants, users

_OF_USER = bindparam("of_user", type_=Id)

_members = Query(select(memberships.c.user_id).where(memberships.c.tenant_id == IN), operator=True)

_begin = Query(insert(purges), operator=True)

_end = Query(delete(purges).where(purges.c.tenant_id == IN), operator=True)

_delete_tenant = Query(delete(tenants).where(tenants.c.id == IN), operator=True)

_belongs_elsewhere = exists().where(memberships.c.user_id == _OF_USER)
_is_needed = Query(
    select(users.c.id).where(users.c.id == _OF_USER, (users.c.platform_role != "user") | _belongs_elsewhere),
    operator=True,
)


def purge(tx: Transaction, tenant_id: UUID) -> dict[str, int]:
    """Delete every row of a tenant but those that outlive it, and its people where no other tenant has them.

    How many rows of each table.
    """
    gone = {"in_tenant": tenant_id}
    tx.run(_begin, {"tenant_id": tenant_id, "started_at": now()})
    people = [user_id for (user_id,) in tx.all(_members, gone)]
    leave_outside_tenant(tx, tenant_id)
    counts = {name: tx.run(query, gone) for name, query in _of_tenant().items()}
    tx.run(_delete_tenant, gone)
    for user_id in people:
        delete_person(tx, user_id)
    forget_deleted_words(tx)
    tx.run(_end, gone)
    return {name: count for name, count in counts.items() if count > 0}


def delete_person(tx: Transaction, user_id: UUID) -> None:
    """Delete who is in no tenant any more, and has no role on the platform."""
    if tx.first(_is_needed, {"of_user": user_id}) is None:
        for query in _of_user():
            tx.run(query, {"of_user": user_id})


@cache
def _of_tenant() -> dict[str, Query[tuple[Any, ...]]]:
    """One statement for each table with a tenant, those that refer to others first."""
    tables = [
        table
        for table in reversed(every_table())
        if "tenant_id" in table.c and not table.info["outlives"] and table is not purges
    ]
    return {table.name: _operators(delete(table).where(_concerns(table))) for table in tables}


def _concerns(table: Table) -> ColumnElement[bool]:
    """What is the tenant's, and what another tenant granted it."""
    its = table.c.tenant_id == IN
    return or_(its, table.c[READER] == IN) if table.info.get("opens") else its


@cache
def _of_user() -> tuple[Query[tuple[Any, ...]], ...]:
    """What is kept of a person outside any tenant, then the person."""
    tables = [
        table
        for table in reversed(every_table())
        if table.info.get("scoped") is False
        and any(key.referred_table is users for key in table.foreign_key_constraints)
    ]
    statements = [delete(table).where(table.c.user_id == _OF_USER) for table in tables]
    return (*map(_operators, statements), _operators(delete(users).where(users.c.id == _OF_USER)))


def _operators(statement: Delete) -> Query[tuple[Any, ...]]:
    return Query(statement, operator=True)
