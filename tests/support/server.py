"""A real server on a store, on a port of this machine, in a thread of the test."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.faces.http import server as http
from holdfast.faces.http.app import create_app
from holdfast.faces.http.options import Options
from holdfast.store import Store

UNLIMITED = dict.fromkeys(("rate_per_key", "rate_per_tenant", "failures_per_address", "failures_per_account"))


class PromptServer(http.Server):
    """Ends when it is told to: uvicorn looks ten times a second, which every test would wait for."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(0.005)


class RunningServer:
    """A server that answers."""

    def __init__(self, store: Store, options: Options) -> None:
        bound = http._bind("127.0.0.1", 0)
        bound.listen(1000)
        self.port: int = bound.getsockname()[1]
        self.app = create_app(store, options)
        self.url = f"{'https' if options.tls else 'http'}://127.0.0.1:{self.port}"
        self._server = PromptServer(self.app)
        self._thread = threading.Thread(target=self._server.run, args=([bound],))
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.002)

    def stop(self) -> None:
        """As a signal does, and wait for the end."""
        self._server.should_exit = True
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()


@contextmanager
def serving(store: Store, **options: object) -> Iterator[RunningServer]:
    """A server on `store`, without rate limits unless they are given. It closes the store."""
    running = RunningServer(store, Options(**{**UNLIMITED, **options}))  # type: ignore[arg-type]
    try:
        yield running
    finally:
        running.stop()
