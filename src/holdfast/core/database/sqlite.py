"""The SQLite engine: one file, encrypted with SQLCipher when a key is given, one writer, many readers.

WAL with `synchronous=FULL`: a commit that has returned survives a power cut. Reads use connections of their
own and never wait for the writer. Writes share commits (commits.py).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import NullPool
from sqlcipher3 import dbapi2 as driver

from holdfast.core.access import AccessChanges
from holdfast.core.cache.levels import Levels
from holdfast.core.crypto.vault import Vault
from holdfast.core.database import sqlite_file, sqlite_vectors
from holdfast.core.database.commits import CommitQueue
from holdfast.core.database.errors import (
    Busy,
    EngineTooOld,
    SchemaChanged,
    StorageFailed,
    StorageFull,
    VectorsUnavailable,
)
from holdfast.core.database.gate import Gate
from holdfast.core.database.held_codes import HeldCodes
from holdfast.core.database.internal import internal_error
from holdfast.core.database.pool import Pool
from holdfast.core.database.transaction import Transaction, Work, carry_out_afterwards
from holdfast.core.database.vector_extension import load_vectors
from holdfast.core.embedders import Embedders
from holdfast.core.errors import HoldfastError
from holdfast.core.interrupts import shielded
from holdfast.core.outside import OutsideIndexes
from holdfast.core.policy import Reach
from holdfast.core.resilience import Breakers
from holdfast.core.scope import Scope
from holdfast.core.settings import Settings
from holdfast.core.tracing import tracing_of
from holdfast.core.trail import Trail

T = TypeVar("T")

OLDEST = (3, 51, 3)
"""Earlier versions can corrupt a file in WAL mode when a checkpoint races a reset."""

SEEN = 10_000
"""Of so many rows a process remembers what it last saw (`Transaction.seen`)."""


class SqliteEngine:
    """One open file."""

    dialect = SQLiteDialect_pysqlite(paramstyle="qmark")

    def __init__(self, path: Path, key: sqlite_file.Key | None, settings: Settings, vault: Vault) -> None:
        if driver.sqlite_version_info < OLDEST:
            raise EngineTooOld(f"SQLite {driver.sqlite_version} can corrupt files; install sqlcipher3 0.6.4 or newer")
        self.path = path
        self.url = f"sqlite:///{path}"
        self.access = AccessChanges()
        self.trail = Trail()
        self.levels = Levels(settings)
        self.tracing = tracing_of(settings, "sqlite")
        self.breakers = Breakers()
        self._key = key
        self._settings = settings
        self._revision: str | None = None
        self.vault = vault
        self.embedders = Embedders(settings, self.breakers)
        self.outside = OutsideIndexes(settings, self.breakers)
        self._start()
        self._gate = Gate(self._drop)

    def _start(self) -> None:
        self._opening = threading.Lock()
        self._writer: Any = None
        self._commits: CommitQueue | None = None
        self._seen: dict[Any, Any] = {}
        self._codes = HeldCodes(self._settings.vector_codes_mib * 2**20)
        self._readers: Pool[Any] = Pool(
            self._connect_reader, size=self._settings.pool, seconds=self._settings.busy_seconds
        )

    def _drop(self) -> None:
        self._readers.dispose()
        if self._writer is not None:
            self._writer.close()
        self._start()

    def read(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        """See `Engine.read`. Costs two statements besides the work's own; no fsync."""
        return shielded(lambda: self._read(scope, reach, work))

    def _read(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        with self._gate.inside():
            try:
                readers = self._readers
                lent = readers.take()
                try:
                    with closing(lent.cursor()) as cursor:
                        done = self._read_on(cursor, scope, reach, work)
                except driver.Error:
                    readers.drop(lent)  # a statement that failed for its table does nothing the next time, silently
                    raise
                except BaseException:
                    readers.give(lent)
                    raise
                readers.give(lent)
                return done
            except driver.Error as error:
                raise self._translated(error) from None  # the driver's text can hold values

    def _read_on(self, cursor: Any, scope: Scope, reach: Reach, work: Work[T]) -> T:
        cursor.execute("BEGIN")
        try:
            return work(Transaction(cursor, self.dialect, scope, reach, vault=self.vault, codes=self._codes))
        finally:
            cursor.execute("ROLLBACK")

    def write(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        """See `Engine.write`. Costs two statements besides the work's own and one fsync, shared with others."""
        return shielded(lambda: self._write(scope, reach, work))

    def _write(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        try:
            return self._write_once(scope, reach, work)
        except _SchemaMoved:
            self._gate.renew()
            return self._write_once(scope, reach, work)

    def _write_once(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        with self._gate.inside():
            try:
                commits, writer, seen = self._writing()
                latest: list[Transaction] = []

                def run() -> T:
                    # Closed by the thread that used it: cursors share a connection's statements, and one that is only
                    # dropped, later and in its caller's thread, would reset a statement that another is running.
                    with closing(writer.cursor()) as cursor:
                        tx = Transaction(cursor, self.dialect, scope, reach, seen=seen, vault=self.vault)
                        latest[:] = [tx]  # it may be run again: the last one counts
                        return work(tx)

                done: T = commits.submit(run)
            except driver.Error as error:
                raise self._translated(error) from None  # the driver's text can hold values
        carry_out_afterwards(latest[0].afterwards)
        return done

    def _writing(self) -> tuple[CommitQueue, Any, dict[Any, Any]]:
        if self._commits is None:
            with self._opening:
                if self._commits is None:
                    self._writer = self.connect()
                    self._writer.execute("PRAGMA journal_mode = WAL")
                    self._writer.execute("PRAGMA busy_timeout = 0")  # the queue waits itself
                    patience = self._settings.busy_seconds
                    check = self._schema_check(self._writer)
                    self._commits = CommitQueue(
                        self._writer, busy=driver.OperationalError, patience=patience, check=check
                    )
        if len(self._seen) > SEEN:
            self._seen.clear()
        return self._commits, self._writer, self._seen

    def _schema_check(self, writer: Any) -> Callable[[], None]:
        """A check, at the beginning of each transaction, that the schema is the one this writer was opened on.

        The driver keeps prepared statements; one whose table is gone fails once, and from then on does nothing and
        says nothing. So statements never meet another schema: the connection is opened afresh.
        """
        revision = sqlite_file.revision(writer)
        if self._revision not in (None, revision):
            raise SchemaChanged(self.url, revision)
        self._revision = revision
        version = writer.execute("PRAGMA schema_version").fetchone()

        def check() -> None:
            if writer.execute("PRAGMA schema_version").fetchone() != version:
                raise _SchemaMoved

        return check

    def connect(self) -> Any:
        """A new connection with every pragma set. Raises the named error of a file that does not open."""
        connection = driver.connect(
            str(self.path),
            timeout=self._settings.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        sqlite_file.unlock(connection, self._key, self.path)
        load_vectors(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        connection.execute(f"PRAGMA cache_size = -{int(self._settings.cache_mib) * 1024}")
        return connection

    def _connect_reader(self) -> Any:
        connection = self.connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    @contextmanager
    def admin(self) -> Iterator[sqlalchemy.Connection]:
        """See `Engine.admin`. Foreign keys are off meanwhile: SQLite rebuilds tables to alter them."""
        engine = sqlalchemy.create_engine("sqlite://", creator=self.connect, poolclass=NullPool, module=driver)
        with engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA foreign_keys = OFF")
            try:
                with connection.begin():
                    raw.execute("BEGIN IMMEDIATE")
                    yield connection
            except (driver.Error, sqlalchemy.exc.DBAPIError) as error:
                raise named(error, self._settings.busy_seconds) or error from error

    def optimize_vectors(self, *, large: int = sqlite_vectors.LARGE) -> list[str]:
        """See `Engine.optimize_vectors`."""

        def write(work: Callable[[Any], int]) -> int:
            with self._gate.inside():
                commits, writer, _ = self._writing()

                def run() -> int:
                    with closing(writer.cursor()) as cursor:
                        return work(cursor)

                return int(commits.submit(run))

        try:
            with closing(self.connect()) as connection:
                return sqlite_vectors.optimize(connection, write, large=large)
        except driver.Error as error:
            raise self._translated(error) from None

    def _translated(self, error: Exception) -> HoldfastError:
        return translate(error, self._settings.busy_seconds)

    def make_partitions(self, *, moment: datetime | None = None) -> list[str]:  # it has none
        """See `Engine.make_partitions`. A file needs none."""
        return []

    def revision(self) -> str | None:
        """See `Engine.revision`."""
        connection = self.connect()
        try:
            return sqlite_file.revision(connection)
        except driver.Error as error:
            raise self._translated(error) from None
        finally:
            connection.close()

    def in_use(self) -> int:
        """See `Engine.in_use`."""
        return self._readers.lent

    def close(self) -> None:
        """See `Engine.close`. What has begun is finished first.

        The write-ahead log is emptied into the file, so that nothing stays in it that was deleted; as far as no other
        process is reading.
        """
        if self._gate.close():
            self._readers.dispose()
            if self._writer is not None:
                with suppress(driver.OperationalError):  # another process writes; the last one to close does it
                    self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                self._writer.close()

    def discard(self) -> None:
        """See `Engine.discard`. Only ever called on a file that this process has just made."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


class _SchemaMoved(Exception):
    """The schema is not the one that the writer was opened on."""


_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten; costs an append nothing that can be measured
)

_NAMED: tuple[tuple[str, Callable[[float], HoldfastError]], ...] = (
    ("database or disk is full", lambda _: StorageFull()),
    ("disk I/O error", lambda _: StorageFailed()),
    ("database is locked", lambda seconds: Busy("write_lock", seconds)),
    ("no such function: vec_", lambda _: VectorsUnavailable()),
)


def named(error: Exception, busy_seconds: float) -> HoldfastError | None:
    """What the driver's error means to a caller, if anything. It gives no codes, so its fixed texts are matched."""
    return next((make(busy_seconds) for text, make in _NAMED if text in str(error)), None)


def translate(error: Exception, busy_seconds: float) -> HoldfastError:
    """The error to raise for one of the driver's."""
    return named(error, busy_seconds) or internal_error("sqlite", type(error).__name__, str(error))
