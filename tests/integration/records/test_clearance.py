"""Records at levels: nobody is given one above theirs, nor told that there is one; PostgreSQL itself says so too."""

import threading
from types import SimpleNamespace

import psycopg
import pytest
from integration.records.conftest import keys
from support.refusals import refused

import holdfast
from holdfast.domains.records.expiring import delete_expired

LEVELS = "SABCD"


@pytest.fixture
def world(sync_store):
    """Amina reads everything, Ben D, Ada, an administrator, nothing."""
    root = sync_store.system().identity
    root.set_clearance("amina@acme.test", list(LEVELS), tenant="acme")
    root.set_clearance("ben@acme.test", ["D"], tenant="acme")
    me, ben, ada = (sync_store.tenant("acme").user(f"{name}@acme.test").records for name in ("amina", "ben", "ada"))
    me.define("cases", key="id", indexed=["kind", "size"], text=["note"], clearance="D")
    for level in LEVELS:
        me.put(
            "cases", {"id": f"of {level}", "kind": "visa", "size": 1, "note": f"heliotrope {level}"}, clearance=level
        )
    return SimpleNamespace(me=me, ben=ben, ada=ada, store=sync_store)


def test_every_way_of_reading_stays_below_the_level(world):
    for room, seen in ((world.me, [f"of {level}" for level in sorted(LEVELS)]), (world.ben, ["of D"]), (world.ada, [])):
        assert keys(room.find("cases")) == seen
        assert keys(room.find("cases", where={"kind": "visa"}, order="size")) == seen
        assert keys(room.find("cases", where={"not": {"note": "x"}})) == seen
        assert room.count("cases") == room.count("cases", where={"size": {">": 0}}) == len(seen)
        assert [group.count for group in room.group("cases", by="kind")] == ([len(seen)] if seen else [])
        assert sum(group.count for group in room.group("cases", by="note")) == len(seen)
        assert sorted(hit.record.key for hit in room.search("cases", "heliotrope")) == seen
        assert len(room.search("cases", "heliotrope", where={"kind": "visa"})) == len(seen)
        for level in LEVELS:
            if f"of {level}" not in seen:
                for call in (room.get, room.delete):
                    refused("record_not_found", call, "cases", f"of {level}")
                refused("record_not_found", room.update, "cases", f"of {level}", {"size": 2})


def test_a_record_is_stored_only_at_a_level_that_is_held(world):
    refused("clearance_needed", world.ben.put, "cases", {"id": "x"}, clearance="S")
    refused("clearance_needed", world.ada.put, "cases", {"id": "x"})
    refused("clearance_needed", world.ada.put_many, "cases", [{"id": "x"}])
    assert world.ben.put("cases", {"id": "x"}).clearance == "D"
    refused("clearance_needed", world.ben.put, "cases", {"id": "x"}, clearance="S")
    assert world.me.put("cases", {"id": "x"}, clearance="S").version == 2
    refused("record_not_found", world.ben.get, "cases", "x")


def test_a_key_that_is_taken_above_tells_nothing(world):
    mine = world.ben.put("cases", {"id": "of S", "size": 5})
    assert (mine.version, mine.clearance) == (1, "D")
    assert world.ben.put_many("cases", [{"id": "of A"}, {"id": "of D", "kind": "visa"}]).added == 1
    assert keys(world.me.find("cases", where={"size": {">": 4}})) == ["of S"]
    assert world.me.put("cases", {"id": "of S"}, clearance="S").data == {"id": "of S"}
    assert world.ben.get("cases", "of S") == mine


def test_what_touches_everything_needs_every_level(world):
    for room in (world.ben, world.ada):
        if room is world.ada:
            refused("clearance_needed", room.delete_set, "cases")
            refused("clearance_needed", room.define, "cases", key="id", clearance="D", indexed=["size"])
    world.me.define("cases", key="id", clearance="D", indexed=["size"], text=["note"])
    assert world.me.count("cases", where={"size": 1}) == 5
    world.me.delete_set("cases")


def test_the_server_itself_keeps_levels_and_locks(world):
    if not world.store.url.startswith("postgresql"):
        return
    world.me.define("locked", key="id", locked=True)
    world.me.put("locked", {"id": "1"})
    scope = world.ben.scope
    with psycopg.connect(world.store.engine._conninfo, autocommit=True) as app:
        app.execute("SET ROLE holdfast_app; SET search_path = holdfast, public")
        for name, value in (
            ("tenant_id", scope.tenant_id),
            ("actor_id", scope.actor_id),
            ("reach", "own"),
            ("levels", "D"),
        ):
            app.execute("SELECT set_config(%s, %s, false)", (f"holdfast.{name}", str(value)))
        assert [row[0] for row in app.execute("SELECT key FROM records ORDER BY key")] == ["1", "of D"]
        assert app.execute("DELETE FROM records WHERE key = '1'").rowcount == 0
        assert app.execute("UPDATE records SET version = 9 WHERE key = '1'").rowcount == 0
        assert app.execute("UPDATE record_sets SET name = 'x'").rowcount == 0
        for change in ("level = 'S'", "set_id = (SELECT id FROM record_sets WHERE name = 'locked')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(f"UPDATE records SET {change} WHERE key = 'of D'")


def test_what_expired_is_deleted_with_its_words_and_history_in_every_tenant(world):
    gus = world.store.tenant("globex").user("gus@globex.test").records
    for room, level in ((world.me, "S"), (gus, None)):
        room.define("permits", key="id", expires="until", text=["note"], weight="n", history=True)
        rows = [{"id": str(n), "until": "2020-01-01", "note": "heliotrope", "n": 1} for n in range(501)]
        room.put_many("permits", [*rows, {"id": "kept", "until": "2999-01-01", "n": 1}], clearance=level)
        assert room.pick("permits")[0].key == "kept" and len(room.history("permits", "1")) == 1
    before = world.store.system().counts("acme")
    assert delete_expired(world.store.engine) == 1_002
    assert delete_expired(world.store.engine) == 0
    after = world.store.system().counts("acme")
    assert before["records"] - after["records"] == before["record_versions"] - after["record_versions"] == 501
    for room in (world.me, gus):
        assert room.history("permits", "1") == [] and len(room.history("permits", "kept")) == 1
        assert room.pick("permits")[0].key == "kept"
    assert len(world.me.search("cases", "heliotrope")) == 5
    world.store.clean()


def test_writers_at_once_lose_and_double_nothing(sync_store):
    """Eight writers, each of whom stores the same new keys and changes one record by its version."""
    rooms = [sync_store.tenant("acme").user("amina@acme.test").records for _ in range(8)]
    rooms[0].define("counts", key="id", indexed=["n"], text=["t"], weight="n")
    rooms[0].put("counts", {"id": "all", "n": 0})
    start, failed = threading.Barrier(8), []

    def write(room):
        try:
            start.wait(30)
            for lot in range(5):
                room.put_many("counts", [{"id": f"{lot}-{n}", "n": n, "t": "heliotrope"} for n in range(20)])
                while True:
                    one = room.get("counts", "all")
                    try:
                        room.update("counts", "all", {"n": one.data["n"] + 1}, if_version=one.version)
                        break
                    except holdfast.HoldfastError as error:
                        if error.code != "record_changed":
                            raise
        except BaseException as error:  # noqa: BLE001  # told below
            failed.append(error)

    threads = [threading.Thread(target=write, args=(room,)) for room in rooms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert rooms[0].get("counts", "all").data["n"] == 40
    assert rooms[0].count("counts") == 101
    assert {record.version for record in rooms[0].find("counts", limit=200).items if record.key != "all"} == {1}
    assert len(rooms[0].search("counts", "heliotrope", k=200)) == 100
