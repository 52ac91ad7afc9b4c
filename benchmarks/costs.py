"""What an operation costs besides time: processor seconds, statements, commits made durable, bytes written."""

import os
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from sqlcipher3 import dbapi2 as sqlite

_TICK = os.sysconf("SC_CLK_TCK")
_WAL_HEADER = 32
_FRAME_HEADER = 24
PAGE = 4096


def server_seconds(server: int) -> float:
    """Processor seconds used so far by a server and its processes, those that have ended included."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(stat.parent.name) == server:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == server:
            ticks += sum(map(int, fields[11:13]))
    return ticks / _TICK


@dataclass
class Cpu:
    """Processor seconds of this process, and of the server if there is one, while a block ran."""

    client: float = 0.0
    server: float = 0.0


@contextmanager
def cpu(server: int | None) -> Iterator[Cpu]:
    spent = Cpu()
    here, there = time.process_time(), 0.0 if server is None else server_seconds(server)
    yield spent
    spent.client = time.process_time() - here
    spent.server = 0.0 if server is None else server_seconds(server) - there


def written_bytes() -> int:
    """What this process has handed to the kernel to write, from /proc/self/io."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["wchar"])


@dataclass(frozen=True)
class Wal:
    """What is in an SQLite write-ahead log. Frame headers are not encrypted."""

    frames: int
    commits: int


def read_wal(file: Path) -> Wal:
    """Frames and commits since the log was last begun anew. With `synchronous=FULL` a commit is one fsync of it."""
    data = file.with_name(file.name + "-wal").read_bytes()
    salts = data[16:24]
    frames = commits = 0
    for at in range(_WAL_HEADER, len(data) - PAGE, _FRAME_HEADER + PAGE):
        _, size_after_commit = struct.unpack(">II", data[at : at + 8])
        if data[at + 8 : at + 16] != salts:
            break
        frames += 1
        commits += size_after_commit > 0
    return Wal(frames, commits)


@dataclass
class Statements:
    """Statements (SQLite) or round trips (PostgreSQL), counted by the drivers' own traces."""

    count: int = 0
    _logs: list[Any] = field(default_factory=list)

    def statement(self, sql: str) -> None:
        internal = sql.startswith("--") or "'main'." in sql  # of triggers, of the full-text index
        self.count += not internal

    def round_trips(self) -> int:
        """A round trip ends with the server ready for the next."""
        lines = (line for log in self._logs for line in Path(log.name).read_text().splitlines())
        return self.count + sum("ReadyForQuery" in line for line in lines)


@contextmanager
def traced() -> Iterator[Statements]:
    """Count what is sent on connections opened within the block."""
    seen = Statements()
    connect_file, connect_server = sqlite.connect, psycopg.connect

    def file(*args: Any, **kwargs: Any) -> Any:
        connection = connect_file(*args, **kwargs)
        connection.set_trace_callback(seen.statement)
        return connection

    def server(*args: Any, **kwargs: Any) -> Any:
        connection = connect_server(*args, **kwargs)
        log = tempfile.NamedTemporaryFile()  # noqa: SIM115  # lives as long as the connection
        connection.pgconn.trace(log.fileno())
        seen._logs.append(log)
        return connection

    with mock.patch.object(sqlite, "connect", file), mock.patch.object(psycopg, "connect", server):
        yield seen


def server_fsyncs(url: str) -> int:
    """The fsyncs of the write-ahead log so far. Sessions report theirs when they end."""
    with psycopg.connect(url, autocommit=True) as connection:
        newer = connection.info.server_version >= 180000
        source = "pg_stat_io WHERE object = 'wal'" if newer else "pg_stat_wal"
        row = connection.execute(f"SELECT sum({'fsyncs' if newer else 'wal_sync'}) FROM {source}").fetchone()
    return int(row[0] or 0) if row else 0


def server_wal_bytes(url: str) -> int:
    """The write-ahead log's length so far."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0]) if row else 0
