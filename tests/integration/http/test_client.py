"""The client while its server goes away: it asks again, for as long as makes sense, and nothing happens twice."""

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from support.proxy import Proxy
from support.refusals import refused

import holdfast
from holdfast import HoldfastError
from holdfast.remote import calling


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """What the client waited, a hundredth of it."""
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        time.sleep(seconds / 100)

    monkeypatch.setattr(calling, "time", SimpleNamespace(sleep=wait))
    return waited


def is_whole(request: bytes) -> bool:
    """Whether this is a request with all of its body."""
    head, ended, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(ended) and len(body) >= int(length[1] if length else 0)


class Line(Proxy):
    """What lies between client and server; it loses answers."""

    lost = 0
    """So many answers still get lost, each after the server did what it was asked."""

    def _pass_on(self, client: Any, server: Any) -> None:
        if self.lost:
            self.lost -= 1
            asked = b""
            while not is_whole(asked):
                asked += client.recv(65536)
            server.sendall(asked)
            assert server.recv(65536).startswith(b"HTTP/1.1 2")
            self._close(client, server)
        else:
            super()._pass_on(client, server)


@pytest.fixture
def line(server) -> Iterator[Line]:
    made = Line(server.port)
    yield made
    made.stop()


@pytest.fixture
def me(line, key_of) -> Iterator[Any]:
    with holdfast.connect(f"http://127.0.0.1:{line.port}", api_key=key_of("amina")) as scope:
        yield scope


def test_what_the_server_did_before_the_answer_was_lost_is_done_once(server, line, me, pauses):
    line.lost = 2
    chat = me.conversations.create(title="once")
    assert line.lost == 0 and len(pauses) == 2
    assert [found.id for found in me.conversations.list().items] == [chat.id]


def test_who_lost_the_answer_of_a_deletion_is_not_told_that_there_is_nothing_to_delete(line, key_of, pauses):
    url, key = f"http://127.0.0.1:{line.port}", key_of("amina")
    with holdfast.connect(url, api_key=key) as me:
        chat = me.conversations.create()
    line.lost = 1
    with holdfast.connect(url, api_key=key) as me:
        me.conversations.delete(chat.id)
        assert line.lost == 0 and len(pauses) == 1
        refused("conversation_not_found", me.conversations.delete, chat.id)


def test_what_no_address_can_say_is_refused_before_it_is_sent(me):
    deep: Any = {"n": 1}
    for _ in range(900):
        deep = {"not": deep}
    for name in ("", ".", "..", "a/b", "../tenants", "\ud800"):
        for call in (me.records.get_set, me.records.delete_set, me.knowledge.base, me.conversations.get, me.runs.get):
            assert "name" in refused("invalid_input", call, name) or "surrogate" in refused("invalid_input", call, name)
    refused("invalid_input", me.knowledge.search, "\ud800")
    refused("invalid_input", me.knowledge.search, "w " * 50_000)
    refused("invalid_input", me.records.find, "set", where=deep)
    for name in ("a/b", "..", "."):
        refused("invalid_input", me.records.define, name, key="k")


def test_a_server_that_comes_back_is_found_by_those_who_were_calling(server, line, me, pauses):
    chat = me.conversations.create()
    said, errors = [], []

    def talk(name: str) -> None:
        try:
            for number in range(8):
                said.append(me.conversations.append(chat.id, role="user", content=f"{name} {number}").content)
                if (name, number) == ("Amina", 2):
                    line.cut()
        except HoldfastError as error:  # pragma: no cover
            errors.append(error)

    threads = [threading.Thread(target=talk, args=(name,)) for name in ("Amina", "her agent")]
    for thread in threads:
        thread.start()
    while not pauses:
        time.sleep(0.001)
    line.forward()
    for thread in threads:
        thread.join(30)
    kept = [message.content for message in me.conversations.last(chat.id, 100)]
    assert not errors and len(kept) == 16 and sorted(kept) == sorted(said)
    assert me.conversations.verify(chat.id).ok


def test_a_server_that_stays_away_is_an_error_after_a_few_seconds(line, me, pauses):
    me.conversations.list()
    line.cut()
    refused("unavailable", me.conversations.list)
    assert len(pauses) == calling.ATTEMPTS - 1 and 8 < sum(pauses) < 11


class Busy:
    """A server that is busy, as proxies and servers say it."""

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.keys: list[str | None] = []
        left = list(answers)
        busy = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                busy.keys.append(self.headers["Idempotency-Key"])
                status, headers = left.pop(0)
                body = json.dumps({"code": "overloaded", "detail": "too many wait; come again"}).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self) -> str:
        """The code of what one call ended in."""
        with holdfast.connect(self.url, api_key="hf_x") as me, pytest.raises(HoldfastError) as caught:
            me.conversations.create()
        return caught.value.code


@pytest.mark.parametrize(
    ("told", "waited"),
    [
        ([(503, {"Retry-After": "3"}), (429, {})], [3.0]),
        ([(503, {}), (502, {"Retry-After": "0"}), (504, {"Retry-After": "soon"}), (409, {})], [0.1, 0.4, 1.6]),
        ([(503, {"Retry-After": "3600"})], []),
    ],
)
def test_who_is_told_when_to_come_again_comes_then_with_the_same_key(pauses, told, waited):
    busy = Busy(*told)
    try:
        assert busy.asked() == "overloaded"
    finally:
        busy.stop()
    assert len(set(busy.keys)) == 1 and None not in busy.keys and len(busy.keys) == len(told)
    assert [least <= pause <= 1.2 * least for least, pause in zip(waited, pauses, strict=True)] == [True] * len(waited)
