"""Cells of large indexes of vectors in a file: found, filled, and no reason to find anything else."""

import random
from uuid import uuid4

import pytest
from support.vectors import Vectors, direction, ids, ranked

import holdfast
from holdfast.core.vectors import create_index, move, nearest, queries, remove, store

DIMENSION = 8


@pytest.mark.parametrize(("key", "mib"), [(None, 0), ("ab" * 32, 0), ("ab" * 32, 1)])
def test_what_is_in_cells_is_found_like_what_is_in_none_whatever_happened_to_it(tmp_path, key, mib):
    url, chance = f"sqlite:///{tmp_path}/cells.db", random.Random(1)
    with holdfast.create(url, key, settings=holdfast.Settings(vector_codes_mib=mib)) as opened:
        opened.system().identity.create_tenant("acme")
        opened.system().identity.create_user("amina@acme.test", tenant="acme")
        person = Vectors(opened, "acme", "amina@acme.test")
        index = person.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=DIMENSION))
        small = person.write(lambda tx: create_index(tx, purpose="knowledge", embedder="s", dimension=DIMENSION))
        held = {uuid4(): (direction(chance, DIMENSION), (None, "C", "D")[n % 3]) for n in range(180)}

        def put(items, into=index):
            person.write(lambda tx: store(tx, into, [(item, level, None, vector) for item, (vector, level) in items]))

        def check(levels):
            asked = direction(chance, DIMENSION)
            seen = {item: vector for item, (vector, level) in held.items() if level is None or level in levels}
            found = person.read(lambda tx: nearest(tx, index, asked, k=9, levels=frozenset(levels)))
            assert ids(found) == [item for item, _ in ranked(seen, asked)[:9]]

        put(held.items())
        put(list(held.items())[:20], small)
        assert opened.engine.optimize_vectors() == []
        assert opened.engine.optimize_vectors(large=100) == [f"cells_{index.id.hex}"]
        assert opened.engine.optimize_vectors(large=100) == []
        check("CD")
        some = list(held)
        new = {one: (direction(chance, DIMENSION), "D") for one in (*some[:10], *(uuid4() for _ in range(10)))}
        put(new.items())
        held.update(new)
        person.write(lambda tx: remove(tx, some[20:40]))
        held = {item: one for item, one in held.items() if item not in some[20:40]}
        person.write(lambda tx: move(tx, some[40:60], level="C"))
        held.update({item: (held[item][0], "C") for item in some[40:60]})
        for levels in ("", "C", "CD"):
            check(levels)
        assert opened.engine.optimize_vectors(large=100) == [f"cells_{index.id.hex}"]
        for levels in ("", "C", "CD"):
            check(levels)


@pytest.mark.thorough
def test_no_answer_is_short_where_the_nearest_cells_hold_nothing_that_may_be_seen(tmp_path):
    chance, settings = random.Random(1), holdfast.Settings(vector_codes_mib=0)
    with holdfast.create(f"sqlite:///{tmp_path}/cells.db", None, settings=settings) as opened:
        opened.system().identity.create_tenant("acme")
        opened.system().identity.create_user("amina@acme.test", tenant="acme")
        every = Vectors(opened, "acme", "amina@acme.test")
        index = every.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=DIMENSION))

        def around(side, count):
            return [[side + chance.gauss(0, 0.1), *direction(chance, DIMENSION - 1)] for _ in range(count)]

        rows = [(uuid4(), "C", None, one) for one in around(-9.0, 10_500)]
        rows += [(uuid4(), "D", None, one) for one in around(9.0, 6_000)]
        every.write(lambda tx: store(tx, index, rows))
        assert opened.engine.optimize_vectors(large=100)
        person, asked = Vectors(opened, "acme", "amina@acme.test", cleared="C"), [1.0] + [0.0] * (DIMENSION - 1)
        found = person.read(lambda tx: nearest(tx, index, asked, k=9, levels=None))
        assert len(found) == 9
        assert {*ids(found)} <= {item for item, level, _owner, _vector in rows if level == "C"}


def test_codes_in_memory_serve_until_cells_change_even_in_another_process_and_show_nobody_more(tmp_path):
    url, chance = f"sqlite:///{tmp_path}/cells.db", random.Random(1)
    with holdfast.create(url, None) as opened, holdfast.open(url) as beside:
        opened.system().identity.create_tenant("acme")
        opened.system().identity.create_user("amina@acme.test", tenant="acme")
        opened.system().identity.create_tenant("globex")
        opened.system().identity.create_user("gina@globex.test", tenant="globex")
        person = Vectors(opened, "acme", "amina@acme.test")
        index = person.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=DIMENSION))

        def put(level, count):
            rows = [(uuid4(), level, None, direction(chance, DIMENSION)) for _ in range(count)]
            person.write(lambda tx: store(tx, index, rows))
            return {row[0] for row in rows}

        def seen(person, **asked):
            return {*ids(person.read(lambda tx: nearest(tx, index, [1.0] * DIMENSION, k=200, levels=None, **asked)))}

        theirs, others = put("C", 80), put("D", 80)
        assert beside.engine.optimize_vectors(large=100)
        assert seen(person) == theirs | others
        (held,) = opened.engine._codes._held.values()
        assert seen(Vectors(opened, "acme", "amina@acme.test", cleared="C")) == theirs
        assert seen(Vectors(opened, "acme", "amina@acme.test", cleared="")) == set()
        assert seen(Vectors(opened, "globex", "gina@globex.test")) == set()
        theirs |= put("C", 20)  # in no cell yet
        gone, moved = sorted(others)[:40], sorted(theirs)[:40]
        person.write(lambda tx: remove(tx, gone))
        person.write(lambda tx: move(tx, moved, level="D"))
        theirs, others = theirs - {*moved}, (others - {*gone}) | {*moved}
        assert seen(person) == theirs | others
        assert seen(Vectors(opened, "acme", "amina@acme.test", cleared="C")) == theirs
        assert seen(person, owner=person.me) == theirs | others
        assert opened.engine._codes._held[index.id] is held
        assert beside.engine.optimize_vectors(large=100)
        assert seen(person) == theirs | others
        assert opened.engine._codes._held[index.id] is not held


@pytest.mark.parametrize("name", ["remove", "move", "stored_of", "nearest_within", "codes_of_cell"])
def test_what_names_items_or_a_cell_reads_them_alone(tmp_path, name):
    with holdfast.create(f"sqlite:///{tmp_path}/plans.db", None) as opened, opened.engine.admin() as connection:
        sql = getattr(queries, name).prepared(opened.engine.dialect).sql
        raw = connection.connection.dbapi_connection
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]
        assert any(("cell=?" if name == "codes_of_cell" else "item_id=?") in step for step in plan), plan
