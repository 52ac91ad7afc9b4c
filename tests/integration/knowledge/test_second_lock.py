"""PostgreSQL itself keeps the words of a closed workspace closed: seen past Holdfast, as the application role."""

import json
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest

import holdfast
from holdfast.core.scope import NIL

SEARCH = "SELECT words FROM search_lexical(%s, %s, '''heliotrop''', 100)"


@pytest.fixture
def place(postgres, postgres_template, request):
    """A store on PostgreSQL only."""
    name = f"words_{abs(hash(request.node.nodeid))}"
    yield SimpleNamespace(url=postgres.copy(postgres_template, name), key=None)
    postgres.drop(name)


@pytest.fixture
def world(place):
    """A workspace that is Amina's alone, one where Ben only looks, and the words of both."""
    with holdfast.open(place.url) as store:
        root = store.system().identity
        for email in ("amina@acme.test", "ben@acme.test", "ada@acme.test"):
            root.set_clearance(email, ["D"], tenant="acme")
        me, ben, ada = (store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ben", "ada"))
        closed, seen = (root.create_workspace(name, tenant="acme").id for name in ("Closed", "Seen"))
        for workspace in (closed, seen):
            root.assign(workspace, "amina@acme.test", tenant="acme")
        root.assign(seen, "ben@acme.test", role="viewer", tenant="acme")
        bases = {}
        for workspace in (closed, seen, None):
            base = bases[workspace] = me.knowledge.create_base(f"of {workspace}", workspace=workspace).id
            me.knowledge.add(base, f"heliotrope {workspace}")
            me.memory.remember("flower", "heliotrope", workspace=workspace)
        with psycopg.connect(place.url, autocommit=True) as connection:
            connection.execute("SET ROLE holdfast_app; SET search_path = holdfast, public")
            yield SimpleNamespace(me=me, ben=ben, ada=ada, closed=closed, seen=seen, bases=bases, connection=connection)


def become(world, person, reach="own"):
    scope = person.scope
    for name, value in (
        ("tenant_id", scope.tenant_id),
        ("actor_id", scope.actor_id),
        ("reach", reach),
        ("levels", "D"),
    ):
        world.connection.execute("SELECT set_config(%s, %s, false)", (f"holdfast.{name}", str(value)))


def about(world, table):
    return {row[0] for row in world.connection.execute(f"SELECT DISTINCT about FROM {table}")}


def found(world, purpose, about):
    return len(world.connection.execute(SEARCH, (purpose, f'["{about}"]')).fetchall())


@pytest.mark.parametrize("table", ["lexical_index", "lexical_counts"])
def test_words_are_read_where_what_they_are_of_is(world, table):
    mine = world.me.scope.actor_id
    everything = {mine, world.closed, world.seen, *world.bases.values()}
    become(world, world.me)
    assert about(world, table) == everything
    become(world, world.ben)
    assert about(world, table) == {world.seen, world.bases[world.seen], world.bases[None]}
    become(world, world.ada, "tenant")
    assert about(world, table) == everything


def test_the_search_function_looks_only_where_the_caller_may(world):
    become(world, world.ben)
    assert not found(world, "knowledge", world.bases[world.closed]) + found(world, "memory", world.closed)
    assert not found(world, "memory", world.me.scope.actor_id)
    assert found(world, "knowledge", world.bases[world.seen]) and found(world, "knowledge", world.bases[None])
    assert found(world, "memory", world.seen)
    become(world, world.ada, "tenant")
    for purpose, one in (("knowledge", world.bases[world.closed]), ("memory", world.closed)):
        assert found(world, purpose, one)


def test_words_are_changed_by_those_alone_who_change_what_they_are_of(world):
    become(world, world.ben)
    assert world.connection.execute("DELETE FROM lexical_index").rowcount == 0
    assert world.connection.execute("UPDATE lexical_index SET length = 1").rowcount == 0
    add = (
        "INSERT INTO lexical_index (tenant_id, item_id, purpose, about, level, owner_id, length, words) VALUES"
        " (%s, gen_random_uuid(), %s, %s, 'D', '00000000-0000-0000-0000-000000000000', 1, 'x')"
    )
    for purpose, one in (("knowledge", world.bases[None]), ("memory", world.seen)):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.connection.execute(add, (world.ben.scope.tenant_id, purpose, one))
    become(world, world.me)
    assert world.connection.execute("DELETE FROM lexical_index").rowcount


@pytest.mark.parametrize("where", ["of another", "of a closed workspace", "where one only looks", "above the level"])
def test_words_are_counted_only_where_the_caller_may_write(world, where):
    purpose, place, level, owner = {
        "of another": ("memory", world.me.scope.actor_id, "", world.me.scope.actor_id),
        "of a closed workspace": ("knowledge", world.bases[world.closed], "D", NIL),
        "where one only looks": ("memory", world.seen, "", NIL),
        "above the level": ("knowledge", world.bases[None], "A", NIL),
    }[where]
    become(world, world.ben)
    told = (purpose, place, level, owner, json.dumps({uuid4().hex: 1}), NIL, 0)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.connection.execute("SELECT told FROM count_lexical(%s, %s, %s, %s, %s, %s, %s)", told)
