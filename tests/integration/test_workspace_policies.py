"""On PostgreSQL the policies ask functions what is closed to the actor: they say what the assignments say."""

import itertools

import psycopg
import pytest

import holdfast

TABLES = ("facts", "knowledge_bases")
ASSIGNED = (None, "viewer", "editor")


@pytest.fixture(scope="module")
def url(postgres, postgres_template):
    """A store with a workspace, its fact and its base, for each way in which Amina and Ben can be assigned to it."""
    url = postgres.copy(postgres_template, "workspace_policies")
    with holdfast.open(url) as store:
        identity, ada = store.system().identity, store.tenant("acme").user("ada@acme.test")
        for mine, theirs in itertools.product(ASSIGNED, ASSIGNED):
            made = identity.create_workspace(f"{mine} {theirs}", tenant="acme")
            ada.memory.remember("budget", 5, workspace=made.id)
            ada.knowledge.create_base(f"{mine} {theirs}", workspace=made.id)
            for email, role in (("amina@acme.test", mine), ("ben@acme.test", theirs)):
                if role is not None:
                    identity.assign(made.id, email, tenant="acme", role=role)
    yield url
    postgres.drop("workspace_policies")


@pytest.fixture
def database(url):
    """A superuser's connection to it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path = holdfast, public")
        yield connection


def _become(connection, email, reach="own"):
    found = connection.execute(
        "SELECT m.tenant_id, m.user_id FROM memberships m JOIN users u ON u.id = m.user_id"
        " JOIN tenants t ON t.id = m.tenant_id WHERE t.slug = 'acme' AND u.email = %s",
        (email,),
    ).fetchone()
    assert found is not None
    for name, value in zip(("tenant_id", "actor_id", "reach"), (*found, reach), strict=True):
        connection.execute("SELECT set_config(%s, %s, false)", (f"holdfast.{name}", str(value)))
    connection.execute("SET ROLE holdfast_app")


def _seen(connection, table):
    query = f"SELECT w.name FROM {table} t JOIN workspaces w ON w.id = t.workspace_id"
    return {name for (name,) in connection.execute(query)}


def _open_to(email):
    """By the rule itself: where nobody is assigned, or the person is."""
    at = {"amina@acme.test": 0, "ben@acme.test": 1}.get(email)
    pairs = itertools.product(ASSIGNED, ASSIGNED)
    return {f"{p[0]} {p[1]}" for p in pairs if p == (None, None) or (at is not None and p[at] is not None)}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("email", ["amina@acme.test", "ben@acme.test", "aud@acme.test"])
def test_one_sees_what_is_in_workspaces_that_are_open_to_one(database, table, email):
    _become(database, email)
    assert _seen(database, table) == _open_to(email)


@pytest.mark.parametrize("table", TABLES)
def test_nobody_and_no_reach_see_no_closed_one(database, table):
    _become(database, "amina@acme.test")
    database.execute("SELECT set_config('holdfast.actor_id', '', false)")
    assert _seen(database, table) == ({"None None"} if table == "knowledge_bases" else set())
    database.execute("RESET ROLE")
    _become(database, "aud@acme.test", reach="tenant")
    assert len(_seen(database, table)) == len(ASSIGNED) ** 2


@pytest.mark.parametrize("table", TABLES)
def test_tables_of_the_callers_own_and_another_path_deceive_no_policy(database, table):
    _become(database, "ben@acme.test")
    for name in ("workspace_members", "memberships"):
        database.execute(f"CREATE TEMP TABLE {name} (LIKE holdfast.{name})")
    database.execute("SET search_path = pg_temp, holdfast, public")
    assert _seen(database, table) == _open_to("ben@acme.test")


def test_the_functions_are_for_the_application_role_alone(database):
    for name in ("closed_workspaces()", "is_colleague()"):
        for role, may in (("holdfast_app", True), ("public", False)):
            query = "SELECT has_function_privilege(%s, %s, 'EXECUTE')"
            assert database.execute(query, (role, f"holdfast.{name}")).fetchone() == (may,)


def test_a_summary_is_found_by_its_conversation_and_not_among_all_of_them(database):
    """The server may read all of the actor's conversations to find one only where the policy lets it."""
    _become(database, "amina@acme.test")
    database.execute("SET plan_cache_mode = force_generic_plan")
    plan = database.execute("EXPLAIN SELECT * FROM summaries WHERE tenant_id IS NOT NULL").fetchall()
    assert not [line for (line,) in plan if "hashed SubPlan" in line]
