"""`holdfast records`, as a person uses it."""

import json
import os
from pathlib import Path

from support.commands import as_json, run
from support.reference import write_reference

import holdfast

KEY = "0123456789abcdef" * 4
KEYS = {"HOLDFAST_KEY": KEY, "HOLDFAST_KEYRING": os.environ["HOLDFAST_KEYRING"]}
ME = ("--store", "sqlite:///me.db", "--tenant", "home", "--user", "me@home.test", "records")


def test_a_set_is_defined_filled_asked_and_deleted(tmp_path: Path) -> None:
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
    schema = {"type": "object", "properties": {"code": {"type": "string"}, "price": {"type": "number"}}}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    rows = [{"code": "62", "title": "Computer consulting", "price": 5}, {"code": "63", "price": 7}, {"code": 5}]
    (tmp_path / "codes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def said(*arguments: str, code: int = 0) -> str:
        return run(tmp_path, *ME, *arguments, code=code, **KEYS).stdout

    options = (
        "--key",
        "code",
        "--schema",
        "schema.json",
        "--indexed",
        "price",
        "--text",
        "title",
        "--weight",
        "price",
        "--history",
    )
    assert "is defined" in said("define", "codes", *options)
    told = said("import", "codes", "codes.jsonl", code=8)
    assert "2 new" in told and "number 3" in told and "What now?" in told
    assert as_json(tmp_path, *ME, "sets", **KEYS)[0]["indexed"] == ["price"]
    assert "2 records" in said("export", "codes", "out.csv")
    assert as_json(tmp_path, *ME, "import", "codes", "out.csv", **KEYS)["unchanged"] == 1  # one has a title, no column
    assert "2 records" in said("export", "codes", "out.jsonl")
    assert "2 records" in said("export", "codes", "out.parquet")
    assert as_json(tmp_path, *ME, "import", "codes", "out.parquet", **KEYS)["unchanged"] == 2
    (tmp_path / "no.parquet").write_text("code,price")
    assert "no Parquet file" in run(tmp_path, *ME, "import", "codes", "no.parquet", code=2, **KEYS).stderr
    assert "62" in said("find", "codes", "--where", '{"code": "62"}')
    said("import", "codes", "codes.jsonl", code=8)
    assert "63" in said("find", "codes", "--where", '{"price": {">": 5}}')
    assert "62" in said("find", "codes", "--text", "consulting")
    assert "at version 2" in said("put", "codes", '{"code": "63", "price": 8}')
    assert "version 2" in said("get", "codes", "63")
    assert "8" in said("group", "codes", "price")
    assert len(as_json(tmp_path, *ME, "pick", "codes", "-n", "3", "--seed", "7", **KEYS)) == 3
    assert "2" in said("history", "codes", "63")
    with holdfast.open(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        store.system().identity.create_tenant("guests")
    assert "as home:codes" in said("share", "codes", "--with", "guests")
    assert "guests" in said("shares", "codes")
    assert as_json(tmp_path, *ME, "unshare", "codes", "--with", "guests", **KEYS) == []
    assert "is deleted" in said("delete", "codes", "63")
    said("get", "codes", "63", code=3)
    said("find", "codes", "--where", "price > 5", code=2)
    assert "is deleted" in said("delete-set", "codes")
    write_reference(tmp_path)
    assert "3 new" in said("reference", "ssa-first-names", "yob2020.txt")
    assert as_json(tmp_path, *ME, "pick", "first-names", "--where", '{"sex": "M"}', **KEYS)[0]["data"]["name"] == "Liam"
    said("reference", "nppes", "yob2020.txt", code=2)
