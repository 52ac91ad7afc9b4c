"""Vectors on PostgreSQL: what the server itself holds apart, and the indexes of large groups."""

import random
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import func, select
from support.vectors import Vectors, direction, ids, ranked

import holdfast
from holdfast.core.database import Query
from holdfast.core.vectors import create_index, drop_index, nearest, store
from holdfast.core.vectors.nearest import WELL

EAST = [1.0, 0.0]
DIMENSION = 8
ALL = frozenset("SABCD")


@pytest.fixture
def place(postgres, postgres_template, request):
    """A store on PostgreSQL only."""
    name = f"vectors_{abs(hash(request.node.nodeid))}"
    yield SimpleNamespace(url=postgres.copy(postgres_template, name), key=None)
    postgres.drop(name)


@pytest.fixture
def opened(place):
    with holdfast.open(place.url) as store:
        yield store


@pytest.fixture
def superuser(place):
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("SET search_path = holdfast, public")
        yield connection


def near(person, index, asked=EAST, k=9, levels=None, **options):
    return ids(person.read(lambda tx: nearest(tx, index, asked, k=k, levels=levels, **options)))


def test_the_server_hides_levels_that_the_scope_is_not_cleared_for(opened):
    every = Vectors(opened, "acme", "amina@acme.test")
    index = every.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=2))
    items = {level: uuid4() for level in (None, *"SABCD")}
    every.write(lambda tx: store(tx, index, [(item, level, None, EAST) for level, item in items.items()]))
    for reach in ("own", "tenant"):
        for cleared in ("", "C", "CD", "SABCD"):
            person = Vectors(opened, "acme", "ben@acme.test", reach=reach, cleared=cleared)
            seen = {items[level] for level in (None, *cleared)}
            for levels in (None, ALL):
                assert (
                    set(ids(person.read(lambda tx, levels=levels: nearest(tx, index, EAST, k=9, levels=levels))))
                    == seen
                )
                assert set(near(person, index, levels=levels, within=items.values())) == seen


def test_the_server_hides_what_is_anothers_own(opened):
    amina, ben = (Vectors(opened, "acme", f"{name}@acme.test") for name in ("amina", "ben"))
    index = amina.write(lambda tx: create_index(tx, purpose="memory", embedder="e", dimension=2))
    common, hers = uuid4(), uuid4()
    amina.write(lambda tx: store(tx, index, [(common, None, None, EAST), (hers, None, amina.me, EAST)]))
    for owner in (None, amina.me):
        for within in (None, [common, hers]):
            assert near(ben, index, owner=owner, within=within) == [common]
    admin = Vectors(opened, "acme", "ada@acme.test", reach="tenant")
    assert set(ids(admin.read(lambda tx: nearest(tx, index, EAST, k=9, levels=None)))) == {common, hers}
    with pytest.raises(Exception, match="internal error"):
        ben.write(lambda tx: store(tx, index, [(uuid4(), None, amina.me, EAST)]))


def test_without_a_scope_nothing_is_found(opened, superuser):
    person = Vectors(opened, "acme", "amina@acme.test")
    index = person.write(lambda tx: create_index(tx, purpose="memory", embedder="e", dimension=2))
    person.write(lambda tx: store(tx, index, [(uuid4(), None, None, EAST)]))
    superuser.execute("SET ROLE holdfast_app")
    call = "SELECT * FROM nearest_vectors(%s, '[1,0]', 2, ARRAY['', 'S'], %s, 9, 100)"
    for owners in (None, [person.me]):
        assert superuser.execute(call, (index.id, owners)).fetchall() == []
    assert superuser.execute("SELECT * FROM vectors").fetchall() == []


@pytest.fixture
def large(opened):
    """Most at D; two groups that have indexes of their own, open and somebody's own."""
    person, chance = Vectors(opened, "acme", "amina@acme.test"), random.Random(1)
    index = person.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=DIMENSION))
    places = [(None, None), (None, person.me), *[("D", None)] * 7]
    rows = [(uuid4(), *places[n % 9], direction(chance, DIMENSION)) for n in range(9_450)]
    person.write(lambda tx: store(tx, index, rows))
    admin = Vectors(opened, "acme", "ada@acme.test", reach="tenant")
    return SimpleNamespace(person=person, admin=admin, index=index, rows=rows, chance=chance, engine=opened.engine)


def recall(large, person, levels=ALL, owner=None):
    """Of 20 searches; each finds as many as were asked for, in the right order."""
    shares = []
    for _ in range(20):
        asked = direction(large.chance, DIMENSION)
        found = person.read(lambda tx, asked=asked: nearest(tx, large.index, asked, k=10, levels=levels, owner=owner))
        visible = {
            item: vector
            for item, level, of, vector in large.rows
            if (level is None or level in levels) and (of in (None, owner) or (owner is None and person is large.admin))
        }
        expected = ranked(visible, asked)[:10]
        assert len(found) == 10
        assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
        shares.append(len(set(ids(found)) & {item for item, _ in expected}) / 10)
    return sum(shares) / len(shares)


def in_view(person, large):
    """How many a search through the index over all keeps in view."""

    def work(tx):
        assert len(nearest(tx, large.index, direction(large.chance, DIMENSION), k=10, levels=ALL)) == 10
        return tx.all(Query(select(func.current_setting("hnsw.ef_search"))))[0][0]

    return int(person.read(work))


def built(superuser):
    rows = superuser.execute("SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE indexrelname ^@ 'near_'")
    return dict(rows.fetchall())


def scans(large, superuser):
    """How often each index was gone through, by the end of its name."""
    large.engine.close()  # what it counted is written
    return {name.removeprefix(f"near_{large.index.id.hex}_"): count for name, count in built(superuser).items()}


def test_much_is_searched_through_one_index_and_little_through_those_of_its_groups(large, opened, superuser):
    nothing = frozenset()
    assert recall(large, large.admin) == recall(large, large.person, owner=large.person.me) == 1, "one by one"
    names = large.engine.optimize_vectors(large=2_000)
    prefix = f"near_{large.index.id.hex}"
    assert set(names) == set(built(superuser)) == {f"{prefix}_{of}" for of in ("all", "open_common", "open_owned")}
    assert large.engine.optimize_vectors(large=2_000) == []
    assert recall(large, large.admin) >= 0.99
    assert recall(large, large.person, owner=large.person.me) >= 0.99
    assert recall(large, large.person, levels=nothing, owner=large.person.me) >= 0.99
    assert in_view(large.admin, large) == WELL.in_view // 2, "there is nothing to pass over"
    assert in_view(large.person, large) == WELL.in_view // 2, "what is somebody's own is this person's"
    assert in_view(Vectors(opened, "acme", "ben@acme.test"), large) == WELL.in_view, (
        "what is the other's is passed over"
    )
    assert scans(large, superuser) == {"all": 43, "open_common": 20, "open_owned": 20}


def test_no_answer_is_short_where_all_that_is_near_may_not_be_seen(large, superuser, place):
    large.engine.optimize_vectors(large=2_000)
    superuser.execute(f"ALTER DATABASE {superuser.info.dbname} SET hnsw.max_scan_tuples = 1")
    superuser.execute("UPDATE vectors SET level = 'S' WHERE level = 'D' AND get_byte(uuid_send(item_id), 15) < 128")
    with holdfast.open(place.url) as again:
        large.person = Vectors(again, "acme", "amina@acme.test", cleared="D")
        hidden = {item for item, level, _of, _vector in large.rows if level == "D" and item.bytes[15] < 128}
        large.rows = [row for row in large.rows if row[0] not in hidden]
        assert recall(large, large.person, owner=large.person.me) >= 0.9
    assert scans(large, superuser)["all"] >= 20


@pytest.mark.thorough
def test_what_failed_half_way_is_built_anew_and_what_nobody_uses_goes(large, superuser):
    first, *_ = large.engine.optimize_vectors(large=2_000)
    superuser.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", (first,))
    assert recall(large, large.person, owner=large.person.me) >= 0.99, "without it"
    assert large.engine.optimize_vectors(large=2_000) == [first, first]
    grown = f"near_{large.index.id.hex}_d_common"
    superuser.execute(f"CREATE INDEX {grown} ON vectors (item_id) WHERE level = 'D'")
    assert large.engine.optimize_vectors(large=2_000) == [grown]
    assert large.engine.optimize_vectors(large=2_000) == []
    while not large.person.write(lambda tx: drop_index(tx, large.index.id)):
        pass
    assert len(large.engine.optimize_vectors(large=2_000)) == 3
    assert built(superuser) == {}


def test_one_process_at_a_time_builds(large, superuser):
    superuser.execute("SELECT pg_advisory_lock(4849120462)")
    assert large.engine.optimize_vectors(large=2_000) == []


@pytest.mark.thorough
@pytest.mark.parametrize(("dimension", "kind"), [(2_001, "halfvec"), (2_000, "vector")])
def test_long_vectors_have_an_index_of_short_numbers(opened, superuser, dimension, kind):
    person, chance = Vectors(opened, "acme", "ada@acme.test", reach="tenant"), random.Random(1)
    index = person.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=dimension))
    bases = [direction(chance, dimension) for _ in range(20)]
    rows = {uuid4(): [x + 0.3 * y for x, y in zip(bases[n % 20], direction(chance, dimension), strict=True)]
            for n in range(2_020)}  # fmt: skip
    person.write(lambda tx: store(tx, index, [(item, None, None, vector) for item, vector in rows.items()]))
    assert opened.engine.optimize_vectors(large=2_000)
    (definition,) = superuser.execute("SELECT indexdef FROM pg_indexes WHERE indexname ^@ 'near_'").fetchone()
    assert f"::{kind}({dimension})" in definition.replace("public.", "")
    found = person.read(lambda tx: nearest(tx, index, bases[3], k=10, levels=ALL))
    expected = ranked(rows, bases[3])[:10]
    assert [one.similarity for one in found] == pytest.approx([sim for _, sim in expected], abs=2e-3)
