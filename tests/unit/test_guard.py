"""The tenant guard: a statement that does not hold every scoped table to the scope's tenant never runs."""

import importlib
import pkgutil
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import (
    and_,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    table,
    text,
    true,
    update,
)

import holdfast.core
import holdfast.domains
from holdfast.core.database import ACTOR, TENANT, Query
from holdfast.core.database.grants import granted
from holdfast.core.database.transaction import Transaction
from holdfast.core.errors import TenantGuardError
from holdfast.core.scope import OPERATOR, Scope
from holdfast.domains.conversations.tables import conversations, messages, summaries
from holdfast.domains.identity.tables import users
from holdfast.domains.records import read_queries
from holdfast.domains.records.tables import record_grants, records

c, m, s = conversations.c, messages.c, summaries.c
a = conversations.alias("a")
held, same = c.tenant_id == TENANT, m.tenant_id == c.tenant_id
OTHER = bindparam("other")

ALLOWED = {
    "held": select(c.id).where(held),
    "held from the other side": select(c.id).where(c.tenant_id == TENANT),
    "held among others": select(c.id).where(c.id == OTHER, held, or_(c.title.is_(None), c.title == "x")),
    "held in an and": select(c.id).where(and_(c.id == OTHER, and_(held, true()))),
    "joined by the tenant": select(m.id)
    .join(conversations, same & (c.id == m.conversation_id))
    .where(m.tenant_id == TENANT),
    "each held": select(m.id).join(conversations, (c.id == m.conversation_id) & held).where(m.tenant_id == TENANT),
    "held in an inner join": select(m.id).join(conversations, held & same),
    "left join held in its own condition": select(c.id).outerjoin(messages, same & (m.seq == 1)).where(held),
    "chain of three": select(s.text).join(conversations, s.tenant_id == c.tenant_id).join(messages, same).where(held),
    "alias": select(a.c.id).where(a.c.tenant_id == TENANT),
    "subquery": select(select(c.id).where(held).subquery().c.id),
    "exists held": select(c.id).where(held, exists().where(m.tenant_id == TENANT, same, m.conversation_id == c.id)),
    "union": select(c.id).where(held).union_all(select(m.id).where(m.tenant_id == TENANT)),
    "update": update(conversations).where(held).values(title="x"),
    "delete": delete(conversations).where(held),
    "insert": insert(conversations).values(tenant_id=TENANT, id=OTHER),
    "insert select": insert(summaries).from_select(["tenant_id", "text"], select(c.tenant_id, c.title).where(held)),
    "cte": select(select(c.id).where(held).cte("own").c.id),
    "no scoped table": select(func.now()),
}

_open = granted(records, record_grants, by="set_id", to="set_id", also=true())
ALLOWED["granted"] = select(records.c.key).where(_open, records.c.key == OTHER)

REFUSED = {
    "granted within another condition": select(records.c.key).where(and_(records.c.key == OTHER, _open)),
    "granted or not": select(records.c.key).where(or_(_open, records.c.key == OTHER)),
    "not granted": select(records.c.key).where(not_(_open)),
    "granted, another table beside it": select(records.c.key).where(_open, c.id == OTHER),
    "held by one that is granted": select(c.id).where(_open, c.tenant_id == records.c.tenant_id),
    "held by the grants": select(c.id).where(_open, c.tenant_id == record_grants.c.tenant_id),
    "granted under another name": select(records.alias("r").c.key).where(_open, records.alias("r").c.key == OTHER),
    "granted to be changed": update(records).where(_open).values(version=1),
    "granted to be deleted": delete(records).where(_open),
    "granted for a change": update(conversations).where(held, exists().where(_open)).values(title="x"),
    "granted to be copied": insert(summaries).from_select(
        ["tenant_id", "text"], select(records.c.tenant_id, records.c.key).where(_open)
    ),
    "grants alone": select(record_grants.c.set_id).where(record_grants.c.reader_id == TENANT),
    "nothing": select(c.id),
    "another condition": select(c.id).where(c.id == OTHER),
    "a value of its own": select(c.id).where(c.tenant_id == uuid4()),
    "a parameter of another name": select(c.id).where(c.tenant_id == bindparam("tenant")),
    "another parameter of the same name": select(c.id).where(
        c.tenant_id == bindparam("tenant_id", uuid4(), unique=True)
    ),
    "the actor instead": select(c.id).where(c.tenant_id == ACTOR),
    "a set of tenants": select(c.id).where(c.tenant_id.in_([uuid4()])),
    "not equal": select(c.id).where(c.tenant_id != TENANT),
    "negated": select(c.id).where(not_(held)),
    "negated and": select(c.id).where(not_(and_(held, c.id == OTHER))),
    "or": select(c.id).where(or_(held, c.id == OTHER)),
    "or inside and": select(c.id).where(and_(c.id == OTHER, or_(held, true()))),
    "its own tenant": select(c.id).where(c.tenant_id == c.tenant_id),
    "joined table unguarded": select(m.id).join(conversations, c.id == m.conversation_id).where(m.tenant_id == TENANT),
    "joined to each other, neither held": select(m.id).join(conversations, same),
    "a second table in from": select(m.id, c.id).where(m.tenant_id == TENANT),
    "the held one is an alias": select(a.c.id, c.id).where(a.c.tenant_id == TENANT),
    "the alias is not held": select(a.c.id).join(conversations, a.c.id == c.parent_id).where(held),
    "left join holds the outer table in ON only": select(c.id).outerjoin(messages, and_(held, same)),
    "full join held in ON only": select(c.id).join(messages, and_(held, same), full=True),
    "subquery": select(select(c.id).subquery().c.id),
    "scalar subquery": select(c.id, select(func.count(m.id)).scalar_subquery()).where(held),
    "exists": select(c.id).where(held, exists().where(m.conversation_id == c.id)),
    "in": select(c.id).where(held, c.id.in_(select(m.conversation_id))),
    "cte": select(select(c.id).cte("all").c.id),
    "lateral": select(c.id).join(select(m.id).where(m.conversation_id == c.id).lateral(), true()).where(held),
    "one half of a union": select(c.id).where(held).union_all(select(m.id)),
    "sample": select(conversations.tablesample(10).c.id),
    "a table known by name only": select(column("content")).select_from(table("messages", column("content"))),
    "text in place of a table": select(text("content")).select_from(text("messages")),
    "update": update(conversations).values(title="x"),
    "update or": update(conversations).where(or_(held, true())).values(title="x"),
    "update from": update(conversations).where(held, c.id == m.conversation_id).values(title=m.content),
    "update with a subquery": update(conversations)
    .where(held)
    .values(title=select(m.content).limit(1).scalar_subquery()),
    "update that moves rows": update(conversations).where(held).values(tenant_id=OTHER),
    "delete": delete(conversations).where(c.id == OTHER),
    "delete using": delete(conversations).where(held, c.id == m.conversation_id),
    "delete in a subquery": delete(conversations).where(held, c.id.in_(select(m.conversation_id))),
    "insert without": insert(conversations).values(id=OTHER),
    "insert of another": insert(conversations).values(tenant_id=OTHER),
    "insert of a value": insert(conversations).values(tenant_id=uuid4()),
    "insert of nothing": insert(conversations),
    "insert of many": insert(conversations).values([{"tenant_id": uuid4()}, {"tenant_id": uuid4()}]),
    "insert select unguarded": insert(summaries).from_select(["tenant_id", "text"], select(c.tenant_id, c.title)),
    "insert select of another": insert(summaries).from_select(
        ["tenant_id", "text"], select(OTHER, c.title).where(held)
    ),
    "insert select of a value": insert(summaries).from_select(["tenant_id"], select(literal(1))),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_a_statement_that_is_held_passes(case):
    Query(ALLOWED[case]).check()


@pytest.mark.parametrize("case", REFUSED)
def test_a_statement_that_is_not_held_never_runs(case):
    query = Query(REFUSED[case])
    tenant = transaction(Scope(role="admin", tenant_id=uuid4(), actor_id=uuid4()))
    for run in (tenant.all, tenant.first, tenant.run, lambda query: tenant.many(query, [{}])):
        with pytest.raises(TenantGuardError, match="statement|UPDATE|INSERT") as caught:  # each time, and not once
            run(query)
        assert caught.value.code == "tenant_guard"


def test_the_error_names_the_table():
    with pytest.raises(TenantGuardError, match="statement on 'conversations' without its tenant predicate"):
        Query(select(c.id)).check()


def queries_of(value):
    """The statements in a module's value: itself, or what a container has."""
    if isinstance(value, Query):
        yield value
    elif isinstance(value, dict):
        yield from queries_of(tuple(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from queries_of(part)


def test_every_statement_of_every_module_passes():
    found = {}
    for package in (holdfast.core, holdfast.domains):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if name.startswith("__"):  # Python's own, such as everything that is built in
                    continue
                for query in queries_of(value):
                    found[id(query)] = (f"{module.name}.{name}", query)
    assert len(found) > 450
    for where, query in found.values():
        try:
            query.check()
        except (TenantGuardError, TypeError) as error:
            pytest.fail(f"{where}: {error}")


class NoCursor:
    """Nothing may reach a database in these tests."""

    rowcount = 0

    def execute(self, *_):
        raise AssertionError("a statement was run")

    executemany = fetchall = execute


def transaction(scope):
    from holdfast.core.database.sqlite import SqliteEngine

    return Transaction(NoCursor(), SqliteEngine.dialect, scope, "own")


@pytest.mark.parametrize("run", ["all", "first", "run"])
def test_an_operators_query_does_not_run_within_a_tenant(run):
    tenant = Scope(role="admin", tenant_id=uuid4(), actor_id=uuid4())
    with pytest.raises(TenantGuardError, match="operator's query was run within a tenant"):
        getattr(transaction(tenant), run)(Query(select(users.c.id), operator=True))
    with pytest.raises(TenantGuardError):
        transaction(tenant).many(Query(insert(users), operator=True), [{}])


@pytest.mark.parametrize("run", ["all", "first", "run"])
def test_a_tenants_query_does_not_run_without_a_tenant(run):
    for scope in (OPERATOR, Scope(role="member")):
        with pytest.raises(TenantGuardError, match="without a tenant"):
            getattr(transaction(scope), run)(Query(select(c.id).where(held)))


def test_the_tenant_of_a_statement_is_the_scopes_own_whatever_is_given():
    given = {}

    class Cursor(NoCursor):
        def execute(self, sql, values):
            given["values"] = values

        def fetchall(self):
            return []

    from holdfast.core.database.sqlite import SqliteEngine

    scope = Scope(role="member", tenant_id=uuid4(), actor_id=uuid4())
    tx = Transaction(Cursor(), SqliteEngine.dialect, scope, "own")
    tx.all(Query(select(c.id).where(held, c.owner_id == ACTOR)), {"tenant_id": uuid4(), "actor_id": uuid4()})
    assert given["values"] == [scope.tenant_id.bytes, scope.actor_id.bytes]


def test_what_cannot_be_granted_is_refused():
    with pytest.raises(TenantGuardError, match="declare it there"):
        granted(conversations, record_grants, by="id", to="set_id", also=true())


def test_the_statements_that_read_by_grant_are_these_alone():
    """Whoever makes another one comes by here: it is read once more before it is let in."""
    source = Path(holdfast.__file__).parent
    users_of = {str(path.relative_to(source)) for path in source.rglob("*.py") if "import granted" in path.read_text()}
    assert users_of == {"domains/records/read_queries.py"}
    assert Path(read_queries.__file__).read_text().count("granted(") == 3
