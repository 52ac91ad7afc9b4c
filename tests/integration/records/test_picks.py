"""Weighted picks: exact shares, the same from a seed, following every change; and what history keeps."""

import collections

import pytest
from integration.records.conftest import keys
from support.refusals import refused

import holdfast
from holdfast import Settings

NAMES = [
    {"name": name, "region": region, "weight": weight}
    for name, region, weight in (("ada", "TX", 10), ("ben", "TX", 20), ("cho", "NY", 70), ("dee", "NY", 0))
]


@pytest.fixture
def names(amina):
    amina.records.define("names", key="name", indexed=["region"], weight="weight", history=True)
    assert amina.records.put_many("names", NAMES).added == 4
    return amina.records


def shares(room, n=4_000, **asked):
    found = collections.Counter(record.key for record in room.pick("names", n=n, seed=11, **asked))
    return {key: round(100 * count / n) for key, count in found.items()}


def test_shares_are_those_of_the_weights_filtered_or_not(names):
    assert all(abs(share - {"ada": 10, "ben": 20, "cho": 70}[key]) <= 3 for key, share in shares(names).items())
    filtered = shares(names, where={"region": "TX"})
    assert filtered.keys() == {"ada", "ben"} and abs(filtered["ben"] - 67) <= 3
    refused("nothing_to_pick", names.pick, "names", where={"name": "dee"})
    refused("invalid_filter", names.pick, "names", where={"region": {"like": "T"}})


def test_a_seed_gives_the_same_from_the_same_records(names, amina):
    first = names.pick("names", n=50, seed=7)
    assert names.pick("names", n=50, seed=7) == first != names.pick("names", n=50, seed=8)
    assert first[0] == names.get("names", first[0].key)
    names.define("other", key="name", weight="weight")
    for row in reversed(NAMES):  # another order, other transactions
        names.put("other", row)
    assert keys(names.pick("other", n=50, seed=7)) == keys(first)
    first[0].data["region"] = "changed by its reader"
    assert names.pick("names", n=1, seed=7)[0].data["region"] != "changed by its reader"


def test_every_change_counts_from_the_next_pick_on(names):
    where = {"region": "TX"}
    assert shares(names, where=where).keys() == {"ada", "ben"}
    names.update("names", "ada", {"weight": 0})
    assert shares(names, where=where) == {"ben": 100}
    names.put("names", {"name": "abe", "region": "TX", "weight": 2.5})
    assert shares(names, where=where).keys() == {"abe", "ben"}
    names.update("names", "ben", {"region": "CA"})
    assert shares(names, where=where) == {"abe": 100}
    names.delete("names", "abe")
    refused("nothing_to_pick", names.pick, "names", where=where)
    names.put_many("names", [{"name": f"n{n}", "region": "TX", "weight": 1} for n in range(300)])
    assert len(shares(names, where=where)) == 300
    names.define("names", key="name", indexed=["region"], weight="other", history=True)
    refused("nothing_to_pick", names.pick, "names")
    names.delete_set("names")
    refused("record_set_not_found", names.pick, "names")


def test_picks_that_cannot_be_made_are_refused_by_name(names, gus):
    names.define("plain", key="id")
    for wrong in ({"n": 0}, {"n": 10_001}, {"seed": "x"}, {"seed": True}):
        refused("invalid_input", names.pick, "names", **wrong)
    refused("invalid_input", names.pick, "plain")
    refused("record_set_not_found", gus.records.pick, "names")


def test_history_keeps_every_version_also_of_what_was_deleted(names, amina):
    names.update("names", "ada", {"weight": 11})
    names.put("names", {"name": "ada", "region": "CA", "weight": 12})
    names.delete("names", "ada")
    found = names.history("names", "ada")
    assert [(one.version, one.data and one.data["weight"]) for one in found] == [(4, None), (3, 12), (2, 11), (1, 10)]
    assert {one.changed_by for one in found} == {amina.scope.actor_id}
    names.put("names", NAMES[0])
    assert [one.version for one in names.history("names", "ada")] == [1, 4, 3, 2, 1]
    names.delete("names", "ada", forget=True)
    assert names.history("names", "ada") == []
    assert len(names.history("names", "ben", limit=5)) == 1
    names.define("plain", key="name")
    names.put("plain", NAMES[0])
    assert names.history("plain", "ada") == []


def test_what_another_process_changes_is_followed(place):
    """Another open store stands for another process: it shares nothing but the database."""
    quick = Settings(pick_seconds=0.000_001)
    with holdfast.open(place.url, place.key, settings=quick) as one, holdfast.open(place.url, place.key) as two:
        mine, theirs = (store.tenant("acme").user("amina@acme.test").records for store in (one, two))
        mine.define("names", key="name", indexed=["region"], weight="weight")
        mine.put_many("names", NAMES)
        assert mine.pick("names", where={"name": "ada"})[0].key == "ada"
        theirs.put_many("names", [{"name": f"n{n}", "region": "WA", "weight": 1} for n in range(200)])
        assert len(shares(mine, where={"region": "WA"})) == 200
        theirs.update("names", "ada", {"weight": 0})
        refused("nothing_to_pick", mine.pick, "names", where={"name": "ada"})
        theirs.delete("names", "ben")
        refused("nothing_to_pick", mine.pick, "names", where={"name": "ben"})


def test_a_pool_is_for_its_levels_alone(sync_store):
    root = sync_store.system().identity
    root.set_clearance("amina@acme.test", ["S", "D"], tenant="acme")
    root.set_clearance("ben@acme.test", ["D"], tenant="acme")
    me, ben, ada = (sync_store.tenant("acme").user(f"{name}@acme.test").records for name in ("amina", "ben", "ada"))
    me.define("names", key="name", weight="weight")
    me.put("names", NAMES[0], clearance="S")
    me.put("names", NAMES[1], clearance="D")
    assert shares(me).keys() == {"ada", "ben"} and shares(ben).keys() == {"ben"}
    refused("nothing_to_pick", ada.pick, "names")
    me.put("names", NAMES[1], clearance="S")
    refused("nothing_to_pick", ben.pick, "names")
    assert shares(me).keys() == {"ada", "ben"}
    root.set_clearance("amina@acme.test", [], tenant="acme")
    refused("nothing_to_pick", me.pick, "names")
