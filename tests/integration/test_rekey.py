"""Changing the key of an encrypted file: whole or not at all, wherever it is interrupted."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from support import vaulted

import holdfast
from holdfast.core.crypto import derived
from holdfast.core.database import rekeying

OLD, NEW = "0123456789abcdef" * 4, "fedcba9876543210" * 4


def refused(code, call, *args, **named):
    with pytest.raises(holdfast.HoldfastError) as caught:
        call(*args, **named)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


@pytest.fixture
def url(tmp_path, monkeypatch):
    """An encrypted store whose secrets are under the file's own key, with a message and a secret."""
    monkeypatch.delenv("HOLDFAST_KEYRING")
    made = f"sqlite:///{tmp_path}/store.db"
    with holdfast.create(made, OLD) as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme")
        vaulted.make(store)
        c = store.tenant("acme").user("amina@acme.test").conversations
        c.append(c.create(title="kept").id, role="user", content="heliotrope")
        vaulted.of(store).put("mine", "first")
    return made


def check(url, key, *, keys=None):
    with holdfast.open(url, key, keys=keys) as store:
        assert [k.token for k in vaulted.of(store).all()] == ["first"]
        c = store.tenant("acme").user("amina@acme.test").conversations
        (chat,) = c.list().items
        assert c.last(chat.id)[0].content == "heliotrope"
        c.append(chat.id, role="user", content="and written to")
        vaulted.of(store).change(vaulted.of(store).all()[0].id, "first")


@pytest.mark.parametrize("new", [NEW, "a new passphrase ✓", bytes(range(32))])
def test_only_the_new_key_opens_it_and_everything_is_there(url, new):
    holdfast.rekey(url, OLD, new)
    check_secret_only(url, new)
    refused("wrong_key", holdfast.open, url, OLD)
    holdfast.rekey(url, new, OLD)
    check(url, OLD)


def check_secret_only(url, key):
    with holdfast.open(url, key) as store:
        assert [k.token for k in vaulted.of(store).all()] == ["first"]


def test_with_a_ring_of_its_own_only_the_file_changes(url, tmp_path):
    (tmp_path / "ring").mkdir()
    ring = f"file:{tmp_path}/ring/keys.json"
    with holdfast.open(url, OLD) as store:
        store.system().keys.rotate(to=ring)
    before = (tmp_path / "ring" / "keys.json").read_bytes()
    holdfast.rekey(url, OLD, NEW, keys=ring)
    check(url, NEW, keys=ring)
    assert (tmp_path / "ring" / "keys.json").read_bytes() == before


def test_a_ring_that_is_not_the_stores_changes_nothing(url, tmp_path):
    """Were the file encrypted anew, the data keys that it wraps itself would be lost with its old key."""
    before = (tmp_path / "store.db").read_bytes()
    assert "'file-key'" in refused("ring_key_missing", holdfast.rekey, url, OLD, NEW, keys="mine:" + "1" * 64)
    assert (tmp_path / "store.db").read_bytes() == before
    check(url, OLD)


def test_a_wrong_key_changes_nothing(url, tmp_path):
    before = (tmp_path / "store.db").read_bytes()
    refused("wrong_key", holdfast.rekey, url, "wrong", NEW)
    refused("invalid_key", holdfast.rekey, url, OLD, "")
    assert (tmp_path / "store.db").read_bytes() == before
    check(url, OLD)


def test_what_has_no_file_key_is_refused(tmp_path, postgres):
    plain = f"sqlite:///{tmp_path}/plain.db"
    holdfast.create(plain).close()
    refused("not_encrypted", holdfast.rekey, plain, OLD, NEW)
    refused("invalid_key", holdfast.rekey, postgres.url("postgres"), OLD, NEW)
    refused("store_missing", holdfast.rekey, f"sqlite:///{tmp_path}/none.db", OLD, NEW)


def test_a_file_that_is_open_elsewhere_is_left_alone(url, monkeypatch):
    monkeypatch.setattr(rekeying, "WAIT", 0.1)
    with holdfast.open(url, OLD) as store:
        vaulted.of(store).put("written", "second")
        assert "is open elsewhere" in refused("store_in_use", holdfast.rekey, url, OLD, NEW)
        vaulted.of(store).put("written", "third")
    with holdfast.open(url, OLD) as store:
        assert [k.token for k in vaulted.of(store).all()] == ["first", "second", "third"]
    holdfast.rekey(url, OLD, NEW)
    with holdfast.open(url, NEW) as store:
        assert [k.token for k in vaulted.of(store).all()] == ["first", "second", "third"]


@pytest.mark.parametrize("step", ["before the file", "after the file"])
def test_interrupted_between_its_steps_either_key_that_opens_also_unwraps(url, monkeypatch, step):
    rekey_file = holdfast.opening.rekey_file

    def interrupted(*args):
        if step == "after the file":
            rekey_file(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr("holdfast.opening.rekey_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        holdfast.rekey(url, OLD, NEW)
    monkeypatch.setattr("holdfast.opening.rekey_file", rekey_file)
    opens = OLD if step == "before the file" else NEW
    check_secret_only(url, opens)
    holdfast.rekey(url, OLD, NEW)
    check(url, NEW)


def test_at_the_end_the_old_key_unwraps_nothing(url):
    holdfast.rekey(url, OLD, NEW)
    with holdfast.open(url, NEW) as store:
        rows = store.system().keys._of_store()
        assert len(rows) == 1 and len(rows[0].wrapped) == derived._ENTRY_BYTES


VICTIM = """
    import sys, holdfast
    print("begun", flush=True)
    holdfast.rekey(*sys.argv[1:])
    print("done", flush=True)
"""


@pytest.mark.parametrize("part", range(5))
def test_killed_at_any_moment_one_key_opens_it_with_all_its_secrets(url, part):
    with holdfast.open(url, OLD) as store:
        c = store.tenant("acme").user("amina@acme.test").conversations
        chat = c.create()
        c.attach(chat.id, os.urandom(6_000_000), name="much", media_type="application/octet-stream")
        c.edit(chat.id, title="big")
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(VICTIM), url, OLD, NEW], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"begun\n"
    time.sleep(0.04 * part + 0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    opening = []
    for key in (OLD, NEW):
        try:
            check_secret_only(url, key)
            opening.append(key)
        except holdfast.HoldfastError as error:
            assert error.code == "wrong_key"
    assert len(opening) == 1
    holdfast.rekey(url, OLD, NEW)
    check_secret_only(url, NEW)
    with holdfast.open(url, NEW) as store:
        c = store.tenant("acme").user("amina@acme.test").conversations
        assert {chat.title for chat in c.list().items} == {"kept", "big"}
