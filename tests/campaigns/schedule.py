"""Three workers in three processes follow one schedule; one that is at a job is stopped for a minute and a half.

Promised: each period is queued once and done once, whoever sleeps; the job of the one that sleeps is done by another
after its lease, and what the sleeper says of it when it wakes counts no more. In the short form the workers' clocks run
six times as fast, so that a minute takes ten seconds.

(The process is stopped in a job, not in a write: one that is stopped while it writes to a SQLite file holds the file's
lock until it wakes, and nobody else can write meanwhile.)

    uv run python -m tests.campaigns.schedule [--quick] [--engine sqlite|postgresql|both] [--json]
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.kinds import Nothing

from .places import Place, grounds, new_place
from .reporting import Step, Trial, add_engine, conclude, engines, parser, steps

WORKERS = 3
PAUSE = timedelta(seconds=90)
"""Longer than a period, and than a lease (60 s) and the next look at what is due, so that another takes the job."""
BODY_SECONDS = 3.0
MIDST_SECONDS = 1.0
"""After the worker has looked for a second job, which is a write, and before the body ends."""
_PATIENCE = timedelta(minutes=5)
_KIND = "campaign.beat"
_spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Clock:
    """A clock that all processes agree on: right at `began`, and `speed` times as fast from there."""

    began: datetime
    speed: float

    def __call__(self) -> datetime:
        return self.began + (datetime.now(UTC) - self.began) * self.speed

    def wait(self, step: timedelta) -> None:
        """Sleep until this clock has moved on by `step`."""
        time.sleep(step.total_seconds() / self.speed)


def work(place: Place, clock: Clock, diary: Path, stop: Any) -> None:
    """One worker, in a process of its own, until it is told to stop."""
    job(_KIND, arguments=Nothing)(partial(_beat, diary))
    schedule(_KIND, "* * * * *", name="beat")
    with place.open() as store:
        worker = store.worker(clock=clock)
        worker.start()
        stop.wait(_PATIENCE.total_seconds())
        worker.stop()


def _beat(diary: Path, run: Run, _given: Nothing) -> dict[str, int]:
    _note(diary, f"began {run.job_id} {os.getpid()}")
    time.sleep(BODY_SECONDS)
    _note(diary, f"ended {run.job_id} {os.getpid()}")
    return {"process": os.getpid()}


def _note(diary: Path, line: str) -> None:
    with diary.open("a") as file:
        file.write(line + "\n")


def read(diary: Path) -> list[list[str]]:
    """What the workers noted: began or ended, the job, the process."""
    return [line.split() for line in diary.read_text().splitlines()] if diary.exists() else []


class Following:
    """One engine's part."""

    def __init__(self, place: Place, folder: Path, speed: float, step: Step) -> None:
        self.place, self.speed, self.step = place, speed, step
        self.periods = 4 if speed == 1 else 3
        self.diary = folder / f"{place.engine}.diary"
        self.clock = Clock(datetime.now(UTC), speed)
        self.trial = Trial(f"{place.engine}: {WORKERS} workers, one stopped for {PAUSE.total_seconds():.0f} s")

    def run(self) -> Trial:
        """Let them work until enough periods are over, the pause among them; then ask the store what was done."""
        stop = _spawn.Event()
        given = (self.place, self.clock, self.diary, stop)
        crew = [_spawn.Process(target=work, args=given) for _ in range(WORKERS)]
        for process in crew:
            process.start()
        try:
            stopped = self._pause_one()
            while len(self._jobs()) < self.periods or self._undone():
                self._check_patience()
                self.clock.wait(timedelta(seconds=5))
        finally:
            stop.set()
            for process in crew:
                process.join()
        self._judge(stopped, [process.exitcode for process in crew])
        return self.trial

    def _pause_one(self) -> int:
        while not (noted := read(self.diary)):
            self._check_patience()
            time.sleep(0.05)
        process = int(noted[0][2])
        time.sleep(MIDST_SECONDS)
        os.kill(process, signal.SIGSTOP)
        self.clock.wait(PAUSE)
        os.kill(process, signal.SIGCONT)
        self.step()
        return process

    def _check_patience(self) -> None:
        if datetime.now(UTC) - self.clock.began > _PATIENCE + self.periods * timedelta(minutes=1):
            raise TimeoutError(f"{self.trial.name}: {len(self._jobs())} periods and no more: {read(self.diary)}")

    def _jobs(self) -> list[Any]:
        with self.place.open() as store:
            return sorted(store.system().jobs.list(kind=_KIND).items, key=lambda job: str(job.key))

    def _undone(self) -> list[Any]:
        return [job for job in self._jobs() if job.status != "done"]

    def _judge(self, stopped: int, codes: list[int | None]) -> None:
        jobs, faults = self._jobs(), self.trial.faults
        periods = [datetime.strptime(str(job.key), "beat %Y-%m-%dT%H:%MZ").replace(tzinfo=UTC) for job in jobs]
        faults += [f"{period:%H:%M} was queued {n} times" for period, n in Counter(periods).items() if n > 1]
        if (
            self.speed == 1
        ):  # hurried workers may look too late on a busy machine, and then make up for the latest alone
            minutes = round((periods[-1] - periods[0]) / timedelta(minutes=1))
            due = {periods[0] + timedelta(minutes=n) for n in range(minutes)}
            faults += [f"{period:%H:%M} was never queued" for period in sorted(due - set(periods))]
        faults += [f"{job.key} is {job.status}" for job in jobs if job.status != "done"]
        faults += [f"a worker ended with {code}" for code in codes if code]
        first = next(line[1] for line in read(self.diary))
        taken_over = next(job for job in jobs if str(job.id) == first)
        if taken_over.attempts < 2 or taken_over.result == {"process": stopped}:
            faults.append(f"the job of the stopped worker was not taken over: {taken_over}")
        self.trial.figures |= {
            "periods": len(periods),
            "done by each worker": sorted(Counter(job.result["process"] for job in jobs).values()),
            "bodies begun, that of the stopped one twice": sum(line[0] == "began" for line in read(self.diary)),
        }


def run_on(engine: str, folder: Path, speed: float, step: Step) -> Trial:
    """One engine."""
    with grounds(engine, folder) as where:
        trial = Following(new_place(engine, where, "schedule"), folder, speed, step).run()
    step()
    return trial


def main() -> int:
    """The campaign, from a shell; both engines at once, for they mostly wait."""
    made = parser(__doc__ or "")
    add_engine(made)
    options = made.parse_args()
    began, chosen = time.monotonic(), engines(options.engine)
    speed = 6.0 if options.quick else 1.0
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-schedule-") as folder,
        steps("schedule", 2 * len(chosen)) as step,
        ThreadPoolExecutor(len(chosen)) as pool,
    ):
        trials = list(pool.map(lambda engine: run_on(engine, Path(folder), speed, step), chosen))
    return conclude(trials, as_json=options.json, began=began)


if __name__ == "__main__":
    sys.exit(main())
