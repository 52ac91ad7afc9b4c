"""Vectors: the nearest are those that comparing each with each finds, and nobody finds what they may not see."""

import math
import random
import shutil
from array import array
from uuid import UUID, uuid4

import pytest
from support.vectors import Vectors, direction, ids, ranked

import holdfast
from holdfast.core.database.errors import VectorsUnavailable
from holdfast.core.errors import HoldfastError, InvalidInput
from holdfast.core.scope import NIL
from holdfast.core.vectors import (
    InvalidVector,
    VectorIndexNotFound,
    VectorMismatch,
    activate,
    active_index,
    count,
    create_index,
    drop_index,
    indexes,
    missing,
    move,
    nearest,
    remove,
    store,
)

ALL = frozenset("SABCD")
KEY = "0123456789abcdef" * 4
EAST, NORTH, WEST, NORTH_EAST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [1.0, 1.0]


@pytest.fixture
def vectors(sync_store) -> Vectors:
    """Transactions of a member of acme who may read every level."""
    return Vectors(sync_store, "acme", "amina@acme.test")


def make(vectors, dimension=2, *, state="active", **options):
    options = {"purpose": "knowledge", "embedder": "tests-2", **options}
    return vectors.write(lambda tx: create_index(tx, dimension=dimension, state=state, **options))


def put(vectors, index, *items):
    """Items as (vector, level, owner); their ids."""
    rows = [(uuid4(), *(rest or (None, None)), vector) for vector, *rest in items]
    vectors.write(lambda tx: store(tx, index, rows))
    return [row[0] for row in rows]


def near(vectors, index, asked, k=10, levels=ALL, **options):
    return vectors.read(lambda tx: nearest(tx, index, asked, k=k, levels=levels, **options))


def test_the_nearest_come_best_first_with_exact_similarities(vectors):
    index, chance = make(vectors, 8), random.Random(1)
    items = {uuid4(): direction(chance, 8) for _ in range(200)}
    vectors.write(lambda tx: store(tx, index, [(item, None, None, vector) for item, vector in items.items()]))
    asked = direction(chance, 8)
    found, expected = near(vectors, index, asked, k=17), ranked(items, asked)[:17]
    assert ids(found) == [item for item, _ in expected]
    assert all(math.isclose(one.similarity, sim, abs_tol=1e-6) for one, (_, sim) in zip(found, expected, strict=True))
    assert all(isinstance(one.item_id, UUID) for one in found)


def test_similarity_is_the_cosine_whatever_the_lengths(vectors):
    index = make(vectors)
    east, north, west = put(vectors, index, ([7.0, 0.0],), ([0.0, 1e-30],), ([-1e30, 0.0],))
    found = near(vectors, index, [1e-3, 0.0])
    assert ids(found) == [east, north, west]
    assert [one.similarity for one in found] == pytest.approx([1, 0, -1], abs=1e-6)


def test_equal_vectors_come_in_the_order_of_their_ids(vectors):
    index = make(vectors)
    same = put(vectors, index, *[(NORTH_EAST,)] * 9)
    assert ids(near(vectors, index, EAST, k=5)) == sorted(same)[:5]


def test_any_sequence_of_numbers_is_a_vector(vectors):
    index = make(vectors)
    kinds = [EAST, tuple(EAST), array("f", EAST), array("d", EAST), [1, 0], memoryview(array("f", EAST)), Listed(EAST)]
    items = put(vectors, index, *[(kind,) for kind in kinds])
    for kind in kinds:
        assert {one.similarity for one in near(vectors, index, kind)} == {1.0}
    assert len(near(vectors, index, EAST)) == len(items)


class Listed:
    """What numpy's arrays have."""

    def __init__(self, numbers):
        self.numbers = numbers

    def tolist(self):
        return self.numbers


@pytest.mark.parametrize(
    ("vector", "reason"),
    [
        ([0.0, 0.0], "zero"),
        ([math.nan, 1.0], "not finite"),
        ([math.inf, 1.0], "not finite"),
        ([1.7e308, 1.7e308], "not finite"),
        (["a", "b"], "list"),
        ("ab", "str"),
        (None, "NoneType"),
        ([[1.0], [2.0]], "list"),
        (5, "int"),
        (b"12345678" * 2, "bytes"),
        ([10**400, 1], "list"),
    ],
)
def test_what_is_no_vector_is_refused_and_nothing_is_stored(vectors, vector, reason):
    index = make(vectors)
    for work in (
        lambda tx: store(tx, index, [(uuid4(), None, None, EAST), (uuid4(), None, None, vector)]),
        lambda tx: nearest(tx, index, vector, k=1, levels=ALL),
    ):
        with pytest.raises(InvalidVector, match=reason):
            vectors.write(work)
    assert vectors.read(lambda tx: count(tx, index)) == 0


@pytest.mark.parametrize("vector", [[], [1.0], [1.0, 2.0, 3.0]])
def test_another_dimension_is_another_embedders(vectors, vector):
    index = make(vectors)
    with pytest.raises(VectorMismatch, match="'tests-2' has 2") as refused:
        vectors.write(lambda tx: store(tx, index, [(uuid4(), None, None, EAST), (uuid4(), None, None, vector)]))
    assert (refused.value.expected, refused.value.found) == (2, len(vector))
    with pytest.raises(VectorMismatch):
        near(vectors, index, vector)
    assert vectors.read(lambda tx: count(tx, index)) == 0


def test_what_else_cannot_be_is_refused(vectors):
    index = make(vectors)
    for work in (
        lambda tx: nearest(tx, index, EAST, k=0, levels=ALL),
        lambda tx: nearest(tx, index, EAST, k=1_001, levels=ALL),
        lambda tx: store(tx, index, [(uuid4(), "E", None, EAST)]),
        lambda tx: move(tx, [uuid4()], level=""),
        lambda tx: create_index(tx, purpose="p", embedder="e", dimension=0),
        lambda tx: create_index(tx, purpose="p", embedder="e", dimension=16_001),
    ):
        with pytest.raises(InvalidInput):
            vectors.write(work)


def test_an_item_stored_again_is_replaced_and_the_last_of_two_counts(vectors):
    index = make(vectors)
    (item,) = put(vectors, index, (EAST, "A", None))
    vectors.write(lambda tx: store(tx, index, [(item, "D", None, WEST), (item, "D", None, NORTH)]))
    assert [one.similarity for one in near(vectors, index, NORTH, levels=frozenset("D"))] == [1.0]
    assert near(vectors, index, NORTH, levels=frozenset("A")) == []
    assert vectors.read(lambda tx: count(tx, index)) == 1


def test_levels_confine_and_items_without_one_are_for_everybody(vectors):
    index = make(vectors)
    open_, c, s = put(vectors, index, (EAST, None, None), (EAST, "C", None), (EAST, "S", None))
    expected = {frozenset(): {open_}, frozenset("C"): {open_, c}, frozenset("CD"): {open_, c}, ALL: {open_, c, s}}
    for levels, items in [*expected.items(), (None, {open_, c, s})]:
        assert set(ids(near(vectors, index, EAST, levels=levels))) == items


def test_an_owner_finds_their_own_and_what_is_nobodys(vectors):
    index = make(vectors)
    common, own = put(vectors, index, (EAST, None, None), (NORTH, "B", vectors.me))
    assert ids(near(vectors, index, EAST, owner=vectors.me)) == [common, own]
    assert ids(near(vectors, index, EAST, owner=vectors.me, levels=frozenset())) == [common]
    assert ids(near(vectors, index, EAST, owner=uuid4())) == [common]


def test_within_confines_to_the_items_named(vectors):
    index = make(vectors)
    a, b, c = put(vectors, index, (EAST, None, None), (NORTH_EAST, "C", None), (NORTH, None, vectors.me))
    assert ids(near(vectors, index, EAST, within=[b, c, uuid4()])) == [b, c]
    assert ids(near(vectors, index, EAST, within={a, b, c}, levels=frozenset(), owner=uuid4())) == [a]
    assert near(vectors, index, EAST, within=[]) == []
    assert ids(near(vectors, index, EAST, within=(a, b), k=1)) == [a]


def test_never_a_short_answer(vectors):
    index, chance = make(vectors, 16), random.Random(2)
    items = put(vectors, index, *[(direction(chance, 16), chance.choice("CD"), None) for _ in range(1_500)])
    assert len(near(vectors, index, items and direction(chance, 16), k=1_000)) == 1_000
    few = put(vectors, index, *[(direction(chance, 16), "S", None) for _ in range(20)])
    assert set(ids(near(vectors, index, direction(chance, 16), k=50, levels=frozenset("S")))) == set(few)


def test_items_move_to_another_level_and_go_in_every_index(vectors):
    one, other = make(vectors), make(vectors, purpose="memory")
    item, second = put(vectors, one, (EAST, "A", None), (NORTH, None, None))
    vectors.write(lambda tx: store(tx, other, [(item, None, None, EAST)]))
    assert vectors.write(lambda tx: move(tx, [item], level="D")) == 2
    for index in (one, other):
        assert item in ids(near(vectors, index, EAST, levels=frozenset("D")))
        assert item not in ids(near(vectors, index, EAST, levels=frozenset("A")))
    assert vectors.write(lambda tx: remove(tx, {item, uuid4()})) == 2
    assert ids(near(vectors, one, EAST)) == [second] and near(vectors, other, EAST) == []
    assert vectors.write(lambda tx: remove(tx, [])) == 0


def test_what_has_no_vector_yet_is_known(vectors):
    index = make(vectors)
    (held,) = put(vectors, index, (EAST,))
    first, last = uuid4(), uuid4()
    assert vectors.read(lambda tx: missing(tx, index, [first, held, last])) == [first, last]
    assert vectors.read(lambda tx: missing(tx, make_none(index), [held])) == [held]


def make_none(index):
    return type(index)(**{**vars(index), "id": uuid4()})


def test_an_index_takes_the_place_of_the_one_before_it(vectors):
    old = make(vectors, about=(base := uuid4()))
    new = make(vectors, about=base, dimension=3, state="building", embedder="tests-3")
    elsewhere = make(vectors)
    (before,) = put(vectors, old, (EAST,))
    assert vectors.read(lambda tx: active_index(tx, purpose="knowledge", about=base)) == old
    assert vectors.write(lambda tx: activate(tx, new.id)).state == "active"
    assert vectors.write(lambda tx: activate(tx, new.id)).state == "active"
    states = {one.id: one.state for one in vectors.read(lambda tx: indexes(tx, purpose="knowledge"))}
    assert states == {old.id: "retired", new.id: "active", elsewhere.id: "active"}
    assert [one.id for one in vectors.read(lambda tx: indexes(tx, purpose="knowledge", about=base))] == [old.id, new.id]
    assert vectors.read(lambda tx: active_index(tx, purpose="knowledge", about=base)).embedder == "tests-3"
    assert vectors.read(lambda tx: active_index(tx, purpose="knowledge")).about == NIL
    assert vectors.read(lambda tx: active_index(tx, purpose="memory")) is None
    assert ids(near(vectors, old, EAST)) == [before]


def test_an_index_is_dropped_in_lots_with_its_vectors(vectors):
    index, other = make(vectors), make(vectors, purpose="memory")
    items = put(vectors, index, *[(EAST,)] * 25)
    vectors.write(lambda tx: store(tx, other, [(item, None, None, EAST) for item in items]))
    done = [vectors.write(lambda tx: drop_index(tx, index.id, most=10)) for _ in range(3)]
    assert done == [False, False, True]
    assert vectors.read(lambda tx: indexes(tx, purpose="knowledge")) == []
    assert vectors.read(lambda tx: count(tx, index)) == 0
    assert vectors.read(lambda tx: count(tx, other)) == 25
    for work in (
        lambda tx: drop_index(tx, index.id),
        lambda tx: activate(tx, index.id),
        lambda tx: store(tx, index, [(uuid4(), None, None, EAST)]),
    ):
        with pytest.raises(VectorIndexNotFound, match=str(index.id)):
            vectors.write(work)


def test_an_index_being_dropped_is_not_searched_any_more(vectors):
    index = make(vectors)
    put(vectors, index, *[(EAST,)] * 5)
    assert not vectors.write(lambda tx: drop_index(tx, index.id, most=5))
    assert vectors.read(lambda tx: active_index(tx, purpose="knowledge")) is None


def test_nothing_of_another_tenant(vectors, sync_store):
    index, gus = make(vectors), Vectors(sync_store, "globex", "gus@globex.test", reach="tenant")
    (item,) = put(vectors, index, (EAST,))
    assert near(gus, index, EAST) == near(gus, index, EAST, within=[item]) == []
    assert gus.read(lambda tx: indexes(tx, purpose="knowledge")) == []
    assert gus.read(lambda tx: missing(tx, index, [item])) == [item]
    assert gus.write(lambda tx: remove(tx, [item])) == gus.write(lambda tx: move(tx, [item], level="S")) == 0
    for work in (
        lambda tx: drop_index(tx, index.id),
        lambda tx: activate(tx, index.id),
        lambda tx: store(tx, index, [(item, None, None, WEST)]),
    ):
        with pytest.raises(HoldfastError):
            gus.write(work)
    assert [one.similarity for one in near(vectors, index, EAST)] == [1.0]


def test_where_the_extension_does_not_load_only_searching_by_vectors_is_refused(tmp_path, sqlite_template, monkeypatch):
    path = tmp_path / "store.db"
    shutil.copy(sqlite_template, path)
    monkeypatch.setattr("holdfast.core.database.sqlite.load_vectors", lambda _connection: None)
    with holdfast.open(f"sqlite:///{path}", KEY) as opened:
        person = Vectors(opened, "acme", "amina@acme.test")
        index = make(person)
        (item,) = put(person, index, (EAST,))
        for options in ({}, {"within": [item]}):
            with pytest.raises(VectorsUnavailable, match="sqlite-vec"):
                near(person, index, EAST, **options)
        assert opened.tenant("acme").user("amina@acme.test").conversations.create(title="kept").title == "kept"


def test_no_other_extension_can_be_loaded_afterwards(tmp_path, sqlite_template):
    path = tmp_path / "store.db"
    shutil.copy(sqlite_template, path)
    with holdfast.open(f"sqlite:///{path}", KEY) as opened:
        connection = opened.engine.connect()
        with pytest.raises(Exception, match="not authorized"):
            connection.execute("SELECT load_extension('vec0')").fetchall()
        connection.close()
