"""`holdfast workflows | runs | decisions`, as a script uses them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support import commands

import holdfast

KEY, RING = "0123456789abcdef" * 4, os.environ["HOLDFAST_KEYRING"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
    return tmp_path


def run(folder: Path, *arguments: str, given: str = "", code: int = 0) -> str:
    me = ("--store", f"sqlite:///{folder}/me.db", "--tenant", "home", "--user", "me@home.test")
    ran = commands.run(folder, *me, *arguments, given=given, code=code, HOLDFAST_KEY=KEY, HOLDFAST_KEYRING=RING)
    return str(ran.stdout + ran.stderr)


def as_json(folder: Path, *arguments: str, given: str = "") -> Any:
    return json.loads(run(folder, *arguments, "--json", given=given))


def test_a_workflow_and_its_runs(folder: Path) -> None:
    made = as_json(folder, "workflows", "create", "lead-intake", "--external-id", "n8n-12", "--category", "crm")
    assert "workflow_exists" in run(folder, "workflows", "create", "again", "--external-id", "n8n-12", code=4)
    assert "What now?" in run(folder, "workflows", "create", "other")
    assert "n8n-12" in run(folder, "workflows", "list") and "not active" in run(
        folder, "workflows", "update", made["id"], "--no-active"
    )
    assert "workflow_inactive" in run(folder, "runs", "start", made["id"], code=4)
    run(folder, "workflows", "update", made["id"], "--active")
    begun = as_json(folder, "runs", "start", made["id"], "--input", '{"lead": 7}')
    assert "runs finish" in run(folder, "runs", "show", begun["id"])
    ended = run(folder, "runs", "finish", begun["id"], "--output", "[1, 2]")
    assert "success" in ended and "[1, 2]" in ended
    assert "run_finished" in run(folder, "runs", "finish", begun["id"], code=4)
    assert "run_finished" in run(folder, "runs", "resolve", begun["id"], "--answer", "true", code=4)
    assert (
        "success" in run(folder, "runs", "list") and as_json(folder, "runs", "list", "--status", "error")["items"] == []
    )
    found = as_json(folder, "runs", "statistics", "--since", "2020-01-01")
    assert (found["total"]["success"], found["total"]["success_rate"]) == (1, 1.0)
    assert "100.0%" in run(folder, "runs", "statistics", "--since", "2020-01-01")
    assert "input" in run(folder, "runs", "start", made["id"], "--input", "{", code=2)


def test_what_goes_in_and_comes_out_is_read_from_files(folder: Path) -> None:
    workflow = as_json(folder, "workflows", "create", "lead-intake")["id"]
    large = {"text": "ä" * 200_000, "numbers": [0.1, None]}
    (folder / "in put.json").write_text(json.dumps(large, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "no.json").write_text("{", encoding="utf-8")
    (folder / "latin.json").write_bytes('"ä"'.encode("latin-1"))
    begun = as_json(folder, "runs", "start", workflow, "--input", "@in put.json")
    assert (begun["input"], begun["input_bytes"]) == (large, 400_032)
    shown = as_json(folder, "runs", "show", begun["id"])
    assert shown["input"] == large and "400,032 bytes" in run(folder, "runs", "show", begun["id"])
    for given, said in (
        ("@gone.json", "input: 'gone.json' cannot be read: No such file or directory"),
        ("@", "cannot be read"),
        ("@no.json", "input: cannot be read as JSON"),
        ("@latin.json", "input: cannot be read as JSON"),
    ):
        assert said in run(folder, "runs", "start", workflow, "--input", given, code=2)
    assert "output: cannot be read as JSON" in run(
        folder, "runs", "finish", begun["id"], "--output", "@no.json", code=2
    )
    ended = as_json(folder, "runs", "finish", begun["id"], "--output", f"@{folder}/in put.json")
    assert (ended["status"], ended["output"]) == ("success", large)
    assert len(as_json(folder, "runs", "list")["items"]) == 1


def test_decisions_are_found_by_a_number_that_is_on_no_command_line(folder: Path) -> None:
    with holdfast.open(f"sqlite:///{folder}/me.db", KEY) as store:
        me = store.tenant("home").user("me@home.test")
        made = me.runs.record_decision("check", subjects=["6718949405"], status="refused", reasons=["arrears"])
    assert [one["id"] for one in as_json(folder, "decisions", "list", "--subject", given="6718949405\n")["items"]] == [
        str(made.id)
    ]
    assert as_json(folder, "decisions", "list", "--subject", given="1\n")["items"] == []
    assert "arrears" in run(folder, "decisions", "list")
    assert "arrears" in run(folder, "decisions", "show", str(made.id))
    assert "decision_not_found" in run(folder, "decisions", "show", "01900000-0000-7000-8000-000000000000", code=3)
