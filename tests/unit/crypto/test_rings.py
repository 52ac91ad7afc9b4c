"""Key rings: what one wrapped, it unwraps for the same owner only; what is wrong is named, its keys never are."""

import json
import os
import stat
import subprocess
import sys
import threading
from uuid import UUID, uuid4

import pytest

from holdfast.core.crypto.derived import DerivedRing
from holdfast.core.crypto.environment import EnvironmentRing
from holdfast.core.crypto.key_file import FileRing
from holdfast.core.crypto.ring import KeyRing, generation
from holdfast.core.crypto.rings import find_ring, open_ring
from holdfast.core.errors import HoldfastError

ONE, TWO = "1" * 64, "2" * 64
ACME, GLOBEX = uuid4(), uuid4()
SECRET = bytes(range(32))
SALT = b"s" * 16


def refused(code, call, *args):
    with pytest.raises(HoldfastError) as caught:
        call(*args)
    assert caught.value.code == code, str(caught.value)
    text = str(caught.value)
    assert ONE not in text and TWO not in text
    return text


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def environment(_path):
    return EnvironmentRing(f"now:{ONE},before:{TWO}")


def from_file(path):
    return FileRing(path)


def from_key(_path):
    return DerivedRing(b"k" * 32, SALT)


def _held(path, owner=None):
    """The keys in a key file, as it spells them."""
    found = json.loads(path.read_text())["keys"]
    return [entry["key"] for entry in found.values() if owner in (None, UUID(entry["owner"]))]


KINDS = [environment, from_file, from_key]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def ring(request, path):
    return request.param(path)


def test_what_was_wrapped_comes_back(ring):
    assert isinstance(ring, KeyRing)
    wrapped = ring.wrap(ACME, SECRET)
    assert ring.unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET
    assert SECRET not in wrapped.blob and wrapped.blob != ring.wrap(ACME, SECRET).blob
    assert generation(wrapped.ring_key) == ring.keys()[0].id and ring.keys()[0].current


def test_it_is_unwrapped_for_its_owner_only(ring):
    ring.wrap(GLOBEX, SECRET)
    wrapped = ring.wrap(ACME, SECRET)
    text = refused("wrong_ring_key", ring.unwrap, GLOBEX, wrapped.ring_key, wrapped.blob)
    assert wrapped.ring_key in text


def test_every_byte_of_a_wrapped_key_counts(ring):
    wrapped = ring.wrap(ACME, SECRET)
    for at in range(len(wrapped.blob)):
        changed = wrapped.blob[:at] + bytes([wrapped.blob[at] ^ 1]) + wrapped.blob[at + 1 :]
        refused("wrong_ring_key", ring.unwrap, ACME, wrapped.ring_key, changed)
    for short in (b"", b"x", wrapped.blob[:-1]):
        refused("wrong_ring_key", ring.unwrap, ACME, wrapped.ring_key, short)


def test_a_key_that_is_not_there_is_named(ring):
    blob = ring.wrap(ACME, SECRET).blob
    assert "'2019-07'" in refused("ring_key_missing", ring.unwrap, ACME, "2019-07", blob)


def test_nothing_shows_a_key(ring, path):
    ring.wrap(ACME, SECRET)
    held = [ONE, TWO, (b"k" * 32).hex()]
    if path.exists():
        held += _held(path)
    shown = repr(ring) + str(ring) + ring.name + repr(ring.keys()) + repr(ring.wrap(ACME, SECRET))
    assert not [key for key in held if key in shown]


def test_the_first_key_of_the_environment_wraps_and_all_unwrap():
    old = EnvironmentRing(f"before:{TWO}").wrap(ACME, SECRET)
    ring = EnvironmentRing(f" now:{ONE} , before:{TWO} ")
    assert ring.wrap(ACME, SECRET).ring_key == "now"
    assert ring.unwrap(ACME, old.ring_key, old.blob) == SECRET
    assert [(key.id, key.current) for key in ring.keys()] == [("now", True), ("before", False)]
    assert ring.destroy(ACME) is False
    assert "openssl rand -hex 32" in refused("ring_takes_no_key", ring.add)
    same_name = EnvironmentRing(f"before:{ONE}")
    assert "'before'" in refused("wrong_ring_key", same_name.unwrap, ACME, old.ring_key, old.blob)


NAMES = ["", "now", f":{ONE}", f"n w:{ONE}", f"now:{ONE},now:{TWO}", f"now:{ONE},"]
KEYS = [f"now:{ONE[:-1]}", f"now:{ONE}0", f"now:{'g' * 64}"]
PLACES = ["file:", "file:/no/such/folder/keys.json", "aws-kms:", "aws-kms:eu west", "aws-kms:eu/a/b"]


@pytest.mark.parametrize("spec", NAMES + KEYS + PLACES)
def test_a_ring_that_cannot_be_read_is_refused(spec):
    refused("invalid_key_ring", open_ring, spec)


def test_the_ring_given_goes_before_the_environment(path):
    given = EnvironmentRing(f"given:{ONE}")
    variable = {"HOLDFAST_KEYRING": f"file:{path}"}
    assert find_ring(given, variable) is given
    assert isinstance(find_ring(None, variable), FileRing)
    assert isinstance(find_ring(f"now:{ONE}", variable), EnvironmentRing)
    assert find_ring(None, {}) is None


def test_a_key_file_is_for_its_owner_only(path):
    old = os.umask(0)
    try:
        FileRing(path).wrap(ACME, SECRET)
    finally:
        os.umask(old)
    modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in path.parent.iterdir()}
    assert set(modes) == {"keys.json", "keys.json.lock"} and set(modes.values()) == {0o600}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_key_file_that_others_may_use_is_refused(path, mode):
    ring = FileRing(path)
    ring.wrap(ACME, SECRET)
    path.chmod(mode)
    for call in (lambda: FileRing(path), lambda: ring.wrap(ACME, SECRET)):
        assert f"chmod 600 {path}" in refused("unsafe_key_file", call)
    path.chmod(0o600)
    FileRing(path)


NO_KEYS = '{"format": 1, "keys": {"a": {"owner": "x", "key": "zz"}}}'
DAMAGED = ["", "{}", "[]", "null", '{"format": 2}', '{"format": 1, "more": 1}', "\0", NO_KEYS]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_key_file_that_is_damaged_is_refused(path, text):
    path.write_text(text)
    path.chmod(0o600)
    assert str(path) in refused("unsafe_key_file", FileRing, path)


def test_a_key_file_that_is_gone_does_not_begin_anew(path):
    ring = FileRing(path)
    wrapped = ring.wrap(ACME, SECRET)
    path.rename(path.with_name("away"))
    assert "is gone" in refused("unsafe_key_file", ring.wrap, GLOBEX, SECRET)
    assert wrapped.ring_key in refused("ring_key_missing", FileRing(path).unwrap, ACME, wrapped.ring_key, wrapped.blob)
    path.with_name("away").rename(path)
    assert ring.unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET


def test_each_owner_has_a_key_of_its_own_and_destroying_one_is_final(path):
    ring = FileRing(path)
    mine, theirs = ring.wrap(ACME, SECRET), ring.wrap(GLOBEX, SECRET)
    assert mine.ring_key != theirs.ring_key
    ring.add()
    later = ring.wrap(ACME, SECRET)
    held = _held(path, ACME)
    assert ring.destroy(ACME) is True
    for wrapped in (mine, later):
        assert wrapped.ring_key in refused("key_destroyed", ring.unwrap, ACME, wrapped.ring_key, wrapped.blob)
    assert ring.unwrap(GLOBEX, theirs.ring_key, theirs.blob) == SECRET
    assert len(held) == 2 and not [key for key in held if key in path.read_text()]
    anew = ring.wrap(ACME, SECRET)
    assert ring.unwrap(ACME, anew.ring_key, anew.blob) == SECRET
    assert ring.destroy(ACME) is True and ring.destroy(ACME) is True


def test_a_new_generation_wraps_and_the_earlier_ones_unwrap(path):
    ring = FileRing(path)
    before = ring.wrap(ACME, SECRET)
    added = ring.add()
    after = ring.wrap(ACME, SECRET)
    assert generation(after.ring_key) == added.id != generation(before.ring_key)
    for wrapped in (before, after):
        assert FileRing(path).unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET
    assert [key.current for key in ring.keys()] == [True, False]


def test_two_openings_of_a_file_see_each_others_keys(path):
    one, two = FileRing(path), FileRing(path)
    wrapped = one.wrap(ACME, SECRET)
    assert two.unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET
    two.add()
    assert generation(one.wrap(ACME, SECRET).ring_key) == two.keys()[0].id


OTHER_PROCESS = """
import sys
from uuid import UUID
from holdfast.core.crypto.key_file import FileRing

ring = FileRing(sys.argv[1])
for n in range(1, 25):
    made = ring.wrap(UUID(int=n), bytes(range(32)))
    print(n, made.ring_key, made.blob.hex())
"""


def test_no_key_is_lost_when_threads_and_processes_make_them_at_once(path):
    command = [sys.executable, "-c", OTHER_PROCESS, str(path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    ring, made = FileRing(path), []
    owners = [UUID(int=n) for n in range(1, 25)]
    threads = [
        threading.Thread(target=lambda: made.extend((o, ring.wrap(o, SECRET)) for o in owners)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrapped = [(owner, w.ring_key, w.blob) for owner, w in made]
    for process in processes:
        for line in process.communicate()[0].splitlines():
            owner, ring_key, blob = line.split()
            wrapped.append((UUID(int=int(owner)), ring_key, bytes.fromhex(blob)))
    assert len(wrapped) == 5 * len(owners)
    again = FileRing(path)
    assert all(again.unwrap(owner, ring_key, blob) == SECRET for owner, ring_key, blob in wrapped)
    assert len({ring_key for _, ring_key, _ in wrapped}) == len(owners)


def test_a_change_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    ring = FileRing(path)
    wrapped = ring.wrap(ACME, SECRET)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        ring.destroy(ACME)
    assert path.read_bytes() == before
    assert {item.name for item in path.parent.iterdir()} == {"keys.json", "keys.json.lock"}
    assert ring.unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET


def test_while_a_file_gets_another_key_both_unwrap():
    old, new = b"o" * 32, b"n" * 32
    both = DerivedRing(old, SALT, also=new)
    wrapped = both.wrap(ACME, SECRET)
    for ring in (DerivedRing(old, SALT), DerivedRing(new, SALT), both):
        assert ring.unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET
    alone = DerivedRing(old, SALT).wrap(ACME, SECRET)
    refused("wrong_ring_key", DerivedRing(new, SALT).unwrap, ACME, alone.ring_key, alone.blob)
    refused("wrong_ring_key", DerivedRing(old, b"t" * 16).unwrap, ACME, alone.ring_key, alone.blob)
    refused("ring_takes_no_key", both.add)
    assert both.destroy(ACME) is False
