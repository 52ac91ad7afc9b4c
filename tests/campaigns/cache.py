"""Processes read, change, put and invalidate at random through one Redis; which is then killed, cut off, flushed,
slowed.

Promised: when all is quiet, no process and not Redis holds a value that another one does not, or that is not true;
nobody reads older than what they invalidated themselves; simultaneous misses load once; while Redis is away every call
is answered, rightly and soon, and afterwards it is used again.
"""

import multiprocessing
import random
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.proxy import Proxy
from support.redis_server import RedisServer

import holdfast

from .places import KEY, settle
from .reporting import Trial, conclude, parser, spread

KEYS = [f"k{number}" for number in range(12)]
SLOWEST_SECONDS = 4.0
"""The longest that one call may take while Redis is away or slow: a few answers waited for in vain, and a lease (2 s)
of somebody who could not give it back."""
QUIET_SECONDS = 1.5
_spawn = multiprocessing.get_context("spawn")
TIMES = {"cache_link_seconds": 1.0, "cache_settle_seconds": 1.0, "cache_redis_seconds": 0.3, "cache_lease_seconds": 2.0}


class Truth:
    """What is cached: a version for each key, in a file that every process reads and changes, as a database is."""

    def __init__(self, file: Path) -> None:
        self._file = str(file)
        self._own = threading.local()

    def make(self) -> None:
        with closing(sqlite3.connect(self._file)) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("CREATE TABLE truth (key TEXT PRIMARY KEY, version INTEGER NOT NULL)")
            made.executemany("INSERT INTO truth VALUES (?, 0)", [(key,) for key in KEYS])
            made.commit()

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(self._file, timeout=60, isolation_level=None)
        connection: sqlite3.Connection = self._own.connection
        return connection

    def read(self, key: str) -> int:
        return int(self._connection().execute("SELECT version FROM truth WHERE key = ?", (key,)).fetchone()[0])

    def change(self, key: str) -> int:
        """The new version, committed."""
        text = "UPDATE truth SET version = version + 1 WHERE key = ? RETURNING version"
        return int(self._connection().execute(text, (key,)).fetchall()[0][0])


@dataclass
class Report:
    """What one process did and holds."""

    calls: int = 0
    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    held: dict[str, object] = field(default_factory=dict)
    away: int = 0
    opened: int = 0
    hits: float = 0.0


@dataclass(frozen=True)
class Ground:
    """Where it happens; can be sent to another process."""

    url: str
    cache: str
    truth: str

    def open(self) -> holdfast.Store:
        settings = holdfast.Settings(cache=self.cache, **TIMES)  # type: ignore[arg-type]
        return holdfast.open(self.url, KEY, settings=settings)


class Player:
    """One process's random calls, each answer held against what is known to be true."""

    def __init__(self, store: holdfast.Store, truth: Truth, seed: int) -> None:
        self._cache = store.cache
        self._truth = truth
        self._random = random.Random(seed)
        self._known = dict.fromkeys(KEYS, 0)
        self.report = Report()
        self._name = seed

    def play(self) -> None:
        """One call."""
        key, dice = self._random.choice(KEYS), self._random.random()
        began = time.monotonic()
        try:
            if dice < 0.75:
                self._read(key)
            elif dice < 0.9:
                self._change(key)
            elif dice < 0.97:
                self._cache.put("put", key, (self._name, self.report.calls))
                self._cache.get("put", key)
            else:
                self._cache.delete("put", key)
        except Exception as error:  # noqa: BLE001  # any error is a fault
            self.report.faults.append(f"{type(error).__name__}: {error}")
        self.report.calls += 1
        self.report.seconds.append(time.monotonic() - began)

    def _read(self, key: str) -> None:
        known = self._known[key]
        found = self._cache.get_or_load("true", key, lambda: self._load(key), tags=[f"tag {key}"])
        if found < known:
            self.report.faults.append(f"{self._name} read {key} = {found} after it had invalidated {known}")

    def _load(self, key: str) -> int:
        read = self._truth.read(key)
        if self._random.random() < 0.3:
            time.sleep(self._random.random() * 0.003)  # long enough for somebody to come between
        return read

    def _change(self, key: str) -> None:
        version = self._truth.change(key)
        self._cache.invalidate(f"tag {key}")
        self._known[key] = version


def _held(store: holdfast.Store) -> dict[str, object]:
    return {f"{family} {key}": store.cache.get(family, key) for family in ("true", "put") for key in KEYS}


def _play(ground: Ground, seed: int, ops: int, seconds: float, sync: Any, told: Any) -> None:
    with ground.open() as store:
        player = Player(store, Truth(Path(ground.truth)), seed)
        store.cache.get("put", KEYS[0])
        until = time.monotonic() + 5
        while not _linked(store) and time.monotonic() < until:
            time.sleep(0.01)
        sync.wait(120)
        end = time.monotonic() + seconds
        while player.report.calls < ops or time.monotonic() < end:
            player.play()
        sync.wait(300)  # everybody has ended
        time.sleep(QUIET_SECONDS)
        _recover(store, player)
        report = player.report
        report.held = _held(store)
        sync.wait(300)
        redis = store.cache.stats().redis
        assert redis is not None
        report.away, report.opened = redis.away, redis.counts.opened
        report.hits = store.cache.stats().names["true"].hit_rate
        if redis.untold or redis.breaker != "closed" or not redis.linked:
            report.faults.append(f"at the end: {redis}")
    told.put((seed, report))


def _linked(store: holdfast.Store) -> bool:
    redis = store.cache.stats().redis
    return redis is not None and redis.linked and redis.breaker == "closed"


def _recover(store: holdfast.Store, player: Player) -> None:
    """Give Redis the time it takes to be trusted again."""
    until = time.monotonic() + 20
    while not _linked(store) and time.monotonic() < until:
        store.cache.get("put", KEYS[0])
        time.sleep(0.02)
    time.sleep(TIMES["cache_settle_seconds"] + 0.2)


def _run(ground: Ground, trial: Trial, *, processes: int, ops: int, seconds: float, harm: Any = None) -> None:
    sync, told = _spawn.Barrier(processes + 1), _spawn.Queue()
    crew = [_spawn.Process(target=_play, args=(ground, n, ops, seconds, sync, told)) for n in range(1, processes + 1)]
    for process in crew:
        process.start()
    sync.wait(120)
    began = time.monotonic()
    if harm is not None:
        harm(began + seconds)
    sync.wait(300)
    took = time.monotonic() - began
    sync.wait(300)
    reports: dict[int, Report] = dict(told.get(timeout=60) for _ in crew)
    for process in crew:
        process.join(30)
        if process.exitcode != 0:
            trial.faults.append(f"a process ended with {process.exitcode}")
    _judge(ground, trial, reports, took, calm=harm is None)


def _judge(ground: Ground, trial: Trial, reports: dict[int, Report], took: float, *, calm: bool) -> None:
    with ground.open() as store:
        in_redis = _held(store)
    truth = Truth(Path(ground.truth))
    disagreeing = set()
    for seed, report in reports.items():
        trial.faults += report.faults
        for place, value in report.held.items():
            family, key = place.split(" ")
            if family == "true" and value not in (None, truth.read(key)):
                trial.faults.append(f"process {seed} holds {place} = {value}, the truth is {truth.read(key)}")
            if value != in_redis[place] and (value is not None or calm):
                disagreeing.add(place)
                trial.faults.append(f"process {seed} holds {place} = {value}, Redis {in_redis[place]}")
        if max(report.seconds) > SLOWEST_SECONDS:
            trial.faults.append(f"process {seed}: one call took {max(report.seconds):.2f} s")
    calls = sum(report.calls for report in reports.values())
    trial.figures |= {
        "calls": calls,
        "calls/s": round(calls / took),
        "errors": sum(len(report.faults) for report in reports.values()),
        "a call": spread([seconds for report in reports.values() for seconds in report.seconds]),
        "hit rate": round(sum(report.hits for report in reports.values()) / len(reports), 3),
        "disagreeing keys": len(disagreeing),
        "versions written": sum(truth.read(key) for key in KEYS),
    }
    if not calm:
        trial.figures["calls without Redis"] = sum(report.away for report in reports.values())
        trial.figures["breaker opened"] = [report.opened for report in reports.values()]


class Harm:
    """Does things to Redis, one after the other."""

    def __init__(self, server: RedisServer, proxy: Proxy, trial: Trial, observer: holdfast.Store) -> None:
        self._observer = observer
        self._recoveries: list[float] = []
        self._server = server
        self._proxy = proxy
        self._trial = trial
        self._random = random.Random(7)

    def __call__(self, until: float) -> None:
        kinds = ["flush", "cut", "deaf", "slow", "kill", "pause"]
        done: dict[str, int] = {}
        while time.monotonic() < until - 3:
            time.sleep(self._random.uniform(0.3, 1.0))
            kind = kinds[sum(done.values()) % len(kinds)]
            getattr(self, f"_{kind}")()
            done[kind] = done.get(kind, 0) + 1
            self._recover(kind)
        self._trial.figures["Redis is used again after"] = spread(self._recoveries)
        self._trial.figures["done to Redis"] = done

    def _recover(self, kind: str) -> None:
        """How long it takes until what one puts is found in Redis again."""
        began, cache = time.monotonic(), self._observer.cache
        while time.monotonic() - began < 20:
            cache.put("observed", "k", began)
            if _linked(self._observer) and cache.get("observed", "k") == began:
                self._recoveries.append(time.monotonic() - began)
                return
            time.sleep(0.01)
        self._trial.faults.append(f"20 s after {kind} Redis is not used again")

    def _while(self) -> None:
        time.sleep(self._random.uniform(0.3, 2.0))

    def _flush(self) -> None:
        self._server.flush()

    def _cut(self) -> None:
        self._proxy.cut()
        self._while()
        self._proxy.forward()

    def _deaf(self) -> None:
        self._proxy.deaf()
        self._while()
        self._proxy.forward()

    def _slow(self) -> None:
        self._proxy.delay = 0.5
        self._while()
        self._proxy.forward()

    def _kill(self) -> None:
        self._server.kill()
        self._while()
        self._server.start()

    def _pause(self) -> None:
        self._server.pause()
        self._while()
        self._server.go_on()


def _miss(ground: Ground, number: int, threads: int, sync: Any, loads: Any) -> None:
    with ground.open() as store:
        together = threading.Barrier(threads + 1)

        def load() -> str:
            with loads.get_lock():
                loads.value += 1
            time.sleep(0.2)
            return "loaded"

        def ask() -> None:
            together.wait()
            assert store.cache.get_or_load("once", "k", load) == "loaded"

        asking = [threading.Thread(target=ask) for _ in range(threads)]
        for thread in asking:
            thread.start()
        sync.wait(120)
        together.wait()
        for thread in asking:
            thread.join()


def misses(ground: Ground, *, processes: int, threads: int) -> Trial:
    """Everybody wants the same at once."""
    trial = Trial(f"{processes} processes × {threads} threads miss at once")
    sync, loads = _spawn.Barrier(processes), _spawn.Value("i", 0)
    crew = [_spawn.Process(target=_miss, args=(ground, n, threads, sync, loads)) for n in range(processes)]
    for process in crew:
        process.start()
    for process in crew:
        process.join(120)
        if process.exitcode != 0:
            trial.faults.append(f"a process ended with {process.exitcode}")
    trial.figures["loads"] = loads.value
    if loads.value != 1:
        trial.faults.append(f"loaded {loads.value} times")
    return trial


def writes(ground: Ground, *, processes: int, ops: int) -> Trial:
    """Random reads, changes, puts and deletions."""
    trial = Trial(f"{processes} processes × {ops} random calls")
    _run(ground, trial, processes=processes, ops=ops, seconds=0.0)
    return trial


def outages(ground: Ground, server: RedisServer, *, processes: int, seconds: float) -> Trial:
    """The same, while things are done to Redis."""
    trial = Trial(
        f"{processes} processes for {seconds:g} s, while Redis is killed, cut off, deaf, slow, stopped, flushed"
    )
    proxy = Proxy(server.port)
    through = Ground(ground.url, proxy.url, ground.truth)
    try:
        with through.open() as observer:
            harm = Harm(server, proxy, trial, observer)
            _run(through, trial, processes=processes, ops=0, seconds=seconds, harm=harm)
    finally:
        proxy.stop()
    return trial


def new_ground(folder: Path, server: RedisServer) -> Ground:
    """A store, a truth, and the way to Redis."""
    url = f"sqlite:///{folder}/store.db"
    with holdfast.create(url, KEY) as store:
        settle(store)
    Truth(folder / "truth.db").make()
    return Ground(url, server.url, str(folder / "truth.db"))


def main() -> int:
    """Run the campaign as the command line asks."""
    options = parser(__doc__)
    options.add_argument("--processes", type=int, default=3)
    options.add_argument("--ops", type=int, default=5000)
    options.add_argument("--seconds", type=float, default=60.0, help="of outages")
    asked = options.parse_args()
    processes, ops, seconds = (2, 1000, 8.0) if asked.quick else (asked.processes, asked.ops, asked.seconds)
    began = time.monotonic()
    server = RedisServer()
    try:
        with tempfile.TemporaryDirectory(prefix="holdfast-cache-") as folder:
            ground = new_ground(Path(folder), server)
            trials = [
                misses(ground, processes=processes, threads=50),
                writes(ground, processes=processes, ops=ops),
                outages(ground, server, processes=processes, seconds=seconds),
            ]
    finally:
        server.stop()
    return conclude(trials, as_json=asked.json, began=began)


if __name__ == "__main__":
    sys.exit(main())
