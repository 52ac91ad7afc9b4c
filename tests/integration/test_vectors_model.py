"""Vectors beside a plain model: after any changes, both engines find what comparing each with each finds."""

import random
from uuid import UUID, uuid4

import pytest
from support.vectors import Vectors, direction, ids, ranked

from holdfast.core.vectors import activate, active_index, count, create_index, drop_index, move, nearest, remove, store

DIMENSION = 5
LEVELS = (None, "S", "A", "B", "C", "D")


class Model:
    """What is in each index, by item: level, owner, vector."""

    def __init__(self, me: UUID) -> None:
        self.rows: dict[UUID, dict[UUID, tuple]] = {}
        self.active: UUID | None = None
        self.people = (None, me)

    def visible(self, index_id, levels, owner, within):
        return {
            item: vector
            for item, (level, of, vector) in self.rows[index_id].items()
            if (level is None or levels is None or level in levels)
            and (owner is None or of in (None, owner))
            and (within is None or item in within)
        }

    def items(self):
        return sorted({item for rows in self.rows.values() for item in rows})


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_changes_leaves_what_the_model_has(sync_store, seed):
    person, chance = Vectors(sync_store, "acme", "amina@acme.test"), random.Random(seed)
    model, made = Model(person.me), {}
    for _ in range(60):
        change(person, model, made, chance)
        for index in made.values():
            assert person.read(lambda tx, index=index: count(tx, index)) == len(model.rows[index.id])
            compare(person, model, index, chance)
        active = person.read(lambda tx: active_index(tx, purpose="knowledge"))
        assert (active and active.id) == model.active


def change(person, model, made, chance):
    kind = chance.choice(["store"] * 5 + ["store again", "remove", "move", "create", "activate", "drop"])
    some = chance.sample(model.items(), min(len(model.items()), 3))
    if kind == "create" or not made:
        index = person.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=DIMENSION))
        made[index.id], model.rows[index.id] = index, {}
    elif kind in ("store", "store again"):
        index = chance.choice(list(made.values()))
        items = some if kind == "store again" else [uuid4() for _ in range(chance.randint(1, 8))]
        rows = {
            item: (chance.choice(LEVELS), chance.choice(model.people), direction(chance, DIMENSION)) for item in items
        }
        assert person.write(lambda tx: store(tx, index, [(item, *row) for item, row in rows.items()])) == len(rows)
        model.rows[index.id] |= rows
    elif kind == "remove":
        person.write(lambda tx: remove(tx, some))
        for rows in model.rows.values():
            for item in some:
                rows.pop(item, None)
    elif kind == "move":
        level = chance.choice(LEVELS)
        person.write(lambda tx: move(tx, some, level=level))
        for rows in model.rows.values():
            rows.update({item: (level, *rows[item][1:]) for item in some if item in rows})
    elif kind == "activate":
        model.active = chance.choice(list(made))
        person.write(lambda tx: activate(tx, model.active))
    else:
        gone = chance.choice(list(made))
        while not person.write(lambda tx: drop_index(tx, gone, most=4)):
            pass
        made.pop(gone), model.rows.pop(gone)
        model.active = None if model.active == gone else model.active


def compare(person, model, index, chance):
    asked, k = direction(chance, DIMENSION), chance.randint(1, 12)
    levels = chance.choice([None, frozenset("SABCD"), frozenset("CD"), frozenset()])
    owner = chance.choice([None, person.me, uuid4()])
    within = chance.choice([None, None, set(chance.sample(model.items(), len(model.items()) // 2))])
    found = person.read(lambda tx: nearest(tx, index, asked, k=k, levels=levels, owner=owner, within=within))
    expected = ranked(model.visible(index.id, levels, owner, within), asked)[:k]
    assert ids(found) == [item for item, _ in expected]
    assert [one.similarity for one in found] == pytest.approx([sim for _, sim in expected], abs=1e-6)
