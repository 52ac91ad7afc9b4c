"""`holdfast configurations`, as a person and as a script use it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import holdfast
from holdfast.faces.cli.app import app
from holdfast.faces.cli.output import report_error

KEY = "0123456789abcdef" * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        for name in ("me", "you"):
            identity.create_user(f"{name}@home.test", tenant="home")
    return tmp_path


def run(folder: Path, *arguments: str, given: str = "", code: int = 0, user: str = "me") -> str:
    """In this process, as `holdfast` is run: its output, and what it reports."""
    me = ["--store", f"sqlite:///{folder}/me.db", "--tenant", "home", "--user", f"{user}@home.test"]
    ran = CliRunner(env={"HOLDFAST_KEY": KEY, "COLUMNS": "200"}).invoke(app, [*me, "configurations", *arguments], given)
    if isinstance(ran.exception, Exception):
        assert report_error(ran.exception, as_json=False) == code, ran.exception
        return str(ran.exception)
    assert ran.exit_code == code, ran.output
    return ran.output


def as_json(folder: Path, *arguments: str, given: str = "") -> Any:
    return json.loads(run(folder, *arguments, "--json", given=given))


def test_a_configuration_is_put_shown_compared_and_restored(folder: Path) -> None:
    document = folder / "a.json"
    document.write_text('{"model": {"temperature": 0.2}}')
    assert "is at version 1" in run(folder, "put", "agent", str(document), "--reason", "first")
    assert "says this already" in run(folder, "put", "agent", str(document), "--reason", "again")
    put = ("put", "agent", "-", "--reason", "warmer")
    assert as_json(folder, *put, given='{"model": {"temperature": 0.7}}')["version"] == 2
    assert "model.temperature 0.2 → 0.7" in run(folder, "diff", "agent", "1")
    assert json.loads(run(folder, "diff", "agent", "1", "2", "--patch"))[0]["path"] == "/model/temperature"
    assert "is at version 3" in run(folder, "rollback", "agent", "1", "--reason", "colder")
    assert "rollback to 1" in run(folder, "history", "agent")
    assert '"temperature": 0.2' in run(folder, "show", "agent") and "0.7" in run(
        folder, "show", "agent", "--version", "2"
    )
    assert [one["address"] for one in as_json(folder, "list")["items"]] == ["agent"]
    assert as_json(folder, "list", "Epic/*/*")["items"] == []
    assert "is at version 3" in run(folder, *put, "--if-version", "2", given="{}", code=4)
    assert "cannot be read as JSON" in run(folder, "put", "agent", "-", "--reason", "x", given="{", code=2)
    assert "no configuration" in run(folder, "show", "nothing", code=3)


def test_what_is_private_is_shown_to_whom_it_is_shared_with(folder: Path) -> None:
    run(folder, "put", "agent", "-", "--reason", "first", "--private", given="{}")
    run(folder, "show", "agent", user="you", code=3)
    with holdfast.open(f"sqlite:///{folder}/me.db", KEY) as store:
        you = str(store.tenant("home").user("you@home.test").scope.actor_id)
    assert "may view" in run(folder, "share", "agent", you, "view")
    assert "version 1" in run(folder, "show", "agent", user="you")
    assert [one["level"] for one in as_json(folder, "shares", "agent")] == ["view"]
    run(folder, "put", "agent", "-", "--reason", "x", given="[]", user="you", code=1)
    run(folder, "unshare", "agent", you)
    run(folder, "show", "agent", user="you", code=3)


def test_a_branch_is_merged_when_its_conflicts_are_resolved(folder: Path) -> None:
    run(folder, "put", "agent", "-", "--reason", "first", given='{"a": 1, "note": "heliotrope"}')
    assert "trial" in run(folder, "branch", "agent", "trial")
    run(folder, "put", "agent", "-", "--reason", "tried", "--branch", "trial", given='{"a": 2, "note": "wenge"}')
    run(folder, "put", "agent", "-", "--reason", "other", given='{"a": 3, "note": "heliotrope"}')
    merge = ("merge", "agent", "trial", "--reason", "settled")
    assert "/a: a was 1; 3 in main, 2 in the branch" in run(folder, *merge, code=4)
    assert "is at version 3" in run(folder, *merge, "--resolutions", '{"/a": "branch"}')
    assert '"wenge"' in run(folder, "show", "agent") and "trial" in run(folder, "branch", "agent")
    assert as_json(folder, "search", "wenge")[0]["configuration"]["address"] == "agent"
    run(folder, "put", "other", "-", "--reason", "first", given='{"a": 2, "note": "wenge"}')
    assert as_json(folder, "similar", "agent")[0]["score"] > 0.99
    assert "not JSON" in run(folder, *merge, "--resolutions", "{", code=2)


def test_a_change_is_proposed_discussed_approved_and_published(folder: Path) -> None:
    run(folder, "put", "agent", "-", "--reason", "first", given='{"temperature": 0.2}')
    propose = ("propose", "agent", "-", "--reason", "warmer")
    request = as_json(folder, *propose, given='{"temperature": 0.6}')["id"]
    assert "temperature 0.2 → 0.7" in run(folder, *propose, "--request", request, given='{"temperature": 0.7}')
    assert "0 of 1" in run(folder, "requests", "agent")
    run(folder, "comment", request, "Why so warm?", "--path", "/temperature", user="you")
    assert "at /temperature: Why so warm?" in run(folder, "requests", "--show", request)
    assert "your own" in run(folder, "approve", request, code=1)
    assert "publish" in run(folder, "approve", request, user="you")
    assert "approved" in run(folder, "inbox", "--mark-read") and "new" not in run(folder, "inbox")
    assert "is at version 2" in run(folder, "publish", request)
    assert "published" in run(folder, "requests", "--all")
    other = as_json(folder, *propose, given='{"temperature": 0.9}')["id"]
    assert "withdrawn" in run(folder, "withdraw", other)
    third = as_json(folder, *propose, given='{"temperature": 1}')["id"]
    assert "rejected" in run(folder, "reject", third, "--reason", "too warm", user="you")
    run(folder, "rule", "agent", "--approvals", "1", code=5)
    assert "version 2" in run(folder, "rate", "agent", "--rating", "1", "--accuracy", "0.9", user="you")
    assert as_json(folder, "standing", "agent")[0]["accuracy"] == 0.9 and "0.900" in run(folder, "standing", "agent")
    assert run(folder, "rule").split() == ["addresses", "approvals", "schema"]
