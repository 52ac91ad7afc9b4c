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


def test_the_function_of_vectors_finds_exactly_what_the_policies_show(world):
    """It runs past them, so what it asks itself has to come to the same."""
    run = world.connection.execute
    visitor, mine, tenant = uuid4(), world.me.scope.actor_id, world.me.scope.tenant_id
    places = [("knowledge", base) for base in world.bases.values()]
    places += [("memory", one) for one in (world.closed, world.seen, mine)] + [("messages", mine)]
    indexes = [uuid4() for _ in places]
    run("RESET ROLE")
    for index, (purpose, one) in zip(indexes, places, strict=True):
        run(
            "INSERT INTO vector_indexes VALUES (%s, %s, %s, %s, 'e', 2, 'active', now())", (tenant, index, purpose, one)
        )
        for level in ("", "C", "D"):
            for owner in (NIL, mine, world.ben.scope.actor_id):
                row = "(tenant_id, item_id, index_id, level, owner_id, embedding)"
                given = (tenant, uuid4(), index, level, owner)
                run(f"INSERT INTO vectors {row} VALUES (%s, %s, %s, %s, %s, '[1,0]')", given)
    run("SET ROLE holdfast_app")
    hidden = 0
    for person, reach in ((world.me, "own"), (world.ben, "own"), (world.ada, "tenant"), (None, "own")):
        become(world, person or world.ben, reach)
        if person is None:  # somebody without a membership
            run("SELECT set_config('holdfast.actor_id', %s, false)", (str(visitor),))
        for index in indexes:
            shown = {row[0] for row in run("SELECT item_id FROM vectors WHERE index_id = %s", (index,))}
            hidden += 9 - len(shown)
            for owners in (None, [NIL, mine], [mine], [NIL]):
                asked = (index, ["", "S", "C", "D"], owners)
                near = run("SELECT item_id FROM nearest_vectors(%s, '[1,0]', 2, %s, %s, 99, 100)", asked).fetchall()
                wanted = shown if owners is None else shown & _of(world, index, owners)
                assert {row[0] for row in near} == wanted, (places[indexes.index(index)], reach, owners)
    assert hidden


def _of(world, index, owners):
    rows = world.connection.execute(
        "SELECT item_id FROM vectors WHERE index_id = %s AND owner_id = ANY (%s)", (index, owners)
    )
    return {row[0] for row in rows}
