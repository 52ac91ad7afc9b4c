"""Rotating and destroying keys: nothing is lost, whatever is rotated; what was destroyed is gone, from backups too."""

import multiprocessing
import shutil
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace
from uuid import UUID

import pytest
from support import destroying, vaulted
from support.backdoor import Backdoor

import holdfast
from holdfast.core.crypto.environment import EnvironmentRing
from holdfast.core.crypto.key_file import FileRing
from holdfast.core.crypto.keys import Keys
from holdfast.core.crypto.models import STORE
from holdfast.core.crypto.resealing import LOT, SealedTable, sealed_tables

OLD, NEW = "old:" + "1" * 64, "new:" + "2" * 64
KEY = "0123456789abcdef" * 4


def refused(code, call, *args, **named):
    with pytest.raises(holdfast.HoldfastError) as caught:
        call(*args, **named)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


@pytest.fixture
def ring(tmp_path):
    folder = tmp_path / "ring"
    folder.mkdir()
    return f"file:{folder}/keys.json"


@pytest.fixture
def moved(place, ring):
    """A store whose key ring is a file."""
    with holdfast.open(place.url, place.key) as store:
        vaulted.make(store)
        store.system().keys.rotate(to=ring)
    return place


@pytest.fixture
def opened(moved, ring):
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        yield store


@pytest.fixture(autouse=True)
def small_table(monkeypatch):
    """The tables with secrets are those of the metadata, and the tests' own small one."""
    table = SealedTable(vaulted.vaulted, [vaulted.vaulted.c.token, vaulted.vaulted.c.spare])
    monkeypatch.setattr(
        "holdfast.core.crypto.keys.sealed_tables",
        lambda owner: [*sealed_tables(owner), *([] if owner == STORE else [table])],
    )


def current_key(store, tenant, purpose="fields"):
    (key,) = [
        key.id
        for key in store.system().keys.list_keys()
        if (key.tenant_id, key.purpose, key.state) == (tenant, purpose, "current")
    ]
    return key


def tenant_of(store, slug="acme"):
    return store.tenant(slug).tenant.id


def test_rotating_the_ring_wraps_every_data_key_anew_and_touches_no_secret(opened):
    kept, keys = vaulted.of(opened), opened.system().keys
    row = kept.put("mine", "first", account="a-1")
    sealed = Backdoor(opened.engine).run("SELECT token FROM vaulted")
    before = keys.list_keys()
    done = keys.rotate()
    assert done.rewrapped == len(before) == 3  # the store's, acme's for fields and hashes
    assert {key.ring_key.partition(":")[0] for key in keys.list_keys()} == {done.ring_key} == {keys.list_ring()[0].id}
    assert [key.id for key in keys.list_keys()] == [key.id for key in before]
    assert Backdoor(opened.engine).run("SELECT token FROM vaulted") == sealed
    assert kept.get(row).token == "first" and len(kept.find("a-1")) == 1


def test_after_a_rotation_the_store_opens_with_what_is_in_the_ring_now(moved, ring):
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        row = vaulted.of(store).put("mine", "first")
        store.system().keys.rotate()
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        assert vaulted.of(store).get(row).token == "first"


def test_an_environment_ring_is_rotated_by_putting_a_key_before_the_old_one(place):
    with holdfast.open(place.url, place.key) as store:
        vaulted.make(store)
        row = vaulted.of(store).put("mine", "first")
        assert "openssl rand" in refused("ring_takes_no_key", store.system().keys.rotate)
        store.system().keys.rotate(to=OLD)
    with holdfast.open(place.url, place.key, keys=f"{NEW},{OLD}") as store:
        assert vaulted.of(store).get(row).token == "first"
        done = store.system().keys.rotate()
        assert (done.ring_key, done.rewrapped) == ("new", 2)
    with holdfast.open(place.url, place.key, keys=NEW) as store:
        assert vaulted.of(store).get(row).token == "first"
    text = refused("ring_key_missing", holdfast.open, place.url, place.key, keys=OLD)
    assert "'new'" in text and "2222" not in text


def test_an_interrupted_rotation_is_finished_without_another_new_key(opened, monkeypatch):
    keys = opened.system().keys
    for n in range(3):
        opened.system().identity.create_tenant(f"tenant-{n}")
        made = opened.engine.vault.new_row(tenant_of(opened, f"tenant-{n}"), "fields")
        keys._replace_key(made, set())
    monkeypatch.setattr("holdfast.core.crypto.keys.LOT", 1)
    put, calls = type(keys)._put, []

    def failing(self, lot):
        calls.append(lot)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return put(self, lot)

    monkeypatch.setattr(type(keys), "_put", failing)
    with pytest.raises(KeyboardInterrupt):
        keys.rotate()
    monkeypatch.setattr(type(keys), "_put", put)
    generations = len(keys.list_ring())
    assert keys.rotate().rewrapped == 3
    assert len(keys.list_ring()) == generations


def test_a_move_to_another_ring_that_was_interrupted_is_taken_up_with_the_old_one(place, ring, monkeypatch):
    with holdfast.open(place.url, place.key) as store:
        vaulted.make(store)
        row = vaulted.of(store).put("mine", "first")
        keys = store.system().keys
        of_store = keys._of_store
        monkeypatch.setattr(type(keys), "_of_store", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            keys.rotate(to=ring)
        del of_store
    monkeypatch.undo()
    with holdfast.open(place.url, place.key) as store:
        assert store.system().keys.rotate(to=ring).rewrapped == 1
        assert vaulted.of(store).get(row).token == "first"
    with holdfast.open(place.url, place.key, keys=ring) as store:
        assert vaulted.of(store).get(row).token == "first"


def test_a_ring_to_move_to_needs_names_of_its_own(sync_store):
    name = sync_store.system().keys.list_ring()[0].id
    assert name in refused("invalid_key_ring", sync_store.system().keys.rotate, to=f"{name}:{'3' * 64}")


def test_rotating_the_data_seals_every_secret_anew(opened):
    kept, owner = vaulted.of(opened), tenant_of(opened)
    kept.put_many([f"token {n}" for n in range(LOT * 2 + 5)])
    row = kept.put("both", "t", spare="s", account="a-1")
    theirs = vaulted.of(opened, "globex", "gus@globex.test").put("theirs", "other")
    before, old = [k.token for k in kept.all()], current_key(opened, owner)
    done = opened.system().keys.rotate_data(owner)
    assert (done.values, done.unreadable) == (LOT * 2 + 7, ())
    assert done.key_id == current_key(opened, owner) != old
    assert [k.token for k in kept.all()] == before and kept.get(row).spare == "s"
    assert [k.id for k in kept.find("a-1")] == [row]
    named = {
        bytes(blob)[1:17]
        for (blob,) in Backdoor(opened.engine).run(
            "SELECT token FROM vaulted WHERE id <> ?",
            theirs.bytes if opened.engine.dialect.name == "sqlite" else theirs,
        )
    }
    assert named == {done.key_id.bytes}
    assert vaulted.of(opened, "globex", "gus@globex.test").get(theirs).token == "other"


def test_an_interrupted_rotation_of_data_is_finished_first(opened, monkeypatch):
    kept, owner = vaulted.of(opened), tenant_of(opened)
    kept.put_many([f"token {n}" for n in range(LOT + 5)])
    keys = opened.system().keys
    lot, sealed = type(keys)._reseal_lot, []

    def failing(self, *args):
        if sum(sealed):  # a lot was sealed under the new key
            raise KeyboardInterrupt
        done = lot(self, *args)
        sealed.append(done.values)
        return done

    monkeypatch.setattr(type(keys), "_reseal_lot", failing)
    with pytest.raises(KeyboardInterrupt):
        keys.rotate_data(owner)
    monkeypatch.setattr(type(keys), "_reseal_lot", lot)
    key = current_key(opened, owner)
    assert len(kept.all()) == LOT + 5
    done = keys.rotate_data(owner)
    assert (done.key_id, done.values) == (key, 5)


def test_a_secret_that_does_not_open_is_named_and_hinders_no_rotation(opened):
    kept, owner = vaulted.of(opened), tenant_of(opened)
    kept.put("good", "fine")
    row = kept.put("bad", "lost")
    Backdoor(opened.engine).run("UPDATE vaulted SET token = spare, spare = token WHERE name = 'bad'")
    for _ in range(2):
        done = opened.system().keys.rotate_data(owner)
        assert done.values == 1
        assert done.unreadable == (f"vaulted.spare (id={row})",)


def test_destroying_a_tenants_keys_destroys_its_secrets_and_no_others(opened):
    kept, owner = vaulted.of(opened), tenant_of(opened)
    row = kept.put("mine", "first", account="a-1")
    theirs = vaulted.of(opened, "globex", "gus@globex.test")
    other = theirs.put("theirs", "second")
    done = opened.system().keys.destroy(owner)
    assert (done.keys, done.backups_too) == (2, True)
    assert "was destroyed" in refused("key_destroyed", kept.get, row)
    assert kept.find("a-1") == []
    assert theirs.get(other).token == "second"
    anew = kept.put("anew", "third")
    assert kept.get(anew).token == "third"
    again = opened.system().keys.destroy(owner)
    assert (again.keys, again.backups_too) == (2, True)


def sealing_within(monkeypatch, moment, put):
    """Have `put` called once when the key ring is about to do `moment` ("destroy", "wrap"), by another call of it."""
    step, met = getattr(FileRing, moment), []

    def first(self, *args):
        if not met:
            met.append(None)
            met[0] = put()
        return step(self, *args)

    monkeypatch.setattr(FileRing, moment, first)
    return met


def test_what_is_sealed_while_keys_are_being_destroyed_is_refused_and_not_lost(moved, ring, monkeypatch):
    with holdfast.open(moved.url, moved.key, keys=ring) as store, holdfast.open(moved.url, moved.key, keys=ring) as at:
        owner, kept = tenant_of(store), vaulted.of(at)
        kept.put("mine", "first")
        put = lambda: refused("destruction_under_way", kept.put, "anew", "second")  # noqa: E731
        met = sealing_within(monkeypatch, "destroy", put)
        assert store.system().keys.destroy(owner).backups_too
        assert "repeat the call" in met[0] and str(owner) in met[0]
        row = kept.put("anew", "third")
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        assert vaulted.of(store).get(row).token == "third"
        vaulted.of(store).put("more", "fourth")


@pytest.mark.parametrize("call", ["seal", "rotate_data"])
def test_a_key_wrapped_before_the_destruction_and_kept_after_it_is_wrapped_again(moved, ring, monkeypatch, call):
    with holdfast.open(moved.url, moved.key, keys=ring) as store, holdfast.open(moved.url, moved.key, keys=ring) as at:
        owner, kept = tenant_of(store), vaulted.of(at)
        kept.put("mine", "first")
        if call == "seal":
            store.system().keys.destroy(owner)
            vaulted.of(store).find("nobody")  # a key of hashes, to be destroyed
        make, met = type(at.engine.vault).new_row, []

        def slow(self, *args):
            row = make(self, *args)
            if self is at.engine.vault and not met:
                met.append(store.system().keys.destroy(owner))
            return row

        monkeypatch.setattr(type(at.engine.vault), "new_row", slow)
        if call == "rotate_data":
            at.system().keys.rotate_data(owner)
        row = kept.put("anew", "second")
        assert met
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        assert vaulted.of(store).get(row).token == "second"


def test_a_destruction_the_ring_did_not_answer_is_finished_by_the_next_and_nothing_else(moved, ring, monkeypatch):
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        owner, kept, keys = tenant_of(store), vaulted.of(store), store.system().keys
        kept.put("mine", "first")
        monkeypatch.setattr(FileRing, "destroy", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            keys.destroy(owner)
        refused("destruction_under_way", kept.put, "anew", "second")
        refused("destruction_under_way", keys.rotate_data, owner)
        monkeypatch.undo()
        done = keys.destroy(owner)
        assert (done.keys, done.backups_too) == (0, True)
        row = kept.put("anew", "third")
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        assert vaulted.of(store).get(row).token == "third"


def test_what_the_ring_before_did_not_forget_hinders_no_new_key(place, ring):
    with holdfast.open(place.url, place.key) as store:
        vaulted.make(store)
        owner = tenant_of(store)
        vaulted.of(store).put("mine", "first")
        assert not store.system().keys.destroy(owner).backups_too
        row = vaulted.of(store).put("anew", "second")
        store.system().keys.rotate(to=ring)
    with holdfast.open(place.url, place.key, keys=ring) as store:
        vaulted.of(store).put("more", "third", account="a-1")  # makes a key of hashes
        assert vaulted.of(store).get(row).token == "second"
        assert not store.system().keys.destroy(owner).backups_too  # copies of before, with the ring of before


def test_who_destroys_what_another_has_destroyed_meanwhile_leaves_what_was_made_since(moved, ring, monkeypatch):
    with holdfast.open(moved.url, moved.key, keys=ring) as store, holdfast.open(moved.url, moved.key, keys=ring) as at:
        owner, kept = tenant_of(store), vaulted.of(at)
        kept.put("mine", "first")
        made = []

        def destroy_and_begin_anew():
            assert at.system().keys.destroy(owner).backups_too
            made.append(kept.put("anew", "second"))

        sealing_within(monkeypatch, "destroy", destroy_and_begin_anew)
        assert store.system().keys.destroy(owner).backups_too
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        assert vaulted.of(store).get(made[0]).token == "second"


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # of the ring's file: the engine does not matter
def test_two_processes_that_destroy_at_once_and_seal_again_lose_nothing_that_was_made_since(moved, ring):
    rounds, spawn = 5, multiprocessing.get_context("spawn")
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        vaulted.of(store).put("mine", "first")
        owner = tenant_of(store)
    start, told = spawn.Barrier(2), spawn.Queue()
    given = (moved.url, moved.key, ring, owner, rounds, start, told)
    processes = [spawn.Process(target=destroying.destroy_and_seal, args=given) for _ in range(2)]
    for process in processes:
        process.start()
    said = [told.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    destroyed = [count for found in said for count, _ in found]
    assert sum(destroyed) >= rounds and all(backups for found in said for _, backups in found)
    with holdfast.open(moved.url, moved.key, keys=ring) as store:
        kept = vaulted.of(store)
        row = kept.put("last", "kept")
        assert kept.get(row).token == "kept"
        live = [key for key in store.system().keys.list_keys() if key.tenant_id == owner and key.state != "destroyed"]
        assert len(live) == 1  # and every secret opens, or says that its key was destroyed
        for (id,) in Backdoor(store.engine).run("SELECT id FROM vaulted"):
            try:
                assert kept.get(UUID(bytes=bytes(id))).token in ("kept", "sealed since")
            except holdfast.HoldfastError as error:
                assert error.code == "key_destroyed"


def test_the_stores_own_key_is_not_destroyed(opened):
    refused("invalid_input", opened.system().keys.destroy, STORE)
    refused("invalid_input", opened.system().keys.destroy, "acme")


def test_a_destroyed_tenant_is_unreadable_in_every_backup(tmp_path, ring):
    url, backup = f"sqlite:///{tmp_path}/live.db", tmp_path / "backup.db"
    with holdfast.create(url, KEY, keys=ring) as store:
        identity = store.system().identity
        for tenant in ("acme", "globex"):
            identity.create_tenant(tenant)
            identity.create_user("amina@acme.test", tenant=tenant)
        vaulted.make(store)
        mine = vaulted.of(store).put("mine", "first")
        other = vaulted.of(store, "globex").put("other", "second")
    shutil.copy(tmp_path / "live.db", backup)
    with holdfast.open(url, KEY, keys=ring) as store:
        wrapped = {key.ring_key for key in store.system().keys.list_keys() if key.tenant_id == tenant_of(store)}
        store.system().keys.destroy(tenant_of(store))
    with holdfast.open(f"sqlite:///{backup}", KEY, keys=ring) as old:
        text = refused("key_destroyed", vaulted.of(old).get, mine)
        assert any(ring_key in text for ring_key in wrapped)
        assert vaulted.of(old, "globex").get(other).token == "second"


def test_a_ring_of_one_key_for_all_says_that_backups_can_be_read(sync_store):
    vaulted.make(sync_store)
    kept = vaulted.of(sync_store)
    row = kept.put("mine", "first")
    done = sync_store.system().keys.destroy(tenant_of(sync_store))
    assert (done.keys, done.backups_too) == (1, False)
    refused("key_destroyed", kept.get, row)


def test_what_another_process_destroyed_or_rotated_counts_at_once(place):
    with holdfast.open(place.url, place.key) as here, holdfast.open(place.url, place.key) as there:
        vaulted.make(here)
        kept = vaulted.of(here)
        row = kept.put("mine", "first")
        rotated = there.system().keys.rotate_data(tenant_of(there)).key_id
        second = kept.put("mine", "second")
        named = {bytes(blob)[1:17] for (blob,) in Backdoor(here.engine).run("SELECT token FROM vaulted")}
        assert named == {rotated.bytes}
        assert (kept.get(row).token, kept.get(second).token) == ("first", "second")
        there.system().keys.destroy(tenant_of(there))
        refused("key_destroyed", kept.get, row)


def test_the_wrong_ring_names_the_key(place, ring, monkeypatch):
    with holdfast.open(place.url, place.key) as store:
        name = store.system().keys.list_ring()[0].id
        store.system().keys.rotate(to=OLD)
    assert "'old'" in refused("ring_key_missing", holdfast.open, place.url, place.key)
    assert "'old'" in refused("wrong_ring_key", holdfast.open, place.url, place.key, keys="old:" + "9" * 64)
    assert "'old'" in refused("ring_key_missing", holdfast.open, place.url, place.key, keys=ring)
    monkeypatch.delenv("HOLDFAST_KEYRING")
    refused("key_ring_needed" if place.key is None else "ring_key_missing", holdfast.open, place.url, place.key)
    assert name


def test_without_a_ring_a_secret_is_refused_and_all_else_works(postgres, monkeypatch):
    monkeypatch.delenv("HOLDFAST_KEYRING")
    postgres.execute("CREATE DATABASE no_ring")
    with holdfast.create(postgres.url("no_ring")) as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme")
        vaulted.make(store)
        kept = vaulted.of(store)
        kept.put("no secret", None)
        assert "HOLDFAST_KEYRING" in refused("key_ring_needed", kept.put, "mine", "first")
        assert store.engine.vault.audit_key() is None
        assert store.system().keys.list_keys() == []
        refused("key_ring_needed", store.system().keys.rotate)
    postgres.execute("DROP DATABASE no_ring WITH (FORCE)")


@contextmanager
def at_work(kept, people=(1, 2, 3)):
    """Concurrent writers and readers who check what they read. `failed` holds what went wrong."""
    state = SimpleNamespace(stop=False, failed=[], acknowledged={}, reads=0)

    def guarded(step):
        try:
            n = 0
            while not state.stop:
                step(n)
                n += 1
        except Exception as error:  # noqa: BLE001
            state.failed.append(error)

    def writing(who):
        def step(n):
            row = kept.put(f"w{who}", f"secret {who} {n}", account=f"a {who} {n}")
            state.acknowledged[row] = f"secret {who} {n}"
            if n % 3 == 0:
                kept.change(row, f"changed {who} {n}")
                state.acknowledged[row] = f"changed {who} {n}"

        return step

    def reading(_n):
        for row, _ in list(state.acknowledged.items())[-20:]:
            found = kept.get(row)
            assert found.token.partition(" ")[0] in ("secret", "changed")
            assert len(kept.find(found.token.replace("secret", "a").replace("changed", "a"))) == 1
            state.reads += 1

    threads = [threading.Thread(target=guarded, args=(writing(n),)) for n in people]
    threads += [threading.Thread(target=guarded, args=(reading,)) for _ in people]
    for thread in threads:
        thread.start()
    try:
        yield state
    finally:
        state.stop = True
        for thread in threads:
            thread.join()


def test_rotation_under_load_loses_nothing(opened, place, ring):
    """Ring and data rotated while writers and readers are at it, here and in a second opening of the store."""
    owner = tenant_of(opened)
    with holdfast.open(place.url, place.key, keys=ring) as other:
        kept, beside = vaulted.of(opened), vaulted.of(other)
        with at_work(kept) as here, at_work(beside, people=(4,)) as there:
            until = time.monotonic() + 0.5
            rounds = 0
            while time.monotonic() < until or rounds < 2:
                opened.system().keys.rotate()
                other.system().keys.rotate_data(owner)
                rounds += 1
        assert here.failed == there.failed == []
        assert here.reads > 0
        expected = here.acknowledged | there.acknowledged
        assert {k.id: k.token for k in kept.all()} == expected
        final = opened.system().keys.rotate_data(owner)
        assert final.unreadable == ()
        assert {k.id: k.token for k in beside.all()} == expected
        named = {bytes(blob)[1:17] for (blob,) in Backdoor(opened.engine).run("SELECT token FROM vaulted")}
        assert named == {final.key_id.bytes}


@pytest.mark.thorough(on="postgresql")
def test_after_the_rotation_no_value_is_under_the_old_key_however_busy_it_was(opened):
    """Who was sealing with the old key is waited for, so one pass finds everything."""
    owner = tenant_of(opened)
    kept = vaulted.of(opened)
    with at_work(kept) as state:
        for _ in range(4):
            time.sleep(0.1)  # something to seal anew
            done = opened.system().keys.rotate_data(owner)
            retired = [
                k.id.bytes for k in opened.system().keys.list_keys() if k.state == "retired" and k.tenant_id == owner
            ]
            named = {bytes(blob)[1:17] for (blob,) in Backdoor(opened.engine).run("SELECT token FROM vaulted")}
            assert named == {done.key_id.bytes}
            assert not named & set(retired)
    assert state.failed == []


def test_a_ring_of_each_kind_describes_itself_without_its_keys(tmp_path):
    rings = [EnvironmentRing(OLD), FileRing(tmp_path / "keys.json")]
    rings[1].wrap(STORE, bytes(32))
    for ring in rings:
        assert "1" * 64 not in repr(ring) + ring.name + repr(ring.keys())


def test_changes_of_keys_are_in_the_trail_without_the_keys(opened):
    vaulted.of(opened).put("mine", "first")
    owner, root = tenant_of(opened), opened.system()
    root.keys.rotate()
    root.keys.rotate_data(owner)
    root.keys.destroy(owner)
    of_store = [event for event in root.audit.list().items if event.operation == "keys.rotate"]
    of_tenant = [event.operation for event in root.audit_of("acme").list().items if event.operation.startswith("keys.")]
    assert of_store and all(event.target_kind == "key_ring" for event in of_store)
    assert of_tenant == ["keys.destroy", "keys.rotate"]
    assert root.audit_of("acme").verify().ok and root.audit_of("acme").verify().keyed


def test_only_who_operates_the_store_may_touch_keys(opened):
    scope = opened.tenant("acme").user("oli@acme.test")
    keys = Keys(opened.engine, scope.access, opened.settings)
    for call in (keys.list_ring, keys.list_keys, keys.rotate):
        refused("permission_denied", call)
    for call in (keys.rotate_data, keys.destroy):
        refused("permission_denied", call, tenant_of(opened))
