"""`holdfast connections`, as a script uses it: secrets come from standard input, never from the command line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support import commands

import holdfast

KEY, RING = "0123456789abcdef" * 4, os.environ["HOLDFAST_KEYRING"]


@pytest.fixture
def workspace(tmp_path: Path) -> str:
    """A store with one person and one workspace."""
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
        return str(identity.create_workspace("Bakery", tenant="home").id)


def run(folder: Path, *arguments: str, given: str = "", code: int = 0, by: Any = commands.run) -> str:
    me = ("--store", f"sqlite:///{folder}/me.db", "--tenant", "home", "--user", "me@home.test")
    ran = by(folder, *me, "connections", *arguments, given=given, code=code, HOLDFAST_KEY=KEY, HOLDFAST_KEYRING=RING)
    return str(ran.stdout + ran.stderr)


def as_json(folder: Path, *arguments: str, given: str = "", by: Any = commands.run) -> Any:
    return json.loads(run(folder, *arguments, "--json", given=given, by=by))


def test_a_connection_is_put_listed_used_and_revoked(tmp_path: Path, workspace: str) -> None:
    secrets = json.dumps({"access_token": "at-hidden", "expires_at": "2090-01-01T00:00:00Z", "account": "c-17"})
    here = ("--workspace", workspace)
    made = as_json(tmp_path, "put", "google_ads", *here, given=secrets, by=commands.run_process)
    assert made["status"] == "active" and "hidden" not in json.dumps(made)
    assert run(tmp_path, "token", "google_ads", *here).strip() == "at-hidden"
    assert "google_ads" in run(tmp_path, "list")
    assert [item["platform"] for item in as_json(tmp_path, "list", *here)["items"]] == ["google_ads"]
    assert as_json(tmp_path, "snapshots", *here) == []
    ended = as_json(tmp_path, "revoke", "google_ads", *here)
    assert ended["connection"]["status"] == "revoked" and ended["run"]["waiting"] == 1
    (job,) = as_json(tmp_path, "revocations")["items"]
    assert (job["status"], job["error"]) == ("queued", "no_client")
    assert "connection_revoked" in run(tmp_path, "token", "google_ads", *here, code=4)


@pytest.mark.parametrize("given", ["hidden", "[]", '{"hidden": 1}', '{"api_key": "k", "expires_at": "hidden"}'])
def test_what_is_not_right_is_refused_and_not_repeated(tmp_path: Path, workspace: str, given: str) -> None:
    assert "hidden" not in run(tmp_path, "put", "openai", "--workspace", workspace, given=given, code=2)
