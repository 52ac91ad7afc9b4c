"""Our process is killed with SIGKILL while appending; on PostgreSQL the server too.

Promised: every acknowledged message is there exactly once, as it was given; one that was not acknowledged is there
whole or not at all, and repeating it makes one row; no gap, order kept, chain whole, file sound; the next open works,
and after the server's death the same clients are served again within 30 s.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from support.postgres import PostgresServer

import holdfast
from holdfast.core.errors import Unavailable

from . import TESTS
from .checks import file_faults, log_faults, order_faults, request_faults
from .places import Place, conversations_of, durable_server, grounds, new_place
from .reporting import Step, Trial, add_engine, conclude, engines, parser, spread, steps
from .victim import append, chat_of, content

THREADS = 4
LIVES_OF_A_STORE = 20
"""How many kills one store goes through before the next, so that checking it whole stays short."""
SERVING_AGAIN_SECONDS = 30.0


@dataclass
class Life:
    """What a killed process said before it died."""

    begun: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)


class Victim:
    """A running process that appends."""

    def __init__(self, place: Place, life: str, chats: list[str]) -> None:
        self._lines: list[str] = []
        self._appending = threading.Event()
        command = [sys.executable, "-m", "campaigns.victim", place.url, place.key or "", life, str(THREADS), *chats]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([TESTS, *sys.path])}
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            self._appending.set()
        self._appending.set()

    def kill_after(self, seconds: float, *, of_start: bool) -> Life:
        """SIGKILL it so long after its start, or after its first append has begun. What it had said till then."""
        if not of_start:
            self._appending.wait(60)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGKILL)
        assert self._process.stderr is not None
        said_last = self._process.stderr.read()
        self._listener.join()
        with self._process:  # waits for it, and closes what it wrote to
            pass
        if self._process.returncode != -signal.SIGKILL or said_last:
            raise RuntimeError(f"it ended with {self._process.returncode} by itself: {said_last[-1500:]}")
        return _life(self._lines)


def _life(lines: list[str]) -> Life:
    said = [line.split() for line in lines]
    return Life([r for what, r in said if what == "try"], [r for what, r in said if what == "done"])


@dataclass
class Toll:
    """What came of many kills."""

    kills: int = 0
    acknowledged: int = 0
    open_seconds: list[float] = field(default_factory=list)
    in_flight: int = 0
    in_flight_kept: int = 0
    faults: list[str] = field(default_factory=list)


def kill_once(place: Place, life: str, toll: Toll, chance: random.Random) -> list[str]:
    """One life: start, append, kill, open, check, repeat what was in flight. The conversations it used."""
    with place.open() as store:
        chats = [str(conversations_of(store).create(title=life).id) for _ in range(2)]
    victim = Victim(place, life, chats)
    early = chance.random() < 0.1  # while it starts, opens and recovers
    lived = victim.kill_after(chance.uniform(0, 0.6) if early else chance.expovariate(8), of_start=early)
    began = time.perf_counter()
    with place.open() as store:
        conversations_of(store).last(chats[0], 1)
        toll.open_seconds.append(time.perf_counter() - began)
        toll.kills += 1
        toll.acknowledged += len(lived.acknowledged)
        toll.faults += [f"life {life}: {fault}" for fault in _judge(store, place, chats, lived, toll)]
    return chats


def _judge(store: holdfast.Store, place: Place, chats: list[str], lived: Life, toll: Toll) -> list[str]:
    found = file_faults(store, place)
    conversations = conversations_of(store)
    found += _logs(conversations, chats, lived)
    in_flight = sorted(set(lived.begun) - set(lived.acknowledged))
    toll.in_flight += len(in_flight)
    toll.in_flight_kept += sum(append(conversations, chats, request).replayed for request in in_flight)
    repeated = Life(lived.begun, lived.begun)  # now all of them must be there, once
    return found + _logs(conversations, chats, repeated)


def _logs(conversations: Any, chats: list[str], lived: Life) -> list[str]:
    found = []
    for chat in chats:
        acknowledged = [r for r in lived.acknowledged if chat_of(r, chats) == chat]
        attempted = {r: content(r) for r in lived.begun if chat_of(r, chats) == chat}
        found += log_faults(conversations, chat)
        found += request_faults(conversations, chat, acknowledged, attempted)
        found += order_faults(conversations, chat)
    return found


def process_kills(engine: str, folder: Path, kills: int, seed: int) -> Trial:
    """Our process killed so many times."""
    toll, chance = Toll(), random.Random(seed)
    with grounds(engine, folder) as where, steps(f"{engine}, our process", kills) as step:
        for first in range(0, kills, LIVES_OF_A_STORE):
            place = new_place(engine, where, f"store_{first}")
            used: list[str] = []
            for life in range(first, min(first + LIVES_OF_A_STORE, kills)):
                used += kill_once(place, f"life{life}", toll, chance)
                step()
            with place.open() as store:  # nothing that an earlier life left was lost in a later one
                toll.faults += [f for chat in used for f in log_faults(conversations_of(store), chat)]
    return Trial(f"{engine}: our process killed {kills} times (seed {seed})", _figures(toll), toll.faults)


def _figures(toll: Toll) -> dict[str, object]:
    return {
        "kills": toll.kills,
        "acknowledged appends": toll.acknowledged,
        "in flight when killed": f"{toll.in_flight}, of which {toll.in_flight_kept} had been written",
        "opening and the first read afterwards": spread(toll.open_seconds),
    }


class Client:
    """A thread that appends, and repeats what is refused as unavailable until it is taken."""

    def __init__(self, conversations: Any, chats: list[str], number: int) -> None:
        self._conversations = conversations
        self._chats = chats
        self._number = number
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[tuple[float, str]] = []
        self.refused: list[float] = []
        self.begun: list[str] = []
        self.fault: str | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the present append, however long the server needs, and end."""
        self._stopping.set()
        self._thread.join(120)
        if self._thread.is_alive():
            self.fault = f"client {self._number} hangs"

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._append_until_taken(f"client-{self._number}-{len(self.begun)}")
        except Exception as error:  # noqa: BLE001  # any but Unavailable breaks the promise: it is the evidence
            self.fault = f"client {self._number} got {type(error).__name__}: {error}"

    def _append_until_taken(self, request: str) -> None:
        self.begun.append(request)
        while True:
            try:
                append(self._conversations, self._chats, request)
            except Unavailable:
                self.refused.append(time.monotonic())
                time.sleep(0.02)
            else:
                self.acknowledged.append((time.monotonic(), request))
                return


Target = Literal["the server", "a backend"]


def kill_server(server: PostgresServer, target: Target, chance: random.Random) -> None:
    """Kill the whole server and start it again; or one backend, after which the server ends all others itself."""
    if target == "a backend":
        os.kill(chance.choice(_backends(server)), signal.SIGKILL)
        return
    server.kill()
    time.sleep(chance.uniform(0, 0.5))
    server.start()


def _backends(server: PostgresServer) -> list[int]:
    import psycopg

    with psycopg.connect(server.url("postgres")) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast'"
        return [int(pid) for (pid,) in connection.execute(query)]


def under_fire(
    server: PostgresServer, kills: Sequence[Target], chance: random.Random, step: Step = lambda: None
) -> Trial:
    """Clients of one store append throughout while the server is killed again and again."""
    place = new_place("postgresql", server, "under_fire")
    trial = Trial(f"postgresql: the server killed {len(kills)} times under {THREADS} clients")
    with place.open() as store:
        conversations = conversations_of(store)
        chats = [str(conversations.create(title="Under fire").id) for _ in range(2)]
        clients = [Client(conversations, chats, number) for number in range(THREADS)]
        for client in clients:
            client.start()
        waits = _bombard(server, kills, chance, clients, step)
        for client in clients:
            client.stop()
        trial.faults = _client_faults(clients) + _wait_faults(waits)
        for fault in _logs(conversations, chats, _said(clients)):
            trial.faults.append(fault)
    trial.figures = _fire_figures(clients, waits)
    return trial


def _bombard(
    server: PostgresServer, kills: Sequence[Target], chance: random.Random, clients: list[Client], step: Step
) -> list[tuple[str, float]]:
    waits: list[tuple[str, float]] = []
    for target in kills:
        time.sleep(chance.uniform(0.1, 0.8))
        kill_server(server, target, chance)
        waits.append((target, _serving_again(clients, time.monotonic())))
        step()
    return waits


def _serving_again(clients: list[Client], since: float) -> float:
    """Seconds until every client that still runs had an append acknowledged; at most twice what is promised."""
    while time.monotonic() - since < 2 * SERVING_AGAIN_SECONDS:
        served = [(c.acknowledged and c.acknowledged[-1][0] > since) or c.fault is not None for c in clients]
        if all(served):
            break
        time.sleep(0.005)
    return time.monotonic() - since


def _wait_faults(waits: list[tuple[str, float]]) -> list[str]:
    late = [(what, wait) for what, wait in waits if wait > SERVING_AGAIN_SECONDS]
    return [f"after {what} was killed, clients waited {wait:.1f} s to be served again" for what, wait in late]


def _client_faults(clients: list[Client]) -> list[str]:
    found = [client.fault for client in clients if client.fault is not None]
    if not any(client.refused for client in clients):
        found.append("no client ever noticed that the server was killed: nothing was shown")
    return found


def _said(clients: list[Client]) -> Life:
    return Life(
        begun=[request for client in clients for request in client.begun],
        acknowledged=[request for client in clients for _, request in client.acknowledged],
    )


def _fire_figures(clients: list[Client], waits: list[tuple[str, float]]) -> dict[str, object]:
    return {
        "acknowledged appends": sum(len(client.acknowledged) for client in clients),
        "refused as unavailable, and repeated": sum(len(client.refused) for client in clients),
        "all served again after the server was back": spread([w for what, w in waits if what == "the server"]),
        "all served again after a backend was killed": spread([w for what, w in waits if what == "a backend"]),
    }


def server_kills(kills: int, seed: int) -> Trial:
    """The server killed so many times; every third time only a backend, which makes it restart itself."""
    targets: list[Target] = ["a backend" if number % 3 == 2 else "the server" for number in range(kills)]
    with durable_server() as server, steps("postgresql, the server", kills) as step:
        return under_fire(server, targets, random.Random(seed), step)


def main() -> int:
    """Run the campaign as the command line asks."""
    options = parser(__doc__)
    add_engine(options)
    options.add_argument("--kills", type=int, default=100, help="of our process, on each engine")
    options.add_argument("--server-kills", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    kills, of_server = (5, 4) if asked.quick else (asked.kills, asked.server_kills)
    began, trials = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="holdfast-kills-") as folder:
        for engine in engines(asked.engine):
            trials.append(process_kills(engine, Path(folder), kills, asked.seed))
            if engine == "postgresql":
                trials.append(server_kills(of_server, asked.seed))
    return conclude(trials, as_json=asked.json, began=began)


if __name__ == "__main__":
    sys.exit(main())
