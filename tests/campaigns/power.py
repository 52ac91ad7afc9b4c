"""The power is cut while SQLite stores are written. Nothing acknowledged may be lost, and the file must be sound.

No power is really cut: every write, truncation, sync and deletion of a victim process is recorded in order
(recording_vfs.py), then replayed onto a simulated disk up to a moment, and of what had not been synced by then any part
may be lost, torn or reordered (disk.py). The store that is left is opened with Holdfast and checked. That is
repeatable, needs no root, and tries thousands of moments where a real cut tries one.

Before that the campaign proves that it can see a loss: with a disk that lies about syncs it must find one.

PostgreSQL is not in it: its files are written by a server that no recorder of ours can stand before. What Holdfast adds
there is to leave the durable settings alone, and that is checked.
"""

import multiprocessing
import pickle
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as driver

import holdfast

from .checks import file_faults, log_faults, order_faults, request_faults
from .disk import FATES, Disk
from .places import DURABLE, KEY, Place, conversations_of, durable_server, new_place, settle
from .recording_vfs import Operation, Recorder, Synced
from .reporting import Step, Trial, conclude, parser, spread, steps
from .victim import append, chat_of, content

THREADS = 3
CREATED = "the store is created"
CHATTING = "chatting in "
APPENDED = "appended "


@dataclass(frozen=True)
class Recording:
    """What a victim did to its files, and what it was told."""

    folder: str
    place: Place
    operations: list[Operation]
    seconds: float


def record(folder: Path, appends: int, *, key: str | None) -> Recording:
    """Let a process of its own make a store and append to it, and record it."""
    told = folder / "recording"
    process = multiprocessing.get_context("spawn").Process(target=_be_recorded, args=(folder, appends, key, told))
    began = time.perf_counter()
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RuntimeError(f"the recorded process ended with {process.exitcode}")
    place, operations = pickle.loads(told.read_bytes())
    return Recording(str(folder), place, operations, time.perf_counter() - began)


def _be_recorded(folder: Path, appends: int, key: str | None, told: Path) -> None:
    recorder = Recorder()
    place = Place("sqlite", f"sqlite:///{folder / 'store.db'}", key)
    with holdfast.create(place.url, place.key) as store:
        settle(store)
        recorder.acknowledge(CREATED)
        chats = [str(conversations_of(store).create(title="Power").id) for _ in range(2)]
        recorder.acknowledge(CHATTING + " ".join(chats))
        _in_threads(lambda thread: _append_some(recorder, store, chats, thread, appends // THREADS))
    with place.open() as store:  # what closing left, and a second start of the log
        _in_threads(lambda thread: _append_some(recorder, store, chats, thread + THREADS, appends // 10))
    told.write_bytes(pickle.dumps((place, recorder.operations)))


def _in_threads(work: Callable[[int], None]) -> None:
    crew = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


def _append_some(recorder: Recorder, store: holdfast.Store, chats: list[str], thread: int, appends: int) -> None:
    conversations = conversations_of(store)
    for number in range(appends):
        request = f"power-{thread}-{number}"
        append(conversations, chats, request)
        recorder.acknowledge(APPENDED + request)


def moments(operations: Sequence[Operation], wanted: int, chance: random.Random) -> list[int]:
    """Where to cut: half of them just before or after a sync, where it matters most, the others anywhere."""
    syncs = [n for n, operation in enumerate(operations) if isinstance(operation, Synced)]
    at_syncs = [n + side for n in chance.sample(syncs, min(len(syncs), wanted // 2)) for side in (0, 1)]
    anywhere = chance.sample(range(len(operations) + 1), min(len(operations), wanted))
    return sorted(set([*at_syncs, *anywhere][:wanted]))


def disks(operations: Sequence[Operation], at: Sequence[int]) -> Iterator[Disk]:
    """The disk after each of these numbers of operations."""
    disk, done = Disk(), 0
    for moment in at:
        for operation in operations[done:moment]:
            disk.apply(operation)
        done = moment
        yield disk


@dataclass
class Cuts:
    """What came of many power cuts."""

    cuts: int = 0
    before_the_store: Counter[str] = field(default_factory=Counter)
    unacknowledged_kept: int = 0
    open_seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def cut_often(recording: Recording, at: Sequence[int], seed: int, step: Step = lambda: None) -> Cuts:
    """Cut the power at each moment, with each fate for what was not synced."""
    chance, cuts = random.Random(seed), Cuts()
    scratch = Path(recording.folder) / "after"
    scratch.mkdir(exist_ok=True)
    for moment, disk in zip(at, disks(recording.operations, at), strict=True):
        step()
        for fate in FATES:
            place = _put_back(recording, disk.cut_power(fate, chance), scratch)
            cuts.cuts += 1
            found = _judge(place, disk.acknowledged, cuts)
            cuts.faults += [f"cut after operation {moment}, {fate} of the unsynced kept: {fault}" for fault in found]
    return cuts


def _put_back(recording: Recording, files: dict[str, bytes], scratch: Path) -> Place:
    for old in scratch.iterdir():
        old.unlink()
    for path, data in files.items():
        (scratch / Path(path).name).write_bytes(data)
    return replace(recording.place, url=f"sqlite:///{scratch / 'store.db'}")


def _judge(place: Place, acknowledged: list[str], cuts: Cuts) -> list[str]:
    began = time.perf_counter()
    try:
        store = place.open()
    except holdfast.HoldfastError as error:
        if CREATED in acknowledged:
            return [f"the store does not open: {type(error).__name__}: {error}"]
        cuts.before_the_store[type(error).__name__] += 1
        return []
    with store:
        cuts.open_seconds.append(time.perf_counter() - began)
        try:
            return file_faults(store, place) + _log_faults(store, acknowledged, cuts)
        except holdfast.HoldfastError as error:
            return [f"a conversation is lost or cannot be read: {type(error).__name__}: {error}"]


def _log_faults(store: holdfast.Store, acknowledged: list[str], cuts: Cuts) -> list[str]:
    told = [line for line in acknowledged if line.startswith(CHATTING)]
    if not told:
        return []
    chats = told[0].removeprefix(CHATTING).split()
    requests = [line.removeprefix(APPENDED) for line in acknowledged if line.startswith(APPENDED)]
    conversations = conversations_of(store)
    found = []
    for chat in chats:
        mine = [request for request in requests if chat_of(request, chats) == chat]
        found += log_faults(conversations, chat) + order_faults(conversations, chat)
        found += request_faults(conversations, chat, mine, _Attempted())
        cuts.unacknowledged_kept += conversations.get(chat).message_count - len(mine)
    return found


class _Attempted(dict[str, str]):
    """What any request of the victim would say."""

    def get(self, request: str, default: Any = None) -> Any:  # type: ignore[override]
        return content(request) if request.startswith("power-") else default


def without_syncs(operations: Sequence[Operation]) -> list[Operation]:
    """The same on a disk that says it has synced and has not, once the store is there."""
    first = next(n for n, operation in enumerate(operations) if getattr(operation, "what", None) == CREATED)
    return [o for n, o in enumerate(operations) if n < first or not isinstance(o, Synced)]


def lying_disk(recording: Recording, seed: int) -> Trial:
    """The proof that losses are seen: a lying disk must lose something, and the checks must say so."""
    driver.connect(":memory:").execute("PRAGMA cipher_log_level = NONE")  # it would say much of what is broken here
    lied = replace(recording, operations=without_syncs(recording.operations))
    size = len(lied.operations)
    cuts = cut_often(lied, [size * part // 8 for part in (5, 6, 7)], seed)
    figures: dict[str, object] = {"cuts": cuts.cuts, "faults found": len(cuts.faults)}
    trial = Trial(f"{kind_of(recording)}: control, a disk that lies about syncs", figures)
    if not any("is lost" in fault for fault in cuts.faults):
        trial.faults.append("no loss was seen where there must be some: this campaign shows nothing")
    return trial


def power_cuts(recording: Recording, wanted: int, seed: int) -> Trial:
    """The power cut at so many moments of a recording."""
    at = moments(recording.operations, wanted, random.Random(seed))
    name = f"{kind_of(recording)}: the power cut at {len(at)} moments (seed {seed})"
    with steps(kind_of(recording), len(at)) as step:
        cuts = cut_often(recording, at, seed, step)
    return Trial(name, _figures(recording, cuts), cuts.faults)


def kind_of(recording: Recording) -> str:
    """What kind of file it was."""
    return "sqlite, encrypted" if recording.place.key else "sqlite, not encrypted"


def _figures(recording: Recording, cuts: Cuts) -> dict[str, object]:
    kinds = Counter(type(operation).__name__ for operation in recording.operations)
    return {
        "recorded": dict(kinds),
        "cuts, with each of four fates": cuts.cuts,
        "cut before the store was there": dict(cuts.before_the_store),
        "messages kept though not acknowledged, over all": cuts.unacknowledged_kept,
        "opening afterwards": spread(cuts.open_seconds),
    }


def settings_left_alone() -> Trial:
    """On PostgreSQL: the connections that Holdfast writes with have every durable setting on."""
    trial = Trial("postgresql: not cut; the settings that survive a cut are left on")
    with durable_server() as server:
        place = new_place("postgresql", server, "settings")
        with place.open() as store:
            connection = store.engine._connect_application()  # type: ignore[attr-defined]  # as its pool does
            for name in DURABLE:
                value = connection.execute(f"SHOW {name}").fetchone()[0]
                trial.figures[name] = value
                if value != "on":
                    trial.faults.append(f"{name} is {value!r} on a connection of Holdfast's")
            connection.close()
    return trial


def _round(folder: Path, number: int, appends: int, wanted: int, seed: int) -> list[Trial]:
    trials = []
    for key in (KEY, None):
        home = folder / f"{number}-{'key' if key else 'plain'}"
        home.mkdir()
        recording = record(home, appends, key=key)
        trials += [lying_disk(recording, seed), power_cuts(recording, wanted, seed)]
    return trials


def main() -> int:
    """Run the campaign as the command line asks."""
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--moments", type=int, default=250, help="cuts a round, each with four fates")
    options.add_argument("--appends", type=int, default=600, help="recorded in a round")
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    rounds, wanted, appends = (1, 30, 200) if asked.quick else (asked.rounds, asked.moments, asked.appends)
    began, trials = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="holdfast-power-") as folder:
        for number in range(rounds):
            trials += _round(Path(folder), number, appends, wanted, asked.seed + number)
    trials.append(settings_left_alone())
    return conclude(trials, as_json=asked.json, began=began)


if __name__ == "__main__":
    sys.exit(main())
