"""`holdfast jobs` and `holdfast worker`, as an operator and a member use them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import commands

import holdfast
from holdfast.core.jobs import Job

KEY, RING = "0123456789abcdef" * 4, os.environ["HOLDFAST_KEYRING"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
    return tmp_path


def run(folder: Path, *arguments: str, me: bool = True, code: int = 0) -> str:
    who = ("--tenant", "home", "--user", "me@home.test") if me else ()
    place = ("--store", f"sqlite:///{folder}/me.db", *who)
    ran = commands.run(folder, *place, *arguments, code=code, HOLDFAST_KEY=KEY, HOLDFAST_KEYRING=RING)
    return str(ran.stdout + ran.stderr)


def as_json(folder: Path, *arguments: str, me: bool = True) -> Any:
    return json.loads(run(folder, *arguments, "--json", me=me))


def test_a_job_is_submitted_listed_cancelled_tried_again_and_done(folder: Path) -> None:
    made = as_json(folder, "jobs", "submit", "connections.run_revocations", "--key", "once")
    assert made["status"] == "queued"
    assert "connections" in run(folder, "jobs", "list")
    assert "What now?" in run(folder, "jobs", "cancel", made["id"])
    assert "queued" in run(folder, "jobs", "retry", made["id"])
    assert "1 jobs done." in run(folder, "worker", "--once", me=False)
    shown = as_json(folder, "jobs", "show", made["id"])
    assert (shown["status"], shown["result"]) == ("done", {"done": 0, "waiting": 0, "failed": 0})
    assert "job_finished" in run(folder, "jobs", "cancel", made["id"], code=4)
    assert "job_not_found" in run(folder, "jobs", "show", "01900000-0000-7000-8000-000000000000", code=3)
    assert "unknown_job_kind" in run(folder, "jobs", "submit", "no.such", code=2)
    assert "arguments" in run(folder, "jobs", "submit", "connections.run_revocations", "--arguments", "{", code=2)
    assert [line["name"] for line in as_json(folder, "jobs", "schedule", me=False)] and as_json(
        folder, "jobs", "list", "--status", "done", me=False
    )["items"]


def test_a_worker_ends_when_it_is_told_to(folder: Path) -> None:
    made = Job(**as_json(folder, "jobs", "submit", "connections.run_revocations"))
    command = "from holdfast.faces.cli import main; main()"
    working = subprocess.Popen(
        [sys.executable, "-c", command, "--store", f"sqlite:///{folder}/me.db", "worker"],
        env={**os.environ, "HOLDFAST_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert working.stderr is not None
    assert any(str(made.id) in line and '"outcome": "done"' in line for line in working.stderr)
    working.send_signal(signal.SIGTERM)
    working.communicate(timeout=30)
    assert working.returncode == 0
    assert as_json(folder, "jobs", "show", str(made.id))["status"] == "done"
