"""MLLP over TCP with real sockets: nothing is acknowledged before it is durable."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hl7 import admission, messages, patients

from holdfast.domains.interop.acknowledging import answers
from holdfast.domains.interop.errors import ListenerRefused
from holdfast.domains.interop.hl7 import Message, parse, read
from holdfast.domains.interop.listening import Limits, Listener
from holdfast.domains.interop.spool import Spool, parts, remove

ONE = admission(patients(1, seed=1)[0], 7)


_open: list[socket.socket] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


class Engine:
    """The sending side, as an interface engine has it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        _open.append(self.socket)
        self.held = b""

    def send(self, raw: bytes) -> None:
        self.socket.sendall(b"\x0b" + raw + b"\x1c\r")

    def answer(self) -> list[str]:
        """MSA of the next answer; [] when the connection ended."""
        while b"\x1c\r" not in self.held:
            try:
                chunk = self.socket.recv(65536)
            except ConnectionError:
                return []
            if not chunk:
                return []
            self.held += chunk
        block, self.held = self.held.split(b"\x1c\r", 1)
        [message] = [one for one in read(block) if isinstance(one, Message)]
        assert message.type.startswith("ACK")
        return message["MSA"][0].fields[1:]


def test_a_message_is_acknowledged_after_it_is_stored(tmp_path: Path) -> None:
    with Spool(tmp_path / "in.hl7") as spool, Listener(spool.store, port=0) as listener:
        engine = Engine(listener.port)
        for raw in (ONE, ONE.replace(b"|7|P|", b"|8|P|").replace(b"\r", b"\n"), ONE.replace(b"|", b"$")):
            engine.send(raw)
            number = b"8" if b"|8|P" in raw else b"7"
            assert engine.answer() == ["AA", number.decode()]
            assert (tmp_path / "in.hl7").read_bytes().endswith(raw + b"\x1c\r")
    assert listener.listened.stored == 3
    assert [one.control_id for one in read(tmp_path / "in.hl7") if isinstance(one, Message)] == ["7", "8", "7"]


def test_what_is_not_stored_is_not_acknowledged() -> None:
    kept: list[bytes] = []

    def sink(raw: bytes) -> None:
        if b"FULL" in raw:
            raise OSError("no space left, and PID|secret")
        kept.append(raw)

    with Listener(sink, port=0) as listener:
        engine = Engine(listener.port)
        engine.send(ONE.replace(b"NORTH", b"FULL"))
        assert engine.answer() == ["AE", "7", "not stored; send it again"]
        engine.send(b"hello")
        assert engine.answer() == ["AR", "", "MSH cannot be read"]
        engine.socket.sendall(b"noise\r\n\x0b" + ONE[:20])  # in two parts, after noise
        engine.socket.sendall(ONE[20:] + b"\x1c")
        assert engine.answer() == ["AA", "7"]
    assert kept == [ONE]
    assert (listener.listened.failed, listener.listened.rejected) == (1, 1)


def test_several_connections_share_the_spool(tmp_path: Path) -> None:
    sent = messages(80)
    answers: list[list[str]] = []

    def talk(some: list[bytes]) -> None:
        engine = Engine(listener.port)
        for raw in some:
            engine.send(raw)
        answers.extend(engine.answer() for _ in some)

    with Spool(tmp_path / "in.hl7") as spool, Listener(spool.store, port=0) as listener:
        talkers = [threading.Thread(target=talk, args=(sent[at::4],)) for at in range(4)]
        for one in talkers:
            one.start()
        for one in talkers:
            one.join()
    assert [answer[0] for answer in answers] == ["AA"] * 80
    stored = [one.raw for one in read(tmp_path / "in.hl7") if isinstance(one, Message)]
    assert sorted(stored) == sorted(sent)


def test_limits_on_size_time_and_number() -> None:
    limits = Limits(longest=1_000, connections=1, slow_seconds=0.3, idle_seconds=0.3)
    with Listener(lambda _: None, port=0, limits=limits) as listener:
        engine = Engine(listener.port)
        engine.socket.sendall(b"\x0b" + b"x" * 2_000)
        assert engine.answer() == ["AR", "", "longer than is taken"]
        assert engine.answer() == []
        for begun in (b"\x0bMSH|^", b""):  # half a message, and none
            _until(listener, 0)
            engine = Engine(listener.port)
            engine.socket.sendall(begun)
            assert engine.answer() == []
        _until(listener, 0)
        first = Engine(listener.port)
        _until(listener, 1)
        assert Engine(listener.port).answer() == []
        assert first.answer() == []
    assert listener.listened.turned_away == 1


def _until(listener: Listener, connections: int) -> None:
    end = time.monotonic() + 10
    while len(listener._threads) != connections and time.monotonic() < end:
        time.sleep(0.005)


def test_stopping_finishes_what_is_being_stored() -> None:
    storing, go = threading.Event(), threading.Event()

    def sink(_: bytes) -> None:
        storing.set()
        go.wait(10)

    listener = Listener(sink, port=0).__enter__()
    engine = Engine(listener.port)
    engine.send(ONE)
    storing.wait(10)
    stopping = threading.Thread(target=listener.stop)
    stopping.start()
    go.set()
    assert engine.answer() == ["AA", "7"]
    stopping.join(10)
    with pytest.raises(ConnectionError):
        Engine(listener.port)


def test_an_address_that_is_taken_is_named() -> None:
    with Listener(lambda _: None, port=0) as listener, pytest.raises(ListenerRefused, match="Address already in use"):
        Listener(lambda _: None, port=listener.port)


def test_a_spool_that_failed_takes_nothing_more(tmp_path: Path) -> None:
    with Spool(tmp_path / "in.hl7") as spool, (tmp_path / "in.hl7").open("rb", buffering=0) as read_only:
        spool.close()
        spool._file = read_only  # type: ignore[assignment]
        for _ in range(2):
            with pytest.raises(OSError):
                spool.store(ONE)


def asking(accept: str, application: str) -> bytes:
    return f"MSH|^~\\&|A|B|C|D|20260102||ADT^A01|7|P|2.5|||{accept}|{application}\rPID|1\r".encode()


@pytest.mark.parametrize(
    ("accept", "application", "stored", "failed"),
    [
        ("", "", ["AA"], ["AE"]),
        ("AL", "NE", ["CA"], ["CE"]),
        ("AL", "AL", ["CA", "AA"], ["CE"]),
        ("AL", "", ["CA"], ["CE"]),
        ("NE", "AL", ["AA"], ["AE"]),
        ("", "AL", ["AA"], ["AE"]),
        ("ER", "NE", [], ["CE"]),
        ("SU", "NE", ["CA"], []),
        ("NE", "ER", [], ["AE"]),
        ("SU", "SU", ["CA", "AA"], []),
        ("NE", "NE", [], []),
    ],
)
def test_a_message_says_which_acknowledgements_it_wants(
    accept: str, application: str, stored: list[str], failed: list[str]
) -> None:
    message = parse(asking(accept, application))
    assert isinstance(message, Message)
    assert (answers(message, "stored"), answers(message, "failed")) == (stored, failed)


def test_accept_and_application_acknowledgements_go_over_the_wire_in_this_order() -> None:
    with Listener(lambda _: None, port=0) as listener:
        engine = Engine(listener.port)
        for asked in (asking("NE", "NE"), asking("AL", "AL"), asking("", "")):
            engine.send(asked)
        assert [engine.answer() for _ in range(3)] == [["CA", "7"], ["AA", "7"], ["AA", "7"]]
        assert listener.listened.stored == 3


def test_a_spool_is_cut_into_parts_while_it_stores(tmp_path: Path) -> None:
    sent = messages(200)
    with Spool(tmp_path / "in.hl7") as spool:
        assert spool.cut() is None
        some = [threading.Thread(target=lambda part: [*map(spool.store, part)], args=(sent[at::4],)) for at in range(4)]
        for one in some:
            one.start()
        while any(one.is_alive() for one in some):
            spool.cut()
        spool.cut()
        found = [one.raw for _, part in parts(spool.path) for one in read(part) if isinstance(one, Message)]
        assert sorted(found) == sorted(sent)
        assert spool.path.stat().st_size == 0
        for _, part in parts(spool.path):
            assert part.stat().st_mode & 0o077 == 0
            remove(part)
        assert parts(spool.path) == []
