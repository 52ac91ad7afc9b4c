"""A TCP proxy of the test's own, between a program and a server: it can be slow, deaf, or cut every line."""

import contextlib
import selectors
import socket
import threading
import time
from typing import Literal

Mode = Literal["forward", "deaf", "cut"]


class Proxy:
    """Listens on a port of this machine and passes on to another."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.mode: Mode = "forward"
        self.delay = 0.0
        """Seconds before anything is passed on."""
        self.accepted = 0
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._ended = False
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.accepted += 1
            if self.mode == "cut":
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs[client] = server
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        with selectors.DefaultSelector() as ready, contextlib.suppress(OSError, ValueError):
            for end in other:
                ready.register(end, selectors.EVENT_READ)
            while not self._ended:
                for key, _ in ready.select(0.05):
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not data:
                        raise OSError
                    if self.delay:
                        time.sleep(self.delay)
                    while self.mode == "deaf" and not self._ended:
                        time.sleep(0.01)
                    other[key.fileobj].sendall(data)  # type: ignore[index]
        self._close(client, server)

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._lock:
            self._pairs.pop(ends[0], None)

    def cut(self) -> None:
        """Close every line now, and each that is tried, until `forward`."""
        self.mode = "cut"
        with self._lock:
            pairs = list(self._pairs.items())
        for client, server in pairs:
            self._close(client, server)

    def deaf(self) -> None:
        """Take everything and pass on nothing, as a network does that loses packets."""
        self.mode = "deaf"

    def forward(self) -> None:
        """Pass on as before."""
        self.mode, self.delay = "forward", 0.0

    def stop(self) -> None:
        self._ended = True
        self.cut()
        self._listening.close()
