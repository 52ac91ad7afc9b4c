"""`holdfast memory`, as a person and as a script use it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support import commands

import holdfast

KEY = "0123456789abcdef" * 4


@pytest.fixture
def message(tmp_path: Path) -> str:
    """A store with one person, who said something."""
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
        c = store.tenant("home").user("me@home.test").conversations
        return str(c.append(c.create().id, role="user", content="Be brief, please.").id)


def run(folder: Path, *arguments: str, given: str = "", code: int = 0) -> str:
    me = ("--store", f"sqlite:///{folder}/me.db", "--tenant", "home", "--user", "me@home.test")
    environment = {"HOLDFAST_KEY": KEY, "HOLDFAST_KEYRING": os.environ["HOLDFAST_KEYRING"], "COLUMNS": "200"}
    ran = commands.run(folder, *me, "memory", *arguments, code=code, given=given, **environment)
    return ran.stdout + ran.stderr


def as_json(folder: Path, *arguments: str, given: str = "") -> Any:
    return json.loads(run(folder, *arguments, "--json", given=given))


def test_a_fact_is_remembered_superseded_explained_and_forgotten(tmp_path: Path, message: str) -> None:
    assert "version 1, confidence 0.80" in run(
        tmp_path, "remember", "answer_style", "concise", "--confidence", "0.8", "--source", message
    )
    fact = as_json(tmp_path, "remember", "limits", '{"words": 50}', "--typed", "--valid-from", "2026-01-31")
    assert fact["value"] == {"words": 50} and fact["valid_from"] == "2026-01-31T00:00:00Z"
    assert [item["key"] for item in as_json(tmp_path, "list")["items"]] == ["limits", "answer_style"]
    assert "2 in all" in run(tmp_path, "list")
    assert as_json(tmp_path, "recall", "style")[0]["found_by"] == ["key", "text"]
    style = as_json(tmp_path, "remember", "answer_style", "-", given="in full\n")
    assert style["value"] == "in full"
    versions = as_json(tmp_path, "history", "answer_style")["items"]
    assert [one["value"] for one in versions] == ["in full", "concise"]
    assert "Be brief, please." in run(tmp_path, "why", versions[1]["id"])
    assert [one["value"] for one in as_json(tmp_path, "as-of", "2026-02-01")["items"]] == [{"words": 50}]
    assert "2 versions, 2 sources" in run(tmp_path, "forget", "answer_style")
    assert "fact_not_found" in run(tmp_path, "forget", "answer_style", code=3)


def test_a_sensitive_value_is_not_on_the_screen_unless_asked_for(tmp_path: Path, message: str) -> None:
    run(tmp_path, "remember", "blood", "-", "--sensitive", given="hidden rhesus")
    assert "hidden" not in run(tmp_path, "list")
    assert as_json(tmp_path, "list")["items"][0]["value"] == "hidden rhesus"
    assert "is not JSON" in run(tmp_path, "remember", "a", "{", "--typed", code=2)
