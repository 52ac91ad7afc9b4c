"""Workers that are killed or stopped for a while: real processes, signals that no code can catch."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import pytest

import holdfast
from holdfast.core.jobs import Run, job, kinds
from holdfast.core.jobs.kinds import Nothing
from holdfast.core.settings import Settings

LEASE = 1.0
WORKER = """
import os, sys, time
import holdfast
from holdfast.core.jobs import job
from holdfast.core.settings import Settings
from tests_of_jobs import slow_steps

settings = Settings(job_lease_seconds=float(sys.argv[2]))
with holdfast.open(sys.argv[1], os.environ.get("HOLDFAST_KEY"), settings=settings) as store:
    worker = store.worker()
    worker.start()
    print("working", flush=True)
    time.sleep(120)
"""
STEPS = """
import time
from holdfast.core.clock import now
from holdfast.core.ids import new_id
from holdfast.core.jobs import job
from holdfast.core.jobs.kinds import Nothing
from holdfast.domains.identity import preference_queries

COUNT = 8

@job("test.steps", submit="jobs.submit")
def slow_steps(run, given):
    for number in range(run.checkpoint or 0, COUNT):
        def mark(tx):
            row = {"name": f"step-{number} {new_id()}", "value": 1, "updated_at": now()}
            tx.run(preference_queries.insert_here, row)
        run.step(mark, checkpoint=number + 1, done=number + 1, total=COUNT)
        time.sleep(0.1)
    return {"attempt": run.attempt}
"""


@pytest.fixture
def kind() -> Iterator[None]:
    """The kind as the processes have it: here only so that it can be submitted."""
    job("test.steps", submit="jobs.submit")(_elsewhere)
    yield
    kinds.forget("test.steps")


def _elsewhere(_run: Run, _given: Nothing) -> None:
    raise AssertionError("done by other processes")


def start(place: Any, folder: Any) -> "subprocess.Popen[str]":
    (folder / "tests_of_jobs.py").write_text(STEPS)
    environment = {**os.environ, "PYTHONPATH": str(folder)} | ({"HOLDFAST_KEY": place.key} if place.key else {})
    working = subprocess.Popen(
        [sys.executable, "-c", WORKER, place.url, str(LEASE)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert working.stdout is not None and working.stdout.readline() == "working\n"
    return working


def wait_for(look: Any) -> Any:
    until = monotonic() + 30
    while not (found := look()):
        assert monotonic() < until, "it does not happen"
        sleep(0.02)
    return found


@pytest.mark.parametrize(
    ("place", "sent"),
    [("sqlite", signal.SIGKILL), ("postgresql", signal.SIGSTOP)],
    indirect=["place"],
)  # on SQLite, who is stopped while holding the file's lock keeps everybody waiting
def test_what_one_worker_leaves_in_the_middle_another_ends_each_effect_once(
    place: Any, tmp_path: Any, kind: None, sent: signal.Signals
) -> None:
    with holdfast.open(place.url, place.key, settings=Settings(job_lease_seconds=LEASE)) as store:
        amina = store.tenant("acme").user("amina@acme.test")
        made = amina.jobs.submit("test.steps")
        first = start(place, tmp_path)
        wait_for(lambda: amina.jobs.get(made.id).done >= 2)
        first.send_signal(sent)
        other = start(place, tmp_path)
        try:
            ended = wait_for(lambda: (found := amina.jobs.get(made.id)).status == "done" and found)
            if sent is signal.SIGSTOP:
                first.send_signal(signal.SIGCONT)  # it goes on in the middle of its loop
                sleep(0.6)
        finally:
            for process in (first, other):
                process.kill()
                process.communicate()
        assert ended.attempts == 2 and ended.result == {"attempt": 2} and ended.done == 8
        steps = sorted(name.split()[0] for name in amina.identity.preferences())
        assert steps == [f"step-{number}" for number in range(8)], "each once"
        assert amina.jobs.get(made.id) == ended
