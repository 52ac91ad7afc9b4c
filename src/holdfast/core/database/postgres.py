"""The PostgreSQL engine: a pool of connections that act as the application role, confined by row-level security.

Every connection does `SET ROLE holdfast_app` when it opens, so that even a superuser's login is held by the
policies. Every transaction sets its scope, which ends with it, in the same message as its BEGIN and its first
statement; a procedure sets it itself and takes a single round trip, which callers that overlap may share
(postgres_sharing.py).
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import psycopg
import sqlalchemy
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.string import TextBinaryLoader
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.pool import NullPool

from holdfast.core.access import AccessChanges
from holdfast.core.cache.levels import Levels
from holdfast.core.crypto.vault import Vault
from holdfast.core.database import postgres_partitions, postgres_vectors
from holdfast.core.database.errors import EngineTooOld, StoreMissing
from holdfast.core.database.gate import Gate
from holdfast.core.database.pool import Pool
from holdfast.core.database.postgres_cursor import PostgresCursor, Statement
from holdfast.core.database.postgres_errors import ConflictRetry, is_lost, translate
from holdfast.core.database.postgres_sharing import SharedCall, SharedCalls
from holdfast.core.database.transaction import Call, Params, Procedure, Transaction, Work, carry_out_afterwards
from holdfast.core.database.types import Packed, VectorBytes
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

SCHEMA = "holdfast"
APPLICATION_ROLE = "holdfast_app"
OPERATOR_ROLE = "holdfast_operator"
OLDEST = 150000
RETRIES = 5

_SNAPSHOT = "ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresEngine:
    """One database."""

    dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # so upstream

    def __init__(self, url: str, settings: Settings, vault: Vault) -> None:
        self._conninfo = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._database = sqlalchemy.make_url(url).database
        self.url = sqlalchemy.make_url(url).render_as_string(hide_password=True)
        self.access = AccessChanges()
        self.trail = Trail()
        self.levels = Levels(settings)
        self.tracing = tracing_of(settings, "postgresql")
        self.breakers = Breakers()
        self._settings = settings
        self.vault = vault
        self.embedders = Embedders(settings, self.breakers)
        self.outside = OutsideIndexes(settings, self.breakers)
        self._start()
        self._gate = Gate(self._drop)

    def _start(self) -> None:
        self._replacing = threading.Lock()
        self._shared: dict[str, SharedCalls] = {}
        self._pool = self._new_pool()

    def _new_pool(self) -> Pool[PostgresCursor]:
        def connect() -> PostgresCursor:
            """A connection's one cursor, which keeps what it has prepared."""
            return PostgresCursor(self._connect_application())

        return Pool(connect, size=self._settings.pool, seconds=self._settings.busy_seconds)

    def _drop(self) -> None:
        self._pool.dispose()
        self._start()

    def read(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        """See `Engine.read`. Costs no round trip besides the work's own, and a message that nobody waits for; a lone
        `Call` takes one in all.
        """
        if isinstance(work, Call) and work.before is None:
            return shielded(lambda: self._call(scope, reach, work))  # type: ignore[no-any-return]  # a Call[T] gives T
        return shielded(lambda: self._in_transaction(scope, reach, work, _SNAPSHOT))

    def write(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        """See `Engine.write`. Costs one round trip besides the work's own; a lone `Call` takes one in all, shared with
        other threads' calls where the procedure can be made together.

        Tried again, with growing pauses, when the server chose it to fail for another's sake.
        """
        return shielded(lambda: self._write(scope, reach, work))

    def _write(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        try:
            return self._write_once(scope, reach, work)
        except ConflictRetry:
            pass
        import stamina  # for the rare case: it brings tenacity and more along

        for attempt in stamina.retry_context(
            on=ConflictRetry, attempts=RETRIES, wait_initial=0.01, wait_max=0.5, wait_jitter=0.01
        ):
            with attempt:
                return self._write_once(scope, reach, work)
        raise AssertionError("unreachable: the last attempt raises")

    def _write_once(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        if isinstance(work, Call) and work.before is None:
            return self._call(scope, reach, work)  # type: ignore[no-any-return]  # a Call[T] gives T
        return self._in_transaction(scope, reach, work, "")

    def _call(self, scope: Scope, reach: Reach, work: Call[T]) -> T:
        """A procedure that sets its scope itself, as a transaction of its own, or of several callers."""
        if work.procedure.together is None or scope.is_operator:
            with self._lent() as cursor:
                row = self._transaction(cursor, scope, reach).call(work.procedure, work.params)
        else:
            with self._gate.inside():
                row = self._shared_calls(work.procedure).row(work, scope, reach)
        return work.procedure.result(row, work.params)

    def _shared_calls(self, procedure: Procedure[Any]) -> SharedCalls:
        made = self._shared.get(procedure.name)
        if made is None:
            with self._replacing:
                new = SharedCalls(procedure, alone=self._call_alone, together=partial(self._call_together, procedure))
                made = self._shared.setdefault(procedure.name, new)
        return made

    def _call_alone(self, one: SharedCall) -> Sequence[Any]:
        with self._loan() as cursor:
            return self._transaction(cursor, one.scope, one.reach).call(one.call.procedure, one.call.params)

    def _call_together(
        self, procedure: Procedure[Any], scope: Scope, reach: Reach, lists: Params
    ) -> Sequence[Sequence[Any]] | None:
        assert procedure.together is not None
        with self._loan() as cursor:
            try:
                return self._transaction(cursor, scope, reach).all(procedure.together.query, lists)
            except psycopg.Error as error:
                if is_lost(error) or (error.sqlstate or "").startswith("57P"):
                    raise  # nobody knows whether it committed: it must not be made again unasked
                return None  # rolled back for somebody's sake: each by itself, with an error of its own

    def _in_transaction(self, scope: Scope, reach: Reach, work: Work[T], mode: str) -> T:
        afterwards: list[Callable[[], object]] = []
        try:
            with self._lent() as cursor:
                cursor.begin(_opening(scope, reach, mode))
                tx = self._transaction(cursor, scope, reach)
                try:
                    done = work(tx)
                except Exception:
                    if cursor.is_opened() and not cursor.connection.closed:
                        cursor.run(b"ROLLBACK")
                    raise
                afterwards = tx.afterwards
                if not cursor.is_opened():
                    pass  # there was nothing to ask the server for
                elif mode == _SNAPSHOT:
                    cursor.leave(b"COMMIT")  # a read is whole before: who has it waits for no more
                else:
                    _commit(cursor, afterwards)
        finally:
            carry_out_afterwards(afterwards)
        return done

    def _transaction(self, cursor: PostgresCursor, scope: Scope, reach: Reach) -> Transaction:
        return Transaction(cursor, self.dialect, scope, reach, server_side=True, vault=self.vault)

    @contextmanager
    def _lent(self) -> Iterator[PostgresCursor]:
        """The cursor of a pooled connection; the driver's errors leave here as named ones."""
        with self._gate.inside(), self._loan() as lent:
            yield lent

    @contextmanager
    def _loan(self) -> Iterator[PostgresCursor]:
        """The same, for who is inside the gate."""
        pool = self._pool
        try:
            lent = pool.take()
        except psycopg.Error as error:
            raise self._translated(error) from None
        try:
            yield lent
        except psycopg.Error as error:
            raise self._translated(error) from None  # the driver's text can hold values
        finally:
            self._give_back(lent, pool)

    def _give_back(self, lent: PostgresCursor, pool: Pool[PostgresCursor]) -> None:
        """To the pool, if it is as it came from there: connected, and in no transaction."""
        connection = lent.connection
        lost = connection.closed
        if lost or pool is not self._pool or not lent.is_out_of_transaction():
            pool.drop(lent)
        else:
            pool.give(lent)
        if lost:
            self._replace(pool)

    def _replace(self, broken: Pool[PostgresCursor]) -> None:
        """When one connection is lost the others of its time usually are: start a new pool, once."""
        with self._replacing:
            if self._pool is broken:
                self._pool = self._new_pool()
                broken.dispose()

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._conninfo, autocommit=True, application_name="holdfast", connect_timeout=10)

    def _connect_application(self) -> psycopg.Connection[Any]:
        connection = self._connect()
        connection.prepare_threshold = 1  # for executemany
        connection.adapters.register_loader("json", TextBinaryLoader)  # `Json` reads it
        for packed in (VectorBytes, Packed):
            connection.adapters.register_dumper(packed, _PackedDumper)
        connection.execute(_session(self._settings.busy_seconds), prepare=False)
        return connection

    def connect_admin(self) -> psycopg.Connection[Any]:
        """A connection as the login itself, with Holdfast's schema first in its path."""
        connection = self._connect()
        if connection.info.server_version < OLDEST:
            raise EngineTooOld(f"PostgreSQL {connection.info.server_version // 10000}: Holdfast needs 15 or newer")
        connection.execute(_ADMIN_SESSION)
        connection.autocommit = False
        return connection

    @contextmanager
    def admin(self) -> Iterator[sqlalchemy.Connection]:
        """See `Engine.admin`."""
        try:
            engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=self.connect_admin, poolclass=NullPool)
            with engine.begin() as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise self._translated(error) from None

    def optimize_vectors(self, *, large: int = postgres_vectors.LARGE) -> list[str]:
        """See `Engine.optimize_vectors`."""
        try:
            with self.connect_admin() as connection:
                connection.autocommit = True
                return postgres_vectors.optimize(connection, large=large)
        except psycopg.Error as error:
            raise self._translated(error) from None

    def make_partitions(self, *, moment: datetime | None = None) -> list[str]:
        """See `Engine.make_partitions`."""
        try:
            with self.connect_admin() as connection:
                connection.autocommit = True
                return postgres_partitions.make(connection, moment=moment)
        except psycopg.Error as error:
            raise self._translated(error) from None

    def _translated(self, error: psycopg.Error) -> HoldfastError:
        return translate(error, self._settings.busy_seconds)

    def revision(self) -> str | None:
        """See `Engine.revision`. Raises `StoreMissing` when there is no such database."""
        try:
            with self.connect_admin() as connection:
                known = connection.execute("SELECT to_regclass('holdfast.holdfast_schema')").fetchone()
                if known is None or known[0] is None:
                    return None
                row = connection.execute("SELECT version_num FROM holdfast.holdfast_schema").fetchone()
        except psycopg.OperationalError as error:
            if f'database "{self._database}" does not exist' in str(error):
                raise StoreMissing(self.url) from None
            raise self._translated(error) from None
        return None if row is None else str(row[0])

    def in_use(self) -> int:
        """See `Engine.in_use`."""
        return self._pool.lent

    def close(self) -> None:
        """See `Engine.close`."""
        if self._gate.close():
            self._pool.dispose()

    def discard(self) -> None:
        """See `Engine.discard`. The migration was rolled back, so there is nothing to take away."""
        self.close()


_SESSION = """
    SET ROLE holdfast_app;
    SET search_path = holdfast, public;
    SET TimeZone = 'UTC';
    SET plan_cache_mode = force_generic_plan;
    SET lock_timeout = {milliseconds}
"""
_SCOPE = (
    "SELECT set_config('holdfast.tenant_id', $1, true), set_config('holdfast.actor_id', $2, true),"
    " set_config('holdfast.reach', $3, true), set_config('holdfast.levels', $4, true)"
)
_ADMIN_SESSION = "SET search_path = holdfast, public; SET TimeZone = 'UTC'"


def _session(busy_seconds: float) -> str:
    """What a connection says first. It waits so long for each lock; to the server none means for ever."""
    return _SESSION.format(milliseconds=max(1, min(round(busy_seconds * 1000), 2**31 - 1)))


class _PackedDumper(Dumper):
    """What is in the server's own binary form: vectors and lists. It infers the type, by the place where it stands."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


def _opening(scope: Scope, reach: Reach, mode: str) -> Sequence[Statement]:
    """What opens a transaction: BEGIN, and the scope, which ends with the transaction."""
    made: Sequence[Statement] | None = scope.prepared.get(("opening", reach, mode))
    if made is None:
        made = scope.prepared["opening", reach, mode] = ((f"BEGIN {mode}", ()), _scope_of(scope, reach))
    return made


def _scope_of(scope: Scope, reach: Reach) -> Statement:
    if scope.is_operator:
        return (f"SET LOCAL ROLE {OPERATOR_ROLE}", ())
    levels = "".join(sorted(scope.levels))
    return (_SCOPE, [str(scope.tenant_id or ""), str(scope.actor_id or ""), reach, levels])


def _commit(cursor: PostgresCursor, afterwards: list[Callable[[], object]]) -> None:
    """Commit. What is wanted afterwards is, unless the server says that it did not commit: if the line breaks now,
    nobody knows.
    """
    try:
        cursor.run(b"COMMIT")
    except psycopg.Error as error:
        if not is_lost(error):
            afterwards.clear()
        raise
