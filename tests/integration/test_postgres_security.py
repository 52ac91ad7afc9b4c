"""PostgreSQL itself keeps the tenants apart: seen past Holdfast, on connections of our own."""

from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest
from support.configurations import keep_configurations
from support.interop import keep_messages
from support.jobs import queue_one
from support.metering import keep_usage
from support.once import create_once
from support.records import grant_one
from support.runs import keep_runs
from support.vectors import embed_one, store_one

import holdfast
from holdfast.core.database.schema import every_table, scoped_tables
from holdfast.domains.audit.sealing import seal_all

pytestmark = pytest.mark.xdist_group("postgres-security")
SCOPED = [table.name for table in scoped_tables()]
MAY_BE_EMPTY = {"unindexed_conversations"}
"""The queue of the search index."""
RELATIONS = "SELECT relname FROM pg_class WHERE relnamespace = 'holdfast'::regnamespace AND relkind IN ('r', 'p')"


@pytest.fixture(scope="module")
def filled(postgres, postgres_template):
    """The name of a database to copy, in which everything is used, and the people in it."""
    url = postgres.copy(postgres_template, "security")
    yield "security", use_everything(url)
    postgres.drop("security")


@pytest.fixture
def place(postgres, filled):
    """A store on PostgreSQL only, in which everything is used."""
    yield SimpleNamespace(url=postgres.copy(filled[0], "security_of_one_test"), key=None)
    postgres.drop("security_of_one_test")


@pytest.fixture
def people(filled):
    """Two tenants and three people, each with a conversation."""
    return filled[1]


def use_everything(url):
    with holdfast.open(url) as store:
        root = store.system().identity
        for tenant, email in (("acme", "amina@acme.test"), ("globex", "gus@globex.test")):
            client = root.create_workspace("Client", tenant=tenant)
            root.assign(client.id, email, tenant=tenant)
            connect(store.tenant(tenant).user(email).connections, client.id)
            metering, window = store.system().metering, timedelta(hours=1)
            metering.set_price("home", input=1, output=2, tenant=tenant)
            metering.set_limit(tenant=tenant, measure="requests", per="window", window=window, amount=99)
            store.tenant(tenant).user(email).memory.remember("budget", 5, workspace=client.id)
        made = {}
        for tenant, email in (("acme", "amina@acme.test"), ("acme", "ben@acme.test"), ("globex", "gus@globex.test")):
            root.set_clearance(email, ["D"], tenant=tenant)
            scope = store.tenant(tenant).user(email)
            c = scope.conversations
            chat = c.create(title=f"of {email}")
            c.append(chat.id, role="user", content=f"heliotrope of {email}")
            c.rate(c.append(chat.id, role="assistant", content="answer").id, 1)
            c.summarize(chat.id, "Summary.")
            c.attach(chat.id, b"bytes", name="a", media_type="text/plain")
            scope.memory.remember("style", "concise", request_id="r-1")
            scope.memory.accept(chat.id, [], extractor="one", through=1)
            scope.identity.set_preference("a", 1)
            scope.identity.set_preference("a", 1, everywhere=True)
            base = scope.knowledge.create_base(f"of {email}").id
            scope.knowledge.add(base, "heliotrope passage")
            scope.knowledge.search("heliotrope", base=base)
            scope.records.define(f"of {email}", key="id", history=True)
            scope.records.put(f"of {email}", {"id": "heliotrope"})
            grant_one(store.engine, scope.scope, f"of {email}")
            scope.metering.record("chat", model="home", tokens_in=5, conversation=chat.id, request_id="r-1")
            scope.metering.hold(tokens=5)
            c.search("heliotrope")  # what waits for the index is indexed
            administrator = store.tenant(tenant).user("ada@acme.test")
            keep_configurations(scope, administrator, administrator)
            keep_usage(store.system(), scope, tenant)
            create_once(store.engine, scope.scope)
            store_one(store.engine, scope.scope)
            queue_one(store.engine, scope.scope)
            keep_runs(scope)
            keep_messages(store.engine, scope.scope)
            embed_one(store.engine, scope.scope)
            made[email.partition("@")[0]] = SimpleNamespace(**scope.scope.__dict__, chat=chat)
        seal_all(store.engine, {person.tenant_id for person in made.values()})
    return SimpleNamespace(**made)


def connect(connections, workspace):
    """A connection that is revoked, one that is not, and a snapshot."""
    connections.put("google_ads", workspace=workspace, access_token="at")
    connections.revoke("google_ads", workspace=workspace)
    connections.put("google_ads", workspace=workspace, access_token="at")
    connections.snapshot("google_ads", workspace=workspace, metrics={"clicks": 1})


@pytest.fixture
def superuser(place, people):
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("SET search_path = holdfast, public")
        yield connection


@pytest.fixture
def app(place, people):
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("SET ROLE holdfast_app; SET search_path = holdfast, public")
        yield connection


def become(connection, person, reach="own"):
    scope = {"tenant_id": person.tenant_id, "actor_id": person.actor_id, "reach": reach, "levels": "D"}
    for name, value in scope.items():
        connection.execute("SELECT set_config(%s, %s, false)", (f"holdfast.{name}", str(value)))


def rows(connection, statement, *values):
    return connection.execute(statement, values).fetchall()


def readable(connection):
    allowed = (
        "SELECT table_name FROM information_schema.table_privileges"
        " WHERE grantee = 'holdfast_app' AND privilege_type = 'SELECT'"
    )
    tables = {table.name for table in every_table()}
    return {name for (name,) in rows(connection, allowed)} & tables


def test_without_a_scope_no_row_of_any_table_is_seen(app, superuser):
    assert len(readable(superuser)) >= 9
    for table in readable(superuser):
        assert rows(superuser, f"SELECT count(*) FROM {table}")[0][0] > 0 or table in MAY_BE_EMPTY, (
            f"nothing in {table} to hide"
        )
        assert rows(app, f"SELECT * FROM {table}") == []


def test_with_an_empty_scope_no_row_is_seen(app, superuser):
    for name in ("tenant_id", "actor_id", "reach", "levels"):
        app.execute("SELECT set_config(%s, '', false)", (f"holdfast.{name}",))
    for table in readable(superuser):
        assert rows(app, f"SELECT * FROM {table}") == []


@pytest.mark.parametrize("reach", ["own", "tenant"])
def test_one_tenants_scope_shows_no_row_of_another(app, superuser, people, reach):
    become(app, people.amina, reach)
    for table in readable(superuser) & set(SCOPED):
        tenants = {tenant for (tenant,) in rows(app, f"SELECT tenant_id FROM {table}")}
        assert tenants == {people.amina.tenant_id} or (table in MAY_BE_EMPTY and not tenants), table
    assert rows(app, "SELECT id FROM tenants") == [(people.amina.tenant_id,)]
    emails = {email for (email,) in rows(app, "SELECT email FROM users")}
    assert "amina@acme.test" in emails and "gus@globex.test" not in emails


def test_a_member_sees_their_own_and_an_administrator_the_tenants(app, people):
    of = {"conversations": "owner_id", "messages": "owner_id"}
    for table, owner in of.items():
        become(app, people.amina, "own")
        assert {row[0] for row in rows(app, f"SELECT {owner} FROM {table}")} == {people.amina.actor_id}
        become(app, people.amina, "tenant")
        owners = {row[0] for row in rows(app, f"SELECT {owner} FROM {table}")}
        assert owners == {people.amina.actor_id, people.ben.actor_id}
    for table in ("summaries", "attachments", "feedback"):
        become(app, people.amina, "own")
        assert rows(app, f"SELECT count(*) FROM {table}") == [(1,)], table
        become(app, people.amina, "tenant")
        assert rows(app, f"SELECT count(*) FROM {table}") == [(2,)], table


def test_nothing_can_be_written_into_another_tenant_or_another_persons_conversation(app, people):
    become(app, people.amina)
    for owner in (people.ben, people.gus):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(
                "INSERT INTO conversations (tenant_id, id, owner_id, status, tags, metadata, message_count, head,"
                " summarized_through, created_at, active_at)"
                " VALUES (%s, gen_random_uuid(), %s, 'ACTIVE', '[]', '{}', 0,"
                " '', 0, now(), now())",
                (owner.tenant_id, owner.actor_id),
            )
        touched = app.execute("UPDATE conversations SET title = 'theirs' WHERE id = %s", (owner.chat.id,)).rowcount
        assert touched == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("UPDATE conversations SET tenant_id = %s", (people.gus.tenant_id,))


def test_preferences_are_seen_and_changed_by_their_own_person_only(app, people):
    for reach in ("own", "tenant", "all"):
        become(app, people.amina, reach)
        for table in ("preferences", "user_preferences"):
            assert rows(app, f"SELECT user_id FROM {table}") == [(people.amina.actor_id,)]
            assert app.execute(f"DELETE FROM {table} WHERE user_id = %s", (people.ben.actor_id,)).rowcount == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(f"UPDATE {table} SET user_id = %s", (people.ben.actor_id,))


CREDENTIALS = ("passwords", "sessions", "api_keys", "oidc_identities", "oidc_logins", "purges")


@pytest.mark.parametrize("table", CREDENTIALS)
def test_the_application_role_does_not_even_read_credentials(app, people, table):
    become(app, people.amina, "tenant")
    for statement in (f"SELECT * FROM {table}", f"DELETE FROM {table}", f"UPDATE {table} SET tenant_id = NULL"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)


def test_even_the_operator_deletes_no_message_of_a_tenant_that_is_not_being_deleted(superuser):
    superuser.execute("SET ROLE holdfast_operator")
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
        superuser.execute("DELETE FROM messages")


def test_a_workspaces_connections_are_seen_by_whom_it_is_open_to(app, people):
    for table in ("connections", "revocations", "metric_snapshots"):
        become(app, people.amina)
        assert rows(app, f"SELECT count(*) FROM {table}")[0][0] > 0, table
        become(app, people.ben)
        assert rows(app, f"SELECT * FROM {table}") == [], table
        become(app, people.ben, "tenant")
        assert rows(app, f"SELECT count(*) FROM {table}")[0][0] > 0, table


def test_facts_are_seen_by_whom_they_are_about_and_a_workspaces_by_whom_it_is_open_to(app, people):
    for table, count in (("facts", 2), ("fact_sources", 2)):
        become(app, people.amina)
        assert rows(app, f"SELECT count(*) FROM {table}") == [(count,)], table
        become(app, people.ben)
        assert rows(app, f"SELECT count(*) FROM {table}") == [(1,)], table
        become(app, people.ben, "tenant")
        assert rows(app, f"SELECT count(*) FROM {table}") == [(3,)], table


FORBIDDEN = (
    "UPDATE messages SET content = 'x'",
    "DELETE FROM messages",
    "TRUNCATE messages CASCADE",
    "DELETE FROM conversations",
    "SELECT * FROM message_index",
    "UPDATE tenants SET name = 'x'",
    "UPDATE memberships SET role = 'owner'",
    "INSERT INTO users SELECT * FROM users",
    "DROP TABLE messages",
    "ALTER TABLE messages DISABLE ROW LEVEL SECURITY",
    "CREATE TABLE holdfast.x (a int)",
)
REFUSED_BY_TRIGGER = (
    "UPDATE messages SET content = 'x'",
    "UPDATE messages SET seq = seq + 1",
    "DELETE FROM messages",
    "UPDATE summaries SET text = 'x'",
    "UPDATE configuration_versions SET document = '{}'",
    "DELETE FROM configuration_versions",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_role_is_refused(app, people, statement):
    become(app, people.amina, "tenant")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


@pytest.mark.parametrize("statement", REFUSED_BY_TRIGGER)
def test_even_a_superuser_is_refused_by_the_triggers(superuser, statement):
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only|versioned"):
        superuser.execute(statement)


NARROWED = {
    "record_versions": ("deleting",),
    **dict.fromkeys(("facts", "fact_sources", "knowledge_bases", "documents", "chunks"), ("deleting",)),
    "configuration_shares": ("deleting",),
    "revocations": ("adding", "changing"),
    **dict.fromkeys(("record_sets", "record_changes", "records"), ("deleting", "changing")),
    "record_grants": ("deleting", "changing"),
    "lexical_index": ("reading", "adding", "changing", "deleting"),
    "lexical_counts": ("reading",),
    "vectors": ("closed",),
}
"""What may be deleted there is less than what may be read; words are closed like what they are of."""


def test_every_scoped_table_has_row_level_security_enabled_and_forced(superuser):
    found = rows(superuser, "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
    protected = {name for (name,) in found}
    on_server = {name for (name,) in rows(superuser, RELATIONS)}
    assert protected >= {table.name for table in every_table()} & on_server
    assert set(SCOPED) & on_server <= protected
    assert on_server - protected == {"holdfast_schema"}
    policies = rows(superuser, "SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'holdfast'")
    for table in set(SCOPED) & on_server:
        expected = {"scope", "operator", *NARROWED.get(table, ())}
        assert expected == {name for of, name in policies if of == table}, table


def test_the_roles_own_no_table_and_bypass_nothing(superuser):
    roles = rows(superuser, "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin"
                            " FROM pg_roles"
                            " WHERE rolname IN ('holdfast_app', 'holdfast_operator') ORDER BY 1")  # fmt: skip
    assert roles == [(name, *[False] * 5) for name in ("holdfast_app", "holdfast_operator")]
    owners = {owner for (owner,) in rows(superuser, "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class"
                                                    " WHERE relnamespace = 'holdfast'::regnamespace")}  # fmt: skip
    assert owners & {"holdfast_app", "holdfast_operator"} == set()
    member = rows(superuser, "SELECT pg_has_role('holdfast_app', 'holdfast_operator', 'MEMBER')")
    assert member == [(False,)]


MARKS = (
    "c{chat}",
    "o{owner}",
    "c{chat} | zz",
    "!zz",
    "o{owner} & !zz",
    "!(o{me})",
    "c{chat}:*",
    "o:*",
    "c:*",
    "o:* | c:*",
)


@pytest.mark.parametrize("reach", ["own", "tenant", "all", "", "other"])
def test_no_marks_make_the_search_cross_tenants_or_people(app, people, reach):
    become(app, people.amina, reach)
    for stranger in (people.gus, people.ben):
        owner = rows(app, "SELECT md5(%s || %s)", str(stranger.tenant_id), str(stranger.actor_id))[0][0]
        mine = rows(app, "SELECT md5(%s || %s)", str(people.amina.tenant_id), str(people.amina.actor_id))[0][0]
        for pattern in MARKS:
            marks = pattern.format(chat=stranger.chat.id.hex, owner=owner, me=mine)
            found = rows(app, "SELECT message_id FROM search_messages(%s, 'heliotrop', 1000, 1000, false, 1000)", marks)
            seen = rows(app, "SELECT owner_id FROM messages WHERE id = ANY(%s)", [one for (one,) in found])
            assert len(seen) == len(found), "every hit is a message that the scope may read"


def test_the_search_without_a_scope_finds_nothing(app):
    for marks in ("!zz", "o:*", "c:* | o:*"):
        assert rows(app, "SELECT * FROM search_messages(%s, 'heliotrop', 1000, 1000, false, 1000)", marks) == []


def test_a_temporary_table_cannot_stand_in_for_a_real_one(app, people):
    become(app, people.amina)
    app.execute(
        "CREATE TEMPORARY TABLE message_index AS SELECT gen_random_uuid() AS tenant_id, gen_random_uuid() AS message_id"
    )
    found = rows(app, "SELECT message_id FROM search_messages('!zz', 'heliotrop', 1000, 1000, false, 1000)")
    assert len(found) == 1


def test_a_statement_in_what_people_write_stays_data(place, superuser):
    texts = (
        "'); DROP TABLE messages; --",
        "$$; RESET ROLE; $$",
        "'; SET holdfast.reach = 'all'; --",
        "%s %(tenant_id)s {}",
        "\\'; --",
    )
    with holdfast.open(place.url) as store:
        c = store.tenant("acme").user("amina@acme.test").conversations
        for text in texts:
            chat = c.create(title=text, metadata={text: text}, tags=[text])
            c.append(chat.id, role="user", content=text, metadata={text: text}, request_id=text)
            c.append(chat.id, role="assistant", content="x", parts=[{"type": "text", "text": text}])
            c.summarize(chat.id, text, entities=[text])
            assert c.list(metadata={text: text}, tag=text).items[0].title == text
            c.search(text + " heliotrope")
    assert rows(superuser, "SELECT count(*) FROM messages") == [(6 + 2 * len(texts),)]
    contents = {content for (content,) in rows(superuser, "SELECT content FROM messages")}
    assert contents >= set(texts)


def test_a_tenant_sees_its_own_data_keys_and_changes_none(place, app, superuser, people):
    with holdfast.open(place.url) as store:
        for person in (people.amina, people.gus):
            row = store.engine.vault.new_row(person.tenant_id, "fields")
            store.system().keys._replace_key(row, set())
    become(app, people.amina, "tenant")
    assert rows(app, "SELECT DISTINCT tenant_id FROM data_keys") == [(people.amina.tenant_id,)]
    for statement in (
        "UPDATE data_keys SET retired_at = now()",
        "DELETE FROM data_keys",
        "INSERT INTO data_keys SELECT * FROM data_keys",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)
    assert rows(superuser, "SELECT count(DISTINCT tenant_id) FROM data_keys") == [(3,)]
