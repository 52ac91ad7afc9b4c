"""A disk that is full: a named error, nothing half-written, and the store works on once there is room."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

KEY = "0123456789abcdef" * 4

FILL = """
import json, resource, signal, sys
import holdfast
from holdfast import HoldfastError

url, key, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
store = holdfast.open(url, key)
c = store.tenant("acme").user("amina@acme.test").conversations
chat = c.create(title="full")
acknowledged, refused = 0, []
for n in range(400):
    try:
        c.append(chat.id, role="user", content=f"{n} " + "x" * 20_000)
        acknowledged += 1
    except HoldfastError as error:
        refused.append(error.code)
        if len(refused) >= 5:
            break
try:
    c.create(metadata={"pad": "x" * 60_000})
except HoldfastError as error:
    refused.append(error.code)
read = c.get(chat.id).message_count
ok = c.verify(chat.id).ok
store.close()
print(json.dumps({"acknowledged": acknowledged, "refused": refused, "read": read, "ok": ok, "chat": str(chat.id)}))
"""


def fill(url, limit=0):
    done = subprocess.run(
        [sys.executable, "-c", FILL, url, KEY, str(limit)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def make(path):
    import holdfast

    with holdfast.create(f"sqlite:///{path}", KEY) as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme")


def works_on(path, outcome):
    import holdfast

    with holdfast.open(f"sqlite:///{path}", KEY) as store:
        c = store.tenant("acme").user("amina@acme.test").conversations
        assert c.get(outcome["chat"]).message_count == outcome["acknowledged"]
        assert c.verify(outcome["chat"]).messages == outcome["acknowledged"]
        assert c.append(outcome["chat"], role="user", content="heliotrope").seq == outcome["acknowledged"] + 1
        assert len(c.search("heliotrope")) == 1
        assert c.verify(outcome["chat"]).ok


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 3 MB: a tmpfs where this process may mount one, which as root it may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True)
    yield folder if mounted.returncode == 0 else None
    if mounted.returncode == 0:
        subprocess.run(["umount", folder], check=True)


def test_on_a_full_disk_nothing_is_half_written(small_disk, tmp_path):
    """Where no disk can be made, the largest file a process may write stands in for it."""
    path = (small_disk or tmp_path) / "store.db"
    make(path)
    outcome = fill(f"sqlite:///{path}", 0 if small_disk else 3 * 1024 * 1024)
    assert set(outcome["refused"]) == {"storage_full"} or not small_disk
    assert len(outcome["refused"]) >= 5
    assert 10 < outcome["acknowledged"] == outcome["read"]
    assert outcome["ok"]
    if small_disk:
        subprocess.run(["mount", "-o", "remount,size=30m", small_disk], check=True)
    works_on(path, outcome)


def test_at_the_largest_file_a_process_may_write_nothing_is_half_written(tmp_path):
    path = tmp_path / "store.db"
    make(path)
    outcome = fill(f"sqlite:///{path}", 3 * 1024 * 1024)
    assert "internal_error" not in outcome["refused"]
    assert len(outcome["refused"]) >= 5
    assert 10 < outcome["acknowledged"] == outcome["read"]
    assert outcome["ok"]
    works_on(path, outcome)


def test_making_a_store_on_a_full_disk_leaves_nothing(small_disk, tmp_path):
    folder = small_disk or tmp_path / "disk"
    script = (
        "import resource, signal, sys, holdfast\n"
        "limit = int(sys.argv[2])\n"
        "if limit:\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
        "try:\n"
        "    holdfast.create(sys.argv[1])\n"
        "except holdfast.HoldfastError as error:\n"
        "    print(error.code)\n"
    )
    if small_disk:
        room = os.statvfs(folder)
        (folder / "ballast").write_bytes(b"x" * (room.f_bavail * room.f_frsize - 32 * 1024))
    arguments = [f"sqlite:///{folder}/new.db", "0" if small_disk else str(16 * 1024)]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "storage_full"
    assert [item.name for item in Path(folder).iterdir() if item.name != "ballast"] == []


def test_the_limits_of_this_process_are_untouched():
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
