"""HTTP: 1,000 connected clients that append and read the last 20 messages, half and half, each with its conversation.

The server is `holdfast serve`; the load comes from another process, on the same machine. Asked as fast as answers come
(every client always waits for one: that is what the rate allows, and the times are those of a queue of a thousand), and
once a second by each client.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.figures import Bound, Figure, latencies
from benchmarks.places import Place, Places
from holdfast import NewMessage

CLIENTS = 1_000
PEOPLE = 100
MESSAGES = 25
PACES = {"as fast as they can": 0.0, "each once a second": 1.0}
PROMISE = (Bound(measure="ours", limit=1_000, at_least=True), Bound(measure="errors", limit=1))


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Both paces, by one process and by two."""
    clients = 50 if quick else CLIENTS
    for workers in (1,) if quick else (1, 2):
        place = places.new()
        asking = _people(place, clients)
        places.settle(place)
        with serving(place, workers) as port:
            for name, pause in PACES.items():
                plan = {"clients": asking, "host": "127.0.0.1", "port": port, "pause": pause}
                plan |= {"warm": 0.5, "seconds": 2.0} if quick else {"warm": 3.0, "seconds": 10.0}
                operation = f"{clients:,} clients, {name}, {workers} process{'es' if workers > 1 else ''}"
                yield _figure(operation, place.engine, plan, promised=pause == 0 and not quick)


def _people(place: Place, clients: int) -> list[tuple[str, str]]:
    """For each client a conversation with messages in it, and the API key of its owner."""
    asking = []
    said = [NewMessage(role="user", content="Can I borrow? " * 10)] * MESSAGES
    with place.open() as store:
        identity = store.system().identity
        for number in range(min(PEOPLE, clients)):
            email = f"person{number}@acme.test"
            identity.create_user(email, tenant="acme")
            key = identity.create_api_key(tenant="acme", user=email).secret
            me = store.tenant("acme").user(email)
            for _ in range(clients // min(PEOPLE, clients)):
                chat = me.conversations.create()
                me.conversations.append_many(chat.id, said)
                asking.append((str(chat.id), str(key)))
    return asking


@contextmanager
def serving(place: Place, workers: int) -> Iterator[int]:
    """`holdfast serve` on a store: its port."""
    command = [sys.executable, "-c", "from holdfast.faces.cli import main; main()", "--store", place.url]
    command += ["serve", "--port", "0", "--workers", str(workers)]
    command += ["--rate-per-tenant", "0", "--log-level", "warning"]
    environment = {**os.environ, **({"HOLDFAST_KEY": place.key} if place.key else {})}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    assert server.stdout is not None
    try:
        found = re.search(r":(\d+)\s*$", server.stdout.readline())
        assert found is not None, "the server did not start"
        yield int(found[1])
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)


def _figure(operation: str, engine: str, plan: dict[str, object], *, promised: bool) -> Figure:
    command = [sys.executable, "-m", "benchmarks.http_load"]
    ended = subprocess.run(command, input=json.dumps(plan), stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(ended.stdout)
    good = {"200", "201"}
    return Figure(
        table="http",
        operation=operation,
        engine=engine,
        unit="/s",
        ours=len(found["latencies"]) / float(plan["seconds"]),  # type: ignore[arg-type]
        more={
            **latencies(found["latencies"]),
            "errors": sum(count for status, count in found["statuses"].items() if status not in good),
            "appends": found["kinds"]["append"],
            "reads": found["kinds"]["read"],
            "share of a core the load took": found["cpu share"],
        },
        promise=PROMISE if promised else (),
    )
