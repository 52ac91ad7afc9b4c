"""`holdfast keys` and `holdfast rekey`, as the person who looks after a store uses them."""

import json
from pathlib import Path

import pytest
from support import vaulted
from support.commands import as_json, run, run_process

import holdfast

ONE, TWO = "one:" + "1" * 64, "two:" + "2" * 64
ME = ("--profile", "me.json")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an encrypted store whose ring is a file, a tenant, and a secret of it."""
    monkeypatch.delenv("HOLDFAST_KEYRING")
    options = ("--keyring", f"file:{tmp_path}/ring.json", "--tenant", "home", "--user", "me@home.test")
    run(tmp_path, *options, "init", "sqlite:///me.db", "--new-key", "me.key", "--write-profile", "me.json")
    with opened(tmp_path) as store:
        vaulted.make(store)
        vaulted.of(store, "home", "me@home.test").put("mine", "heliotrope")
    return tmp_path


def opened(folder: Path, key: str = "me.key", ring: str = "ring.json") -> holdfast.Store:
    return holdfast.open(f"sqlite:///{folder}/me.db", (folder / key).read_text().strip(), keys=f"file:{folder}/{ring}")


def secrets(store: holdfast.Store) -> list[str | None]:
    return [row.token for row in vaulted.of(store, "home", "me@home.test").all()]


def test_the_profile_names_the_key_file_and_holds_no_key(folder: Path) -> None:
    assert json.loads((folder / "me.json").read_text())["keyring"] == f"file:{folder}/ring.json"
    run(folder, "--keyring", ONE, "init", "sqlite:///b.db", "--new-key", "b.key", "--write-profile", "b.json")
    assert "1111" not in (folder / "b.json").read_text()


def test_keys_are_listed_with_their_owners_and_without_their_values(folder: Path) -> None:
    found = as_json(folder, *ME, "keys", "list")
    assert [key["current"] for key in found["ring"]] == [True]
    assert {(key["purpose"], key["state"]) for key in found["data"]} == {("audit", "current"), ("fields", "current")}
    shown = run(folder, *ME, "keys", "list").stdout
    assert "home" in shown and "(the store)" in shown and found["ring"][0]["id"] in shown
    ring = json.loads((folder / "ring.json").read_text())
    assert not [key for key in ring["keys"].values() if key["key"] in shown + json.dumps(found)]


def test_keys_are_rotated(folder: Path) -> None:
    before = as_json(folder, *ME, "keys", "list")
    done = as_json(folder, *ME, "keys", "rotate")
    assert done["rewrapped"] == 2 and done["ring_key"] != before["ring"][0]["id"]
    assert "home are sealed" in run(folder, *ME, "keys", "rotate", "--data", "home").stdout
    states = [key["state"] for key in as_json(folder, *ME, "keys", "list")["data"] if key["purpose"] == "fields"]
    assert states == ["retired", "current"]
    with opened(folder) as store:
        assert secrets(store) == ["heliotrope"]


def test_a_store_moves_to_another_ring(folder: Path) -> None:
    assert "new key ring" in run(folder, *ME, "keys", "rotate", "--to", f"file:{folder}/other.json").stdout
    assert "ring_key_missing" in run(folder, *ME, "status", code=6).stderr
    with opened(folder, ring="other.json") as store:
        assert secrets(store) == ["heliotrope"]


def test_a_tenants_keys_are_destroyed_when_one_is_sure(folder: Path) -> None:
    assert "cannot be brought back" in run(folder, *ME, "keys", "destroy", "home", code=1).stderr
    done = as_json(folder, *ME, "keys", "destroy", "home", "--yes")
    assert done == {"keys": 1, "backups_too": True}
    with opened(folder) as store, pytest.raises(holdfast.HoldfastError, match="was destroyed"):
        secrets(store)
    assert "tenant_not_found" in run(folder, *ME, "keys", "destroy", "none", "--yes", code=3).stderr


def test_the_file_gets_another_key(folder: Path) -> None:
    assert "Encrypted" in run_process(folder, *ME, "rekey", "--new-key", "new.key").stdout
    assert (folder / "new.key").stat().st_mode & 0o777 == 0o600
    assert "wrong_key" in run(folder, *ME, "status", code=6).stderr
    with opened(folder, "new.key") as store:
        assert secrets(store) == ["heliotrope"]
    again = as_json(folder, *ME, "--key-file", "new.key", "rekey", "--new-key", "me.key")
    assert again["key_file"] == "me.key"
    run(folder, *ME, "status")


def test_a_ring_by_environment_variable(folder: Path) -> None:
    run(folder, *ME, "keys", "rotate", "--to", ONE)
    plain = ("--store", "sqlite:///me.db", "--key-file", "me.key")
    found = as_json(folder, *plain, "keys", "list", HOLDFAST_KEYRING=ONE)
    assert [key["id"] for key in found["ring"]] == ["one"]
    assert as_json(folder, *plain, "keys", "rotate", HOLDFAST_KEYRING=f"{TWO},{ONE}")["rewrapped"] == 2
    wrong = run(folder, *plain, "status", code=6, HOLDFAST_KEYRING=ONE).stderr
    assert "'two'" in wrong and "2222" not in wrong
    assert "invalid_key_ring" in run(folder, *plain, "status", code=2, HOLDFAST_KEYRING="nonsense").stderr
