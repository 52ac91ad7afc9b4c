"""Whoever changes the trail behind Holdfast's back is found, and the line is named."""

import shutil
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import KEY as STORE_KEY
from support.backdoor import Backdoor
from support.refusals import refused

import holdfast
from holdfast import HoldfastError
from holdfast.core.ids import new_id
from holdfast.core.rendering import plain
from holdfast.core.trail import audit_events, code
from holdfast.domains.audit.checkpoints import from_document
from holdfast.domains.audit.sealing import seal_all

pytestmark = pytest.mark.xdist_group("audit-tampering")
KEY = bytes(range(32))


KEYED_ONLY = pytest.mark.parametrize("trail", ["keyed"], indirect=True)


@pytest.fixture(scope="module")
def templates(request, tmp_path_factory):
    """Makes a store with a trail when it is first asked for, to be copied: a file, or the name of a database."""

    @cache
    def template(on, keyed):
        if on == "sqlite":
            path = tmp_path_factory.mktemp("trail") / "store.db"
            made, url, key = path, f"sqlite:///{path}", STORE_KEY
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
        else:
            made, key = "trail_keyed" if keyed else "trail_not_keyed", None
            url = request.getfixturevalue("postgres").copy(request.getfixturevalue("postgres_template"), made)
        with holdfast.open(url, key) as store:
            write_trail(taken(store, keyed))
            store._sealer._waiting.clear()  # closing seals what waits
        return made

    return template


def taken(store, keyed):
    """The store, without a thread that seals behind our back."""
    store._sealer.close()
    store.engine.trail.key = KEY if keyed else None
    return store


def write_trail(store):
    """Two seals of ten lines each, and three lines not sealed yet."""
    acme = store.tenant("acme").user("amina@acme.test")
    clear(store.engine)
    for _ in range(2):
        for _ in range(10):
            acme.conversations.create()
        assert seal_all(store.engine, [acme.scope.tenant_id]) == 10
    for _ in range(3):
        acme.conversations.create()


@pytest.fixture(params=["sqlite", "postgresql"])
def copied(request, templates, tmp_path):
    """Where a new copy is, of a store whose trail is keyed or is not."""
    if request.param == "sqlite":
        yield lambda keyed: (f"sqlite:///{shutil.copy(templates('sqlite', keyed), tmp_path)}", STORE_KEY)
    else:
        server = request.getfixturevalue("postgres")
        yield lambda keyed: (server.copy(templates("postgresql", keyed), "trail"), None)
        server.drop("trail")


@pytest.fixture(params=["keyed", "not keyed"])
def trail(request, copied):
    """A store with a trail of two seals and three lines beside, which nobody has touched yet."""
    keyed = request.param == "keyed"
    with holdfast.open(*copied(keyed)) as opened:
        store = taken(opened, keyed)
        ada = store.tenant("acme").user("ada@acme.test")
        yield SimpleNamespace(
            store=store,
            door=Backdoor(store.engine),
            audit=ada.audit,
            ids=[line.id for line in reversed(ada.audit.list(action="conversations.create").items)],
            tenant_id=ada.scope.tenant_id,
            keyed=keyed,
        )


def clear(engine):
    """Away with what the fixtures wrote: with another key, or none."""
    door = Backdoor(engine)
    for table in ("audit_events", "audit_seals"):
        door.without_triggers(f"DELETE FROM {table}", table=table)


def spelled(trail, value):
    return value.bytes if trail.door.name == "sqlite" else value


def faults(trail, **asked):
    report = trail.audit.verify(**asked)
    assert not report.ok
    return report


def test_what_nobody_touched_is_whole(trail):
    report = trail.audit.verify()
    assert (report.ok, report.first_bad, report.why) == (True, None, None)
    assert (report.sealed, report.seals, report.keyed) == (20, 2, trail.keyed)
    assert report.rows >= 23


@pytest.mark.parametrize("at", [0, 10, 22])
@pytest.mark.parametrize("column", ["operation", "outcome", "request_id"])
def test_a_changed_line_is_named(trail, at, column):
    value = "denied" if column == "outcome" else "visitor"
    trail.door.without_triggers(
        f"UPDATE audit_events SET {column} = ? WHERE id = ?", value, spelled(trail, trail.ids[at]), table="audit_events"
    )
    report = faults(trail)
    assert report.first_bad == trail.ids[at]
    assert report.why.startswith("changed")


def test_a_line_moved_to_another_person_is_named(trail):
    other = spelled(trail, trail.tenant_id)
    for column in ("actor_id", "target_id", "owner_id"):
        trail.door.without_triggers(
            f"UPDATE audit_events SET {column} = ? WHERE id = ?",
            other,
            spelled(trail, trail.ids[3]),
            table="audit_events",
        )
        assert faults(trail).first_bad == trail.ids[3]


@pytest.mark.parametrize("at", [0, 10, 19])
def test_a_line_that_is_gone_is_named(trail, at):
    delete(trail, trail.ids[at])
    report = faults(trail)
    assert (report.first_bad, report.why) == (trail.ids[at], "missing: the line was sealed and is gone")


def delete(trail, event_id):
    trail.door.without_triggers("DELETE FROM audit_events WHERE id = ?", spelled(trail, event_id), table="audit_events")


def test_an_added_line_is_named(trail):
    """A copy of a line, under an id of its own, between those that are sealed."""
    new = new_id()
    columns = [column.name for column in audit_events.c]
    chosen = ", ".join("position" if c == "position" else "?" if c == "id" else c for c in columns)
    trail.door.run(
        f"INSERT INTO audit_events ({', '.join(columns)}) SELECT {chosen} FROM audit_events WHERE id = ?",
        spelled(trail, new),
        spelled(trail, trail.ids[4]),
    )
    report = faults(trail)
    assert report.first_bad == new
    assert {fault.why.partition(":")[0] for fault in report.faults} == {"changed", "inserted"}


def test_lines_in_another_order_are_named(trail):
    swap(trail, trail.ids[2], trail.ids[7])
    report = faults(trail)
    assert report.first_bad in (trail.ids[2], trail.ids[7])
    assert report.why.startswith("reordered")


def test_a_line_moved_under_another_seal_is_named(trail):
    swap(trail, trail.ids[2], trail.ids[15])
    report = faults(trail)
    assert {fault.event_id for fault in report.faults} >= {trail.ids[2], trail.ids[15]}
    assert all(fault.why.startswith("reordered") for fault in report.faults)


def swap(trail, one, other):
    positions = dict(trail.door.run("SELECT id, position FROM audit_events"))
    for event_id, place in ((one, other), (other, one)):
        trail.door.without_triggers(
            "UPDATE audit_events SET position = ? WHERE id = ?",
            positions[spelled(trail, place)],
            spelled(trail, event_id),
            table="audit_events",
        )


def test_a_seal_that_is_gone_is_named(trail):
    trail.door.without_triggers("DELETE FROM audit_seals WHERE number = 1", table="audit_seals")
    assert faults(trail).faults[0].seal == 1


@pytest.mark.parametrize("change", ["events = events + 1", "sealed_at = sealed_at", "entries = previous"])
def test_a_changed_seal_is_named(trail, change):
    if change.startswith("sealed_at"):
        change += " + 1" if trail.door.name == "sqlite" else " + interval '1 microsecond'"
    trail.door.without_triggers(f"UPDATE audit_seals SET {change} WHERE number = 2", table="audit_seals")
    report = faults(trail)
    assert any(fault.seal == 2 for fault in report.faults)


def test_the_tail_cut_off_with_its_seal_shows_against_a_checkpoint(trail):
    if not trail.keyed:
        with pytest.raises(HoldfastError, match="no key ring"):
            trail.audit.checkpoint()
        return
    known = trail.audit.checkpoint()
    assert trail.audit.verify(checkpoint=known).ok
    (through,) = trail.door.run("SELECT through_position FROM audit_seals WHERE number = 1")
    trail.door.without_triggers("DELETE FROM audit_seals WHERE number > 1", table="audit_seals")
    trail.door.without_triggers("DELETE FROM audit_events WHERE position > ?", through[0], table="audit_events")
    assert trail.audit.verify().ok  # by itself it is a shorter trail, and sound
    report = faults(trail, checkpoint=known)
    assert report.first_bad == known.number
    assert report.why.startswith("cut off")
    assert "the chain ends at seal 1" in report.why


@KEYED_ONLY
def test_a_tail_that_grew_again_is_not_the_one_of_the_checkpoint(trail):
    known = trail.audit.checkpoint()
    (through,) = trail.door.run("SELECT through_position FROM audit_seals WHERE number = 1")
    trail.door.without_triggers("DELETE FROM audit_seals WHERE number > 1", table="audit_seals")
    trail.door.without_triggers("DELETE FROM audit_events WHERE position > ?", through[0], table="audit_events")
    amina = trail.store.tenant("acme").user("amina@acme.test")
    for _ in range(known.number):
        amina.conversations.create()
        seal_all(trail.store.engine, [trail.tenant_id])
    assert faults(trail, checkpoint=known).why.startswith("exchanged")


def test_new_codes_made_without_the_key_are_found(trail):
    """Who can write to the database but has no key cannot make a line that passes."""
    forged = code(None, ["anything"])
    trail.door.without_triggers(
        "UPDATE audit_events SET operation = 'forged', mac = ? WHERE id = ?",
        bytes.fromhex(forged),
        spelled(trail, trail.ids[21]),
        table="audit_events",
    )
    assert faults(trail).first_bad == trail.ids[21]


@KEYED_ONLY
def test_a_checkpoint_says_nothing_for_another_tenant_or_when_it_was_changed(trail):
    known = trail.audit.checkpoint()
    assert from_document(plain(known)) == known
    other = trail.store.tenant("globex").user("ada@acme.test").audit
    for audit, given in (
        (other, known),
        (trail.audit, replace(known, events=known.events + 1)),
        (trail.audit, replace(known, hash="00" * 32)),
        (trail.audit, replace(known, signature="00" * 64)),
        (trail.audit, replace(known, public_key="00" * 32)),
        (trail.audit, replace(known, signature="not hex")),
    ):
        with pytest.raises(HoldfastError) as caught:
            audit.verify(checkpoint=given)
        assert caught.value.code == "checkpoint_not_valid"


def test_a_file_that_was_rolled_back_shows_against_a_checkpoint(tmp_path, sqlite_template):
    path = tmp_path / "store.db"
    shutil.copy(sqlite_template, path)
    open_store = lambda: holdfast.open(f"sqlite:///{path}", "0123456789abcdef" * 4)  # noqa: E731
    with open_store() as store:
        store.engine.trail.key = store.engine.trail.key or KEY
        store.tenant("acme").user("amina@acme.test").conversations.create()
    old = Path(shutil.copy(path, tmp_path / "old.db"))
    with open_store() as store:
        store.engine.trail.key = store.engine.trail.key or KEY
        ada = store.tenant("acme").user("ada@acme.test")
        ada.conversations.create()
        known = ada.audit.checkpoint()
    shutil.copy(old, path)
    with open_store() as store:
        store.engine.trail.key = store.engine.trail.key or KEY
        report = store.tenant("acme").user("ada@acme.test").audit.verify(checkpoint=known)
    assert report.why.startswith("cut off")


@KEYED_ONLY
def test_a_whole_trail_forged_without_the_key_is_found(trail):
    """Every line, code and seal made anew, as one may who has the database and not the key."""
    key, trail.store.engine.trail.key = trail.store.engine.trail.key, None
    clear(trail.store.engine)
    amina = trail.store.tenant("acme").user("amina@acme.test")
    amina.conversations.create()
    seal_all(trail.store.engine, [trail.tenant_id])
    trail.store.engine.trail.key = key
    report = faults(trail)
    assert (report.first_bad, report.keyed) == (1, True)
    assert "not made with this store's key" in report.why
    with pytest.raises(HoldfastError) as caught:
        trail.audit.checkpoint()  # nothing true is put on top of it
    assert caught.value.code == "trail_not_sound"


@KEYED_ONLY
def test_lines_added_without_the_key_are_found(trail):
    key, trail.store.engine.trail.key = trail.store.engine.trail.key, None
    chat = trail.store.tenant("acme").user("amina@acme.test").conversations.create()
    trail.store.engine.trail.key = key
    report = faults(trail)
    (line,) = trail.audit.list(target=chat.id).items
    assert report.first_bad == line.id


def test_a_line_written_twice_is_found(trail):
    columns = [column.name for column in audit_events.c]
    for at, more in ((22, 100), (3, 200)):
        chosen = ", ".join(f"position + {more}" if c == "position" else c for c in columns)
        trail.door.run(
            f"INSERT INTO audit_events ({', '.join(columns)}) SELECT {chosen} FROM audit_events WHERE id = ?",
            spelled(trail, trail.ids[at]),
        )
        report = faults(trail)
        assert any(fault.event_id == trail.ids[at] and "twice" in fault.why for fault in report.faults)


def test_what_was_written_before_there_was_a_key_ring_is_vouched_for_when_there_is_one(tmp_path, monkeypatch):
    monkeypatch.delenv("HOLDFAST_KEYRING")
    url = f"sqlite:///{tmp_path}/plain.db"
    with holdfast.create(url) as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("ada@acme.test", tenant="acme", role="admin")
        assert store.tenant("acme").user("ada@acme.test").audit.verify().keyed is False
    ring = "one:" + "ab" * 32
    for _ in range(2):
        with holdfast.open(url, keys=ring) as store:
            ada = store.tenant("acme").user("ada@acme.test")
            ada.conversations.create()
            report = ada.audit.verify()
            assert (report.ok, report.keyed) == (True, True), report
    with holdfast.open(url, keys=ring) as store:
        door = Backdoor(store.engine)
        door.without_triggers("UPDATE audit_seals SET sealed_at = sealed_at - 1 WHERE number = 1", table="audit_seals")
        assert store.tenant("acme").user("ada@acme.test").audit.verify().first_bad == 1


def test_lines_that_a_process_left_unsealed_are_sealed_by_the_next(sync_store, place):
    ada = sync_store.tenant("acme").user("ada@acme.test")
    sync_store._sealer._ending.set()  # as one that was killed
    ada.conversations.create()
    assert ada.audit.verify().oldest_unsealed is not None
    with holdfast.open(place.url, place.key, settings=holdfast.Settings(seal_seconds=0.05)) as store:
        store.tenant("globex").user("ada@acme.test").conversations.create()  # the thread begins with another tenant's
        for _ in range(100):
            waiting = ada.audit.verify().oldest_unsealed
            if waiting is None or waiting > store.tenant("acme").user("ada@acme.test").audit.list().items[-1].at:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("they are still unsealed")


@pytest.fixture
def empty_database(postgres):
    postgres.execute("CREATE DATABASE without_ring")
    yield postgres.url("without_ring")
    postgres.drop("without_ring")


@pytest.fixture(params=["sqlite", "postgresql"])
def without_ring(request, tmp_path, monkeypatch):
    """The URL of a store with two tenants that never had a key ring."""
    monkeypatch.delenv("HOLDFAST_KEYRING")
    in_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/plain.db" if in_file else request.getfixturevalue("empty_database")
    with holdfast.create(url) as store:
        for tenant in ("acme", "globex"):
            store.system().identity.create_tenant(tenant)
            store.system().identity.create_user("ada@acme.test", tenant=tenant, role="admin")
    return url


_STOP = {
    "sqlite": """CREATE TRIGGER stop BEFORE INSERT ON audit_seals
        WHEN EXISTS (SELECT 1 FROM audit_seals WHERE length(entries) = 0)
        BEGIN SELECT RAISE(ABORT, 'stopped'); END""",
    "postgresql": """
        CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN IF EXISTS (SELECT 1 FROM holdfast.audit_seals WHERE length(entries) = 0) THEN
             RAISE ''stopped''; END IF; RETURN NEW; END';
        CREATE TRIGGER stop BEFORE INSERT ON audit_seals FOR EACH ROW EXECUTE FUNCTION stop()""",
}
"""What breaks off the vouching after the first tenant: the seal that vouches for others has no entries of its own."""


def test_a_first_key_ring_whose_vouching_breaks_off_leaves_a_store_without_one(without_ring):
    with holdfast.open(without_ring) as store:
        door = Backdoor(store.engine)
    door.run(_STOP[door.name])
    ring = "one:" + "ab" * 32
    refused("internal_error", holdfast.open, without_ring, keys=ring)
    assert door.run("SELECT count(*) FROM data_keys") == [(0,)]
    with holdfast.open(without_ring) as store:  # still as before, and it may write
        store.tenant("acme").user("ada@acme.test").conversations.create()
    door.run("DROP TRIGGER stop" + (" ON audit_seals" if door.name == "postgresql" else ""))
    with holdfast.open(without_ring, keys=ring) as store:
        for tenant in ("acme", "globex"):
            report = store.tenant(tenant).user("ada@acme.test").audit.verify()
            assert (report.ok, report.keyed) == (True, True), report
