"""Sets that another tenant reads: as far as they were granted, for as long as they are, and never changed there."""

from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest
from integration.records.conftest import keys
from support.refusals import refused

from holdfast.core.database.schema import metadata
from holdfast.domains.records import access

READER = "acme:codes"


@pytest.fixture
def world(sync_store):
    """Ada administers acme, and shares codes with globex, where Gus and Gia are; Gia administers it."""
    root = sync_store.system().identity
    root.create_user("gia@globex.test", tenant="globex", role="admin")
    for email in ("ada@acme.test", "amina@acme.test"):
        root.set_clearance(email, ["S", "D"], tenant="acme")
    root.set_clearance("gus@globex.test", ["D"], tenant="globex")
    ada, amina = (sync_store.tenant("acme").user(f"{name}@acme.test") for name in ("ada", "amina"))
    gus, gia = (sync_store.tenant("globex").user(f"{name}@globex.test") for name in ("gus", "gia"))
    amina.records.define("codes", key="id", indexed=["kind"], text=["note"], weight="w", history=True)
    rows = [{"id": str(n), "kind": "ab"[n % 2], "w": 1, "note": "heliotrope"} for n in range(4)]
    amina.records.put_many("codes", rows)
    for level in "SD":
        amina.records.put("codes", {"id": level, "kind": "a", "w": 1}, clearance=level)
    amina.records.define("others", key="id", weight="w")
    amina.records.put("others", {"id": "not shared", "w": 1})
    return SimpleNamespace(root=root, store=sync_store, ada=ada, amina=amina, gus=gus, gia=gia)


def test_what_is_granted_is_read_under_a_name_that_tells_whose_it_is(world):
    world.ada.records.share("codes", tenant="globex")
    room = world.gus.records
    (listed,) = room.sets()
    assert (listed.name, listed.owner, listed.created_by) == (READER, "acme", None)
    assert room.get_set(READER) == listed
    assert room.get(READER, "1").data["kind"] == "b"
    assert keys(room.find(READER)) == ["0", "1", "2", "3"]
    assert keys(room.find(READER, where={"kind": "a"}, order="-kind")) == ["2", "0"]
    first = room.find(READER, order="kind", limit=3)
    assert keys(room.find(READER, order="kind", limit=3, cursor=first.next)) == ["3"]
    assert room.count(READER, where={"note": {"prefix": "helio"}}) == 4
    assert [(group.value, group.count) for group in room.group(READER, by="kind")] == [("a", 2), ("b", 2)]
    assert [(group.value, group.count) for group in room.group(READER, by="note")] == [("heliotrope", 4)]
    assert {record.key for record in room.pick(READER, n=100, seed=1)} == {"0", "1", "2", "3"}
    assert {record.key for record in room.pick(READER, where={"kind": "b"}, n=50, seed=1)} == {"1", "3"}
    refused("record_set_not_found", room.count, "acme:others")
    refused("record_set_not_found", room.count, "codes")
    refused("record_set_not_found", world.amina.records.count, READER)


def test_clearance_is_both_the_readers_and_what_was_granted(world):
    gus, gia = world.gus.records, world.gia.records
    world.ada.records.share("codes", tenant="globex", levels=["D"])
    world.root.set_clearance("gia@globex.test", ["S"], tenant="globex")
    world.store.engine.access.changed()
    assert "D" in keys(gus.find(READER)) and "S" not in keys(gus.find(READER))
    assert (gus.count(READER), gia.count(READER)) == (5, 4)
    assert {one.key for one in gus.pick(READER, n=200, seed=1)} == {"0", "1", "2", "3", "D"}
    assert {one.key for one in gia.pick(READER, n=200, seed=1)} == {"0", "1", "2", "3"}
    assert world.ada.records.share("codes", tenant="globex", levels=[]).levels == ()
    assert gus.count(READER) == 4
    assert {one.key for one in gus.pick(READER, n=200, seed=1)} == {"0", "1", "2", "3"}
    refused("clearance_needed", world.ada.records.share, "codes", tenant="globex", levels=["A"])


def test_a_reader_changes_searches_and_looks_back_at_nothing(world):
    world.ada.records.share("codes", tenant="globex", levels=["D", "S"])
    room = world.gia.records
    for call, given in (
        (room.put, [{"id": "0", "w": 9}]),
        (room.put_many, [[{"id": "new", "w": 9}]]),
        (room.update, ["0", {"w": 9}]),
        (room.delete, ["0"]),
        (room.delete_set, []),
        (room.search, ["heliotrope"]),
        (room.history, ["0"]),
    ):
        refused("record_set_shared", call, READER, *given)
    refused("record_set_shared", room.define, READER, key="id")
    refused("record_set_shared", room.share, READER, tenant="initech")
    refused("record_set_not_found", room.shares, READER)
    assert world.amina.records.get("codes", "0").data["w"] == 1
    assert "has a :" in refused("invalid_input", world.gia.records.define, "acme:mine", key="id")


def test_taking_it_back_holds_from_the_next_request_on(world):
    world.ada.records.share("codes", tenant="globex")
    room = world.gus.records
    assert room.pick(READER) and room.count(READER) == 4
    world.ada.records.unshare("codes", tenant="globex")
    refused("record_set_not_found", room.pick, READER)
    refused("record_set_not_found", room.get, READER, "0")
    assert room.sets() == []
    refused("record_share_not_found", world.ada.records.unshare, "codes", tenant="globex")
    world.ada.records.share("codes", tenant="globex")
    world.amina.records.put("codes", {"id": "4", "kind": "a", "w": 10**6})
    assert room.pick(READER, seed=2)[0].key == "4"


def test_a_suspended_owner_shares_nothing_and_a_suspended_reader_reads_nothing(world):
    world.ada.records.share("codes", tenant="globex")
    room = world.gus.records
    assert room.pick(READER)
    world.root.suspend_tenant("acme", reason="unpaid")
    for call in (room.count, room.pick):
        refused("record_set_not_found", call, READER)
    assert room.sets() == []
    world.root.restore_tenant("acme")
    assert room.count(READER) == 4
    world.root.suspend_tenant("globex", reason="unpaid")
    refused("tenant_suspended", room.count, READER)
    world.root.restore_tenant("globex")


def test_deleting_the_set_or_either_tenant_ends_the_grant(world):
    grants = metadata.tables["record_grants"]
    world.ada.records.share("codes", tenant="globex")
    world.ada.records.share("others", tenant="globex")
    world.amina.records.delete_set("others")
    refused("record_set_not_found", world.gus.records.count, "acme:others")
    world.root.delete_tenant("globex", reason="the contract ended")
    assert world.ada.records.shares("codes") == []
    world.root.create_tenant("hooli")
    world.root.create_user("hal@hooli.test", tenant="hooli", role="member")
    world.ada.records.share("codes", tenant="hooli")
    counts = world.root.delete_tenant("acme", reason="the contract ended")
    assert grants.name in str(counts)
    refused("record_set_not_found", world.store.tenant("hooli").user("hal@hooli.test").records.count, READER)


def test_administrators_alone_share_and_everybody_sees_with_whom(world):
    refused("permission_denied", world.amina.records.share, "codes", tenant="globex")
    made = world.ada.records.share("codes", tenant="globex", levels=["D"])
    assert world.ada.records.share("codes", tenant="globex", levels=["D"]) == made
    assert world.amina.records.shares("codes") == [made]
    assert (made.tenant, made.levels, made.granted_by) == ("globex", ("D",), world.ada.scope.actor_id)
    refused("permission_denied", world.amina.records.unshare, "codes", tenant="globex")
    refused("reader_unfit", world.ada.records.share, "codes", tenant="nobody")
    refused("reader_unfit", world.ada.records.share, "codes", tenant="acme")
    refused("record_set_not_found", world.ada.records.share, "nothing", tenant="globex")


def test_reads_by_another_tenant_are_one_line_a_day_in_the_owners_trail(world, monkeypatch):
    made = world.ada.records.share("codes", tenant="globex")

    def lines():
        found = world.ada.audit.list(limit=100).items
        return [line for line in found if line.outcome == "read" and line.details.get("read_by")]

    for _ in range(3):
        world.gus.records.find(READER)
        world.gia.records.pick(READER)
    (line,) = lines()
    assert (line.details["read_by"], line.actor_id, line.actor_role) == ("globex", None, "operator")
    assert world.ada.records.shares("codes")[0].read_at.date() >= made.granted_at.date()
    tomorrow = access.now() + timedelta(days=1)
    monkeypatch.setattr(access, "now", lambda: tomorrow)
    world.gus.records.count(READER)
    world.gus.records.count(READER)
    assert len(lines()) == 2
    details = [line.details for line in world.ada.audit.list(limit=100).items]
    assert {"name": "codes", "shared_with": "globex", "levels": ""} in details


def test_a_read_that_cannot_be_told_to_its_owner_shows_nothing(world, monkeypatch):
    world.ada.records.share("codes", tenant="globex")

    def fails(*_given, **_named):
        raise OSError("the disk is full")

    monkeypatch.setattr(access, "carry_out", fails)
    with pytest.raises(OSError, match="full"):
        world.gus.records.get(READER, "0")


COUNTS = {
    name: f"SELECT count(*) FROM {name}" for name in ("record_grants", "record_sets", "record_changes", "records")
}
NOTHING = dict.fromkeys(COUNTS, 0)
WRITES = (
    "INSERT INTO records SELECT r.tenant_id, r.set_id, 'x', '', gen_random_uuid(), 1, r.data, r.weight, r.change,"
    " v1, v2, v3, v4, v5, v6, v7, v8, NULL, now(), now() FROM records r LIMIT 1",
    "INSERT INTO record_grants SELECT g.tenant_id, g.set_id, gen_random_uuid(), 'a', 'b', 'S', g.granted_by, now()"
    " FROM record_grants g",
)


def test_the_server_itself_lets_a_reader_read_what_was_granted_and_no_more(world):
    if not world.store.url.startswith("postgresql"):
        return
    gus, gia = (one.scope for one in (world.gus, world.gia))
    with psycopg.connect(world.store.engine._conninfo, autocommit=True) as app:
        app.execute("SET ROLE holdfast_app; SET search_path = holdfast, public")

        def become(scope, levels="", reach="own"):
            for name, value in (("tenant_id", scope.tenant_id), ("actor_id", scope.actor_id), ("reach", reach)):
                app.execute("SELECT set_config(%s, %s, false)", (f"holdfast.{name}", str(value)))
            app.execute("SELECT set_config('holdfast.levels', %s, false)", (levels,))

        def seen():
            return {name: app.execute(statement).fetchone()[0] for name, statement in COUNTS.items()}

        become(gus, "SD")
        assert seen() == NOTHING
        world.ada.records.share("codes", tenant="globex", levels=["D"])
        assert seen() == {"record_grants": 1, "record_sets": 1, "record_changes": 1, "records": 5}
        become(gia, "")
        assert seen()["records"] == 4
        become(gia, "SD", "tenant")
        assert [row[0] for row in app.execute("SELECT key FROM records WHERE level <> ''")] == ["D"]
        assert app.execute("SELECT count(*) FROM record_versions").fetchone()[0] == 0
        assert app.execute("SELECT count(*) FROM tenants WHERE slug = 'acme'").fetchone()[0] == 0
        for table, column in (
            ("records", "version = 9"),
            ("record_sets", "name = 'x'"),
            ("record_grants", "reader = 'x'"),
        ):
            assert app.execute(f"UPDATE {table} SET {column}").rowcount == 0
            assert app.execute(f"DELETE FROM {table}").rowcount == 0
        for statement in WRITES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)
        world.root.suspend_tenant("acme", reason="unpaid")
        assert seen() == NOTHING
        world.root.restore_tenant("acme")
        become(world.store.tenant("acme").user("ben@acme.test").scope)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(
                "INSERT INTO record_grants SELECT tenant_id, id, gen_random_uuid(), 'a', 'b', '', created_by, now()"
                " FROM record_sets WHERE name = 'others'"
            )
        world.ada.records.unshare("codes", tenant="globex")
        become(gus, "SD")
        assert seen() == NOTHING
