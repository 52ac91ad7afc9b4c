"""`holdfast interop`, as a person and as a script use it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support import commands
from support.hl7 import messages, patients

import holdfast
from holdfast.domains.interop.spool import Spool
from holdfast.faces.cli.draining import draining
from holdfast.faces.cli.target import Target

KEY = "0123456789abcdef" * 4
ADDRESS = "Epic/HL7v2/ADT^A01"
SENT = messages(120, seed=41)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
    (tmp_path / "sent.hl7").write_bytes(b"".join(SENT))
    (tmp_path / "changed.hl7").write_bytes(b"".join(one.replace(b"\rPID", b"\rZZZ|1\rPID") for one in SENT))
    return tmp_path


def run(folder: Path, *arguments: str, code: int = 0, room: str = "interop") -> str:
    me = ("--store", f"sqlite:///{folder}/me.db", "--tenant", "home", "--user", "me@home.test")
    environment = {"HOLDFAST_KEY": KEY, "HOLDFAST_KEYRING": os.environ["HOLDFAST_KEYRING"], "COLUMNS": "200"}
    ran = commands.run(folder, *me, room, *arguments, code=code, **environment)
    return ran.stdout + ran.stderr


def as_json(folder: Path, *arguments: str, code: int = 0) -> Any:
    return json.loads(run(folder, *arguments, "--json", code=code))


def test_files_become_configurations_that_other_files_are_compared_with(folder: Path) -> None:
    said = run(folder, "profile", "sent.hl7", "--vendor", "Epic")
    assert "120 messages, 120 of them new, 0 unreadable" in said
    assert ADDRESS in said and "ZAB" in said
    again = as_json(folder, "profile", "sent.hl7", "--vendor", "Epic")
    assert (again["status"], again["result"]["new"]) == ("done", 0)
    assert "custom segment" in run(folder, "deviations", ADDRESS)
    assert as_json(folder, "drift", ADDRESS, "sent.hl7")["findings"] == []
    assert "new segment" in run(folder, "drift", ADDRESS, "changed.hl7", code=8)
    (folder / "one.hl7").write_bytes(SENT[1])
    assert "1 messages, 0 of them differ" in run(folder, "validate", ADDRESS, "one.hl7")
    (verdict,) = as_json(folder, "validate", ADDRESS, "one.hl7")
    assert verdict == {"message": 1, "differences": []}
    assert "configuration_not_found" in run(folder, "deviations", "Epic/HL7v2/none", code=3)
    made = ("synthesise", ADDRESS, "--out", "made.hl7", "--count", "40", "--seed", "7")
    assert "40 messages" in run(folder, *made)
    assert "40 messages, 0 of them differ" in run(folder, "validate", ADDRESS, "made.hl7")
    assert "120 messages without people, 0 left out" in run(
        folder, "deidentify", "sent.hl7", "--out", "nobody.hl7", "--k", "5"
    )
    people = patients(120, seed=41)
    copied = (folder / "nobody.hl7").read_text()
    assert not [secret for one in people for secret in one.secrets if secret in copied]
    of_samples = ("deidentify", "--vendor", "Epic", "--type", "ADT^A01", "--out", "nobody.hl7")
    assert "no samples of" in run(folder, *of_samples, code=2)
    run(folder, "profile", "one.hl7", "--vendor", "Kept", "--keep-days", "3")
    with_mapping = ("--mapping", "mapping.json")
    assert as_json(folder, *of_samples[:2], "Kept", *of_samples[3:], *with_mapping)["messages"] == 1
    assert (folder / "mapping.json").stat().st_mode & 0o077 == 0
    assert people[1].number in json.loads((folder / "mapping.json").read_text())["pseudonyms"][""]
    (folder / "names.csv").write_text("name,rank,count\nAPE,1,7\n")
    run(folder, "reference", "census-surnames", "names.csv", room="records")
    assert "40 messages" in run(folder, *made, "--reference", "surnames=surnames")
    assert b"|Ape^" in (folder / "made.hl7").read_bytes()
    assert "is not KIND=SET" in run(folder, *made, "--reference", "surnames", code=2)


def test_what_is_received_lands_in_the_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_KEY", KEY)
    target = Target(store=f"sqlite:///{folder}/me.db", tenant="home", user="me@home.test")
    given: dict[str, Any] = {"vendor": "Epic", "keep_days": 3, "every": 0.1}
    with Spool(folder / "in.hl7") as spool, draining(target, spool, **given):
        for one in SENT[:40]:
            spool.store(one)
    with target.opened_by_person() as (store, me):
        store.worker().run_due()
        assert me.configurations.get(ADDRESS).document["messages"] == 20
        assert len(me.interop.samples("Epic", "ADT^A01")) == 20
    assert (folder / "in.hl7").stat().st_size == 0
    assert "--vendor" in run(folder, "listen", "--spool", "in.hl7", "--keep-days", "3", code=2)
