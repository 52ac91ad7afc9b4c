"""The server: one process, or several that share a port; each with its own store, opened in it."""

import gc
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from types import FrameType

import uvicorn

import holdfast
from holdfast.core.errors import InvalidInput
from holdfast.core.settings import Settings
from holdfast.core.telemetry import configure_logs, log
from holdfast.faces.http import metrics
from holdfast.faces.http.app import App, create_app
from holdfast.faces.http.options import Options
from holdfast.faces.http.protocol import Protocol

BACKLOG = 4096
GARBAGE = 20_000
"""So many new objects make the collector look: a request makes hundreds, and leaves none in a circle."""
START_SECONDS = 30.0
RESTART_SECONDS = 1.0
"""A process that ended by itself is replaced after so long: not faster than it can end again."""

Announce = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Launch:
    """All that a process needs to serve a store."""

    url: str
    key: str | None
    settings: Settings | None
    options: Options
    log_level: str = "info"

    def open(self) -> holdfast.Store:
        """The store."""
        return holdfast.open(self.url, self.key, settings=self.settings)


class Server(uvicorn.Server):
    """One process's server. A signal to end lets requests under way finish and ends streams."""

    def __init__(self, app: App) -> None:
        self._serving = app.serving
        super().__init__(_configuration(app, app.serving.options))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully; a second signal stops at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """No new requests; what runs without end ends; the others finish."""
        self._serving.stop()
        await super().shutdown(sockets)


def _configuration(app: App, options: Options) -> uvicorn.Config:
    Protocol.options = options
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=options.trusted_proxies is not None,
        forwarded_allow_ips=options.trusted_proxies,
        backlog=BACKLOG,
        timeout_keep_alive=int(options.idle_seconds),
        timeout_graceful_shutdown=int(options.stop_seconds),
        ssl_certfile=options.certificate,
        ssl_keyfile=options.private_key,
    )


def run(launch: Launch, announce: Announce) -> None:
    """Serve until a signal to end. `announce` is called with the URL once the port is taken."""
    options = launch.options.check()
    configure_logs(level=launch.log_level)
    for warning in options.warnings():
        log.warning("unsafe_options", warning=warning)
    launch.open().close()  # what is wrong with the store is told here, once, and not by every process
    if options.workers == 1:
        bound = _bind(options.host, options.port)
        bound.listen(BACKLOG)  # who comes from now on waits until the store is open
        announce(_url(options, bound))
        _serve(launch, bound)
    else:
        _run_several(launch, announce)


def _serve(launch: Launch, bound: socket.socket) -> None:
    configure_logs(level=launch.log_level)
    logging.getLogger("uvicorn").handlers = [logging.NullHandler()]
    logging.getLogger("uvicorn").propagate = False
    server = Server(create_app(launch.open(), launch.options))
    gc.collect()
    gc.freeze()  # what is there now stays: the collector need not look at it again and again
    gc.set_threshold(GARBAGE)
    server.run(sockets=[bound])


def _bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise InvalidInput(
            f"port: {host}:{port} cannot be taken ({error.strerror}); choose another", field="port"
        ) from error
    return bound


def _url(options: Options, bound: socket.socket) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    return f"{'https' if options.tls else 'http'}://{host}:{bound.getsockname()[1]}"


# -- several processes -------------------------------------------------------------------------------------------------


def _run_several(launch: Launch, announce: Announce) -> None:
    """Each process listens on the port by itself, so that the kernel spreads connections evenly over them."""
    reserved = _bind(launch.options.host, launch.options.port, shared=True)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopping.set())
    with tempfile.TemporaryDirectory(prefix="holdfast-metrics-") as shared:
        os.environ[metrics.SHARED] = shared
        port = reserved.getsockname()[1]
        processes = [_start(launch, port) for _ in range(launch.options.workers)]
        for _, listens in processes:
            listens.wait(START_SECONDS)
        announce(_url(launch.options, reserved))
        while not stopping.wait(RESTART_SECONDS):
            processes = [it if it[0].is_alive() else _replace(it[0], launch, port) for it in processes]
        for process, _ in processes:
            process.terminate()
        for process, _ in processes:
            process.join()
        del os.environ[metrics.SHARED]
    reserved.close()


def _start(launch: Launch, port: int) -> tuple[BaseProcess, Event]:
    """A process, and what it sets when it listens."""
    context = multiprocessing.get_context("spawn")
    listens = context.Event()
    process = context.Process(target=_serve_shared, args=(launch, port, listens))
    process.start()
    return process, listens


def _replace(ended: BaseProcess, launch: Launch, port: int) -> tuple[BaseProcess, Event]:
    log.error("server_process_ended", exit_code=ended.exitcode)
    return _start(launch, port)


def _serve_shared(launch: Launch, port: int, listens: Event) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal's Ctrl-C the parent tells
    threading.Thread(target=_end_with_parent, name="holdfast-parent", daemon=True).start()
    bound = _bind(launch.options.host, port, shared=True)
    bound.listen(BACKLOG)
    listens.set()
    _serve(launch, bound)


def _end_with_parent() -> None:
    """A parent that was killed tells nobody; without it this process would hold the port for ever.

    Waits on a pipe that the kernel closes with the parent, on every system and however it ended.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    log.error("server_parent_ended")
    os.kill(os.getpid(), signal.SIGTERM)
