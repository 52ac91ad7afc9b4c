"""MLLP over TCP: messages of HL7 v2 from an interface engine, acknowledged only after they are durable."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType

from .acknowledging import Outcome, acknowledge, answers
from .errors import ListenerRefused
from .hl7 import Message, parse

Sink = Callable[[bytes], None]
"""Stores one message, durable when it returns. What it raises is told with AE or CE, and the sender sends again."""

_BEGIN, _END = b"\x0b", b"\x1c"
_CHUNK = 64 << 10
_LOOK_SECONDS = 0.2
"""How often a connection with nothing to read looks whether the listener stops."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a peer may do.

    `longest`: bytes of a message; `connections`: at a time; `slow_seconds`: for one message from its first byte to its
    last, and for taking the answer; `idle_seconds`: of silence.
    """

    longest: int = 32 << 20
    connections: int = 64
    slow_seconds: float = 30.0
    idle_seconds: float = 3_600.0


@dataclass
class Listened:
    """What came so far: messages stored (AA, CA), not stored (AE, CE), not readable or too long (AR), peers turned
    away.
    """

    stored: int = 0
    failed: int = 0
    rejected: int = 0
    turned_away: int = 0


class Listener:
    """Listens from `with` on, a thread for each connection; leaving it stops as `stop` does.

    A message is answered when `sink` has returned, never before: AA, with its control id. AE when `sink` raises, AR
    when MSH cannot be read or the message is too long. One that asks in MSH-15 and 16 (enhanced mode) has the accept
    acknowledgements CA and CE, the application ones, both or none, as it asks. Answers are in the order of a
    connection's messages. MLLP has no login and no encryption: listen on an address that only the engine reaches, or
    behind a proxy with TLS.
    `port`: the one that the system chose, for port 0. Raises `ListenerRefused`.
    """

    def __init__(self, sink: Sink, *, host: str = "127.0.0.1", port: int = 2575, limits: Limits | None = None) -> None:
        self._sink = sink
        self._limits = Limits() if limits is None else limits
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self.listened = Listened()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=128)
        except (OSError, OverflowError) as error:
            raise ListenerRefused(host, port, str(error)) from error
        self._socket.settimeout(_LOOK_SECONDS)
        self.port = int(self._socket.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept, name="mllp-accept", daemon=True)

    def __enter__(self) -> "Listener":
        self._accepting.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """No more connections; messages that are being stored are finished and answered. Waits for these."""
        self._stopping.set()
        self._accepting.join()
        self._socket.close()
        for thread in list(self._threads):
            thread.join()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                peer, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:  # no more descriptors, or the peer is gone again: there will be others
                time.sleep(_LOOK_SECONDS)
                continue
            with self._lock:
                if len(self._threads) >= self._limits.connections:
                    self.listened.turned_away += 1
                    peer.close()
                    continue
                thread = threading.Thread(target=self._serve, args=(peer,), name="mllp", daemon=True)
                self._threads.add(thread)
            thread.start()

    def _serve(self, peer: socket.socket) -> None:
        try:
            with peer:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for raw in self._messages(peer):
                    told, kept = self._answer(raw)
                    peer.settimeout(self._limits.slow_seconds)
                    for answer in told:
                        peer.sendall(_BEGIN + answer + _END + b"\r")
                    if not kept:
                        return
        except OSError:
            pass  # the peer is gone: what was stored is stored, and it sends again what it heard no answer to
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _messages(self, peer: socket.socket) -> Iterator[bytes | None]:
        """What is within blocks; None for one that is too long, after which nothing more is read."""
        block = bytearray()
        within, seen, begun, heard = False, 0, 0.0, time.monotonic()
        while True:
            if not within and (start := block.find(_BEGIN)) >= 0:
                del block[: start + 1]
                within, seen, begun = True, 0, time.monotonic()
            elif not within:
                block.clear()  # between blocks there is nothing to keep
            end = block.find(_END, seen) if within else -1
            seen = len(block)
            if end >= 0:
                raw, within = bytes(block[:end]), False
                del block[: end + 1]
                yield raw
                heard = time.monotonic()
                continue
            if len(block) > self._limits.longest:
                yield None
                return
            now = time.monotonic()
            late = now - begun > self._limits.slow_seconds if within else now - heard > self._limits.idle_seconds
            if late or (self._stopping.is_set() and not within):
                return
            if self._stopping.is_set() and now - begun > _LOOK_SECONDS:
                return  # half a message when it all ends: it was not acknowledged
            chunk = self._received(peer)
            if chunk == b"":
                return
            block += chunk or b""

    def _received(self, peer: socket.socket) -> bytes | None:
        """What came; None for nothing yet, b"" when the peer has closed."""
        peer.settimeout(_LOOK_SECONDS)
        try:
            return peer.recv(_CHUNK)
        except TimeoutError:
            return None

    def _answer(self, raw: bytes | None) -> tuple[list[bytes], bool]:
        """The answers, and whether the connection goes on."""
        if raw is None:
            return self._told("rejected", None, "longer than is taken"), False
        message = parse(raw)
        if not isinstance(message, Message):
            return self._told("rejected", None, "MSH cannot be read"), True
        try:
            self._sink(raw)
        except Exception:  # noqa: BLE001 - whatever a sink raises, the sender must hear that nothing was kept
            return self._told("failed", message, "not stored; send it again"), True
        return self._told("stored", message, ""), True

    def _told(self, outcome: Outcome, message: Message | None, reason: str) -> list[bytes]:
        with self._lock:
            setattr(self.listened, outcome, getattr(self.listened, outcome) + 1)
        return [acknowledge(message, answer, reason) for answer in answers(message, outcome)]
