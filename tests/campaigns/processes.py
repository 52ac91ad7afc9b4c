"""Many processes append to one conversation while another reads it.

Promised: no gap, no double, each writer's order kept, no message appearing before one already read, message_count
equal to the rows, a chain that verifies, and no writer starved.
"""

import multiprocessing
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

from .checks import every_message, log_faults, order_faults, request_faults
from .places import Place, conversations_of, grounds, new_place
from .reporting import Step, Trial, add_engine, conclude, engines, parser, spread, steps

STARVED_SECONDS = 5.0
"""The longest that one append may wait for the others: without a queue, 6.4 s were seen."""
PATIENCE_SECONDS = 300

_spawn = multiprocessing.get_context("spawn")


@dataclass
class Race:
    """What came of one round."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    polls: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def content(writer: str, number: int) -> str:
    """What a writer says: who and which, so that its order can be checked."""
    return f"{writer} {number} says that loans are repaid in equal parts"


def _write(place: Place, chat: str, writer: str, appends: int, together: Barrier, told: "Queue[Any]") -> None:
    with place.open() as store:
        conversations = conversations_of(store)
        waits = []
        together.wait()
        for number in range(appends):
            began = time.perf_counter()
            conversations.append(chat, role="user", content=content(writer, number), request_id=f"{writer}-{number}")
            waits.append(time.perf_counter() - began)
    told.put((writer, waits))


class PrefixReader:
    """Reads a conversation again and again, and holds every reading against those before it."""

    def __init__(self, conversations: Any, chat: str) -> None:
        self._conversations = conversations
        self._chat = chat
        self._known: list[str] = []
        self.polls = 0
        self.faults: list[str] = []

    def poll(self) -> None:
        """Read the latest, and now and then everything."""
        self.polls += 1
        latest = self._conversations.last(self._chat, 20)
        self._compare([(m.seq, str(m.id)) for m in latest], "last")
        if self.polls % 10 == 0:
            everything = every_message(self._conversations, self._chat)
            self._compare([(m.seq, str(m.id)) for m in everything], "messages")
            self._known = [str(m.id) for m in everything]

    def _compare(self, seen: list[tuple[int, str]], how: str) -> None:
        numbers = [seq for seq, _ in seen]
        if numbers != list(range(numbers[0], numbers[0] + len(numbers)) if numbers else []):
            self.faults.append(f"{how}: a reader saw {numbers}, which has a gap")
        if (numbers[-1] if numbers else 0) < len(self._known):
            self.faults.append(f"{how}: a reader saw {numbers[-1:]} as the last after it had seen {len(self._known)}")
        for seq, message in seen:
            if seq <= len(self._known) and self._known[seq - 1] != message:
                self.faults.append(f"{how}: {message} took the place of {self._known[seq - 1]} at {seq}")


def _read(place: Place, chat: str, together: Barrier, done: Event, told: "Queue[Any]") -> None:
    with place.open() as store:
        reader = PrefixReader(conversations_of(store), chat)
        together.wait()
        while not done.is_set():
            reader.poll()
        reader.poll()
    told.put((reader.polls, reader.faults))


def race(place: Place, *, writers: int, appends: int) -> Race:
    """One round: `writers` processes × `appends` to a new conversation, and a reader."""
    with place.open() as store:
        chat = str(conversations_of(store).create(title="Race").id)
    outcome = Race()
    _run_processes(place, chat, writers, appends, outcome)
    with place.open() as store:
        _judge(conversations_of(store), chat, appends, outcome)
    return outcome


def _run_processes(place: Place, chat: str, writers: int, appends: int, outcome: Race) -> None:
    together, done = _spawn.Barrier(writers + 2), _spawn.Event()
    written: Queue[Any] = _spawn.Queue()
    seen: Queue[Any] = _spawn.Queue()
    names = [f"w{number}" for number in range(writers)]
    crew = [_spawn.Process(target=_write, args=(place, chat, n, appends, together, written)) for n in names]
    crew.append(_spawn.Process(target=_read, args=(place, chat, together, done, seen)))
    for process in crew:
        process.start()
    try:
        together.wait(PATIENCE_SECONDS)
        began = time.perf_counter()
        outcome.waits = dict(written.get(timeout=PATIENCE_SECONDS) for _ in names)
        outcome.seconds = time.perf_counter() - began
        done.set()
        outcome.polls, read_faults = seen.get(timeout=PATIENCE_SECONDS)
        outcome.faults += read_faults
    finally:
        _end(crew, outcome)


def _end(crew: list[Any], outcome: Race) -> None:
    for process in crew:
        process.join(10)
        if process.exitcode != 0:
            outcome.faults.append(f"{process.name} ended with {process.exitcode}")
            process.kill()


def _judge(conversations: Any, chat: str, appends: int, outcome: Race) -> None:
    wanted = {f"{w}-{n}": content(w, n) for w in outcome.waits for n in range(appends)}
    outcome.faults += log_faults(conversations, chat)
    outcome.faults += request_faults(conversations, chat, wanted, wanted)
    outcome.faults += order_faults(conversations, chat)
    for writer, waits in outcome.waits.items():
        if max(waits) > STARVED_SECONDS:
            outcome.faults.append(f"{writer} waited {max(waits):.2f} s for one append")


def _trial(engine: str, folder: Path, rounds: int, writers: int, appends: int) -> Trial:
    trial = Trial(f"{engine}: {rounds} × {writers} processes × {appends} appends, and a reader")
    races = []
    with grounds(engine, folder) as where, steps(engine, rounds) as step:
        for number in range(rounds):
            place = new_place(engine, where, f"race_{number}")
            races.append(_counted(race(place, writers=writers, appends=appends), step))
    trial.faults = [fault for run in races for fault in run.faults]
    trial.figures = _figures(races)
    return trial


def _counted(outcome: Race, step: Step) -> Race:
    step()
    return outcome


def _figures(races: list[Race]) -> dict[str, object]:
    waits = [wait for run in races for of_one in run.waits.values() for wait in of_one]
    return {
        "appends/s": round(len(waits) / sum(run.seconds for run in races)),
        "wait for one append": spread(waits),
        "longest wait of each writer, ms": {
            w: round(max(max(run.waits[w]) for run in races) * 1000) for w in sorted(races[0].waits)
        },
        "polls of the reader": sum(run.polls for run in races),
    }


def main() -> int:
    """Run the campaign as the command line asks."""
    options = parser(__doc__)
    add_engine(options)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--processes", type=int, default=8)
    options.add_argument("--appends", type=int, default=200)
    asked = options.parse_args()
    rounds = 1 if asked.quick else asked.rounds
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holdfast-processes-") as folder:
        trials = [
            _trial(engine, Path(folder), rounds, asked.processes, asked.appends) for engine in engines(asked.engine)
        ]
    return conclude(trials, as_json=asked.json, began=began)


if __name__ == "__main__":
    sys.exit(main())
