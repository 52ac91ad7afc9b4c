"""What a look into PostgreSQL's catalogue tells: each lint finds nothing here, and finds what is planted.

Ours, after the well-known ones of hosted PostgreSQL: a rule each, so that a new table or function cannot forget one.
"""

from dataclasses import dataclass

import psycopg
import pytest

APP = "holdfast_app"


@dataclass(frozen=True)
class Lint:
    """A query that names offenders, and statements that plant one."""

    name: str
    query: str
    plant: tuple[str, ...]
    found: str


_TABLE = "FROM pg_class c WHERE c.relnamespace = 'holdfast'::regnamespace AND c.relkind IN ('r', 'p')"
_OPEN = "CREATE TABLE planted (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id))"
_LOCKED = ("ALTER TABLE planted ENABLE ROW LEVEL SECURITY", "ALTER TABLE planted FORCE ROW LEVEL SECURITY")

LINTS = (
    Lint(
        "a table or partition without row-level security, enabled and forced",
        f"SELECT c.relname {_TABLE} AND c.relname <> 'holdfast_schema'"
        " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        (_OPEN, "ALTER TABLE planted ENABLE ROW LEVEL SECURITY"),
        "planted",
    ),
    Lint(
        "a partition whose parent is protected and which is not",
        f"SELECT c.relname {_TABLE} AND c.relispartition AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        (
            "CREATE TABLE planted (tenant_id uuid, at date) PARTITION BY RANGE (at)",
            *_LOCKED,
            "CREATE TABLE planted_2026 PARTITION OF planted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        ),
        "planted_2026",
    ),
    Lint(
        "row-level security without a policy: nobody could read it, or somebody forgot",
        f"SELECT c.relname {_TABLE} AND c.relrowsecurity AND NOT EXISTS"
        " (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)",
        (_OPEN, *_LOCKED),
        "planted",
    ),
    Lint(
        "a policy on a table whose row-level security is off",
        f"SELECT c.relname {_TABLE} AND NOT c.relrowsecurity AND EXISTS"
        " (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)",
        (_OPEN, "CREATE POLICY p ON planted USING (true)"),
        "planted",
    ),
    Lint(
        "a policy of the application role that lets every row through",
        "SELECT tablename FROM pg_policies WHERE schemaname = 'holdfast' AND 'holdfast_app' = ANY (roles)"
        " AND (qual = 'true' OR with_check = 'true')",
        (_OPEN, f"CREATE POLICY p ON planted TO {APP} USING (true)"),
        "planted",
    ),
    Lint(
        "a policy for everybody, not for a role",
        "SELECT tablename FROM pg_policies WHERE schemaname = 'holdfast' AND roles = '{public}'",
        (_OPEN, "CREATE POLICY p ON planted USING (tenant_id IS NULL)"),
        "planted",
    ),
    Lint(
        "a policy that asks for the scope once a row, not once a statement",
        "SELECT tablename FROM pg_policies WHERE schemaname = 'holdfast' AND regexp_replace("
        r"coalesce(qual, '') || coalesce(with_check, ''), 'SELECT [(]*((NULLIF|COALESCE)[(])?current_setting', '', 'g')"
        " ~ 'current_setting[(]'",
        (
            _OPEN,
            f"CREATE POLICY p ON planted TO {APP} USING (tenant_id = current_setting('holdfast.tenant_id')::uuid)",
        ),
        "planted",
    ),
    Lint(
        "more than one permissive policy of a role on a table: either lets a row through",
        "SELECT tablename FROM pg_policies, unnest(roles) role WHERE schemaname = 'holdfast'"
        " AND permissive = 'PERMISSIVE' GROUP BY tablename, role HAVING count(*) > 1",
        (_OPEN, *(f"CREATE POLICY p{n} ON planted TO {APP} USING (id IS NULL)" for n in (1, 2))),
        "planted",
    ),
    Lint(
        "a view that runs with its owner's rights",
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'holdfast'::regnamespace AND c.relkind = 'v'"
        " AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false)",
        ("CREATE VIEW planted AS SELECT * FROM messages",),
        "planted",
    ),
    Lint(
        "a materialized view or a foreign table: no policy can protect it",
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'holdfast'::regnamespace AND c.relkind IN ('m', 'f')",
        ("CREATE MATERIALIZED VIEW planted AS SELECT * FROM messages",),
        "planted",
    ),
    Lint(
        "a function with its owner's rights whose search path the caller chooses",
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'holdfast'::regnamespace AND p.prosecdef"
        " AND NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)",
        ("CREATE FUNCTION planted() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",),
        "planted",
    ),
    Lint(
        "a function with its owner's rights that everybody may call, or that a superuser owns",
        "SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
        " WHERE p.pronamespace = 'holdfast'::regnamespace AND p.prosecdef"
        " AND (r.rolsuper OR has_function_privilege('public', p.oid, 'EXECUTE'))",
        ("CREATE FUNCTION planted() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",),
        "planted",
    ),
    Lint(
        "a grant on a partition: it would bypass the parent's policies",
        f"SELECT c.relname {_TABLE} AND c.relispartition AND EXISTS (SELECT FROM aclexplode(c.relacl) a"
        " JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname LIKE 'holdfast%')",
        (
            "CREATE TABLE planted (tenant_id uuid, at date) PARTITION BY RANGE (at)",
            "CREATE TABLE planted_2026 PARTITION OF planted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
            f"GRANT SELECT ON planted_2026 TO {APP}",
        ),
        "planted_2026",
    ),
    Lint(
        "a grant to everybody",
        f"SELECT c.relname {_TABLE} AND EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0)",
        (_OPEN, "GRANT SELECT ON planted TO PUBLIC"),
        "planted",
    ),
    Lint(
        "more than reading and writing rows granted to the application role",
        f"SELECT c.relname {_TABLE} AND EXISTS (SELECT FROM aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee"
        f" WHERE r.rolname = '{APP}' AND a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))",
        (_OPEN, f"GRANT TRUNCATE ON planted TO {APP}"),
        "planted",
    ),
    Lint(
        "the application role may make objects",
        f"SELECT nspname FROM pg_namespace WHERE nspname = 'holdfast' AND has_schema_privilege('{APP}', oid, 'CREATE')",
        (f"GRANT CREATE ON SCHEMA holdfast TO {APP}",),
        "holdfast",
    ),
    Lint(
        "a table without a primary key",
        f"SELECT c.relname {_TABLE} AND NOT EXISTS"
        " (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)",
        ("CREATE TABLE planted (a int)",),
        "planted",
    ),
    Lint(
        "two indexes that are the same",
        "SELECT min(i.indexrelid::regclass::text) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " WHERE c.relnamespace = 'holdfast'::regnamespace GROUP BY i.indrelid, i.indkey::text, i.indclass::text,"
        " coalesce(pg_get_expr(i.indexprs, i.indrelid), ''), coalesce(pg_get_expr(i.indpred, i.indrelid), '')"
        " HAVING count(*) > 1",
        (_OPEN, "CREATE INDEX planted_a ON planted (id)", "CREATE INDEX planted_b ON planted (id)"),
        "planted_a",
    ),
    Lint(
        "a foreign key or unique constraint of a tenant's table that leaves the tenant out",
        "SELECT k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
        " JOIN pg_class f ON f.oid = coalesce(nullif(k.confrelid, 0), k.conrelid)"
        " JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id' AND t.attnotnull"
        " WHERE c.relnamespace = 'holdfast'::regnamespace AND k.contype IN ('f', 'u', 'p')"
        " AND k.conkey[1] <> t.attnum AND EXISTS"
        " (SELECT FROM pg_attribute a WHERE a.attrelid = f.oid AND a.attname = 'tenant_id' AND a.attnotnull)"
        " AND EXISTS (SELECT FROM pg_constraint p"
        " WHERE p.conrelid = c.oid AND p.contype = 'p' AND p.conkey[1] = t.attnum)",
        ("CREATE TABLE planted (tenant_id uuid, id uuid, CONSTRAINT leaks UNIQUE (id), PRIMARY KEY (tenant_id, id))",),
        "leaks",
    ),
)


@pytest.fixture
def server(postgres, postgres_template, request):
    """A store's database, as its superuser, in a transaction that is rolled back."""
    name = f"lint_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(postgres.copy(postgres_template, name)) as connection:
        connection.execute("SET search_path = holdfast, public")
        yield connection
        connection.rollback()
    postgres.drop(name)


@pytest.mark.parametrize("lint", LINTS, ids=lambda lint: lint.name)
def test_the_catalogue_shows_no(server, lint):
    assert server.execute(lint.query).fetchall() == []
    for statement in lint.plant:
        server.execute(statement)
    assert (lint.found,) in server.execute(lint.query).fetchall(), "the lint does not see what it looks for"
