"""Several processes serve one port: one that dies is replaced, and all end together, however their parent ended."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import holdfast

PATIENCE = 90.0


def workers_of(server: int) -> set[int]:
    """The server's processes that serve."""
    found = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return {int(pid) for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def is_there(pid: int) -> bool:
    """Whether a process runs: what nobody has collected yet has ended all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(what: Any) -> Any:
    give_up = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < give_up
        time.sleep(0.05)
    return found


@pytest.fixture
def serving(place: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`holdfast serve --workers 2`, and its URL."""
    command = [sys.executable, "-c", "from holdfast.faces.cli import main; main()", "--store", place.url]
    command += ["serve", "--port", "0", "--workers", "2", "--rate-per-tenant", "0", "--log-level", "error"]
    environment = {**os.environ, **({"HOLDFAST_KEY": place.key} if place.key else {})}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
    assert server.stdout is not None
    try:
        told = re.search(r"http://\S+", server.stdout.readline())
        assert told is not None
        yield server, told[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=PATIENCE)


@pytest.mark.thorough(on="postgresql")
def test_a_process_that_dies_is_replaced_what_was_acknowledged_stays_and_a_signal_ends_all(place, serving):
    server, url = serving
    with holdfast.open(place.url, place.key) as store:
        chat = store.tenant("acme").user("amina@acme.test").conversations.create().id
        key = store.system().identity.create_api_key(tenant="acme", user="amina@acme.test").secret
    path = f"{url}/v1/conversations/{chat}/messages"
    headers = {"Authorization": f"Bearer {key}"}
    said: list[str] = []

    def say() -> bool:
        """One message over a connection of its own, so that either process may answer."""
        text = f"message {len(said)}"
        try:
            answer = httpx.post(
                path, headers=headers, json={"role": "user", "content": text, "request_id": text}, timeout=30
            )
        except httpx.TransportError:
            return False
        assert answer.status_code in (200, 201), answer.text
        said.append(text)
        return True

    wait_for(lambda: len(said) >= 5 or (say() and False))
    before = workers_of(server.pid)
    assert len(before) == 2
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: (say() or True) and len(workers_of(server.pid) - {killed}) == 2)
    (new,) = workers_of(server.pid) - before
    (old,) = before - {killed}
    wait_for(say)
    os.kill(old, signal.SIGKILL)  # so the new one must answer
    count = len(said)
    wait_for(lambda: say() and len(said) > count + 2)
    assert new in workers_of(server.pid)
    with holdfast.open(place.url, place.key) as store:
        log = store.tenant("acme").user("amina@acme.test").conversations
        assert [message.content for message in log.last(chat, 1_000)] == said
        assert log.verify(chat).ok
    workers = workers_of(server.pid)
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=PATIENCE) == 0
    assert not [pid for pid in workers if is_there(pid)]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # of processes alone: the engine does not matter
def test_processes_whose_parent_was_killed_finish_what_they_are_at_and_end(place, serving):
    server, url = serving
    with holdfast.open(place.url, place.key) as store:
        key = store.system().identity.create_api_key(tenant="acme", user="amina@acme.test").secret
    host, port = url.removeprefix("http://").split(":")
    body = b'{"title": "said while it ended"}'
    workers = workers_of(server.pid)
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as asking:
        head = (
            f"POST /v1/conversations HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        )
        asking.sendall(head.encode())
        assert asking.recv(1_000).startswith(b"HTTP/1.1 100")  # it waits for the body
        server.kill()
        server.wait(timeout=PATIENCE)
        wait_for(lambda: sum(map(is_there, workers)) == 1)  # the other has nothing to finish
        asking.sendall(body)
        assert asking.recv(10_000).startswith(b"HTTP/1.1 201")
    wait_for(lambda: not any(map(is_there, workers)))
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")
