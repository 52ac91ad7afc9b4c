"""What PostgreSQL's errors mean to a caller. Its texts can hold values, and go no further than here."""

import psycopg

from holdfast.core.database.errors import Busy, StorageFull
from holdfast.core.database.internal import internal_error
from holdfast.core.errors import HoldfastError, Unavailable

_CONFLICTS = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


class ConflictRetry(Unavailable):
    """The server rolled this transaction back for another's sake; it may be repeated."""

    code = "conflict_retry"


def is_lost(error: psycopg.Error) -> bool:
    """Whether there was no answer: the line broke, or there was none."""
    return error.sqlstate is None and isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


def translate(error: psycopg.Error, busy_seconds: float) -> HoldfastError:
    """The named error for one of the driver's. `busy_seconds`: how long a connection waits for a lock."""
    if isinstance(error, _CONFLICTS):
        return ConflictRetry("the server preferred another transaction five times; repeat the call")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return Busy("lock", busy_seconds)
    if isinstance(error, psycopg.errors.DiskFull):
        return StorageFull()
    if isinstance(error, (psycopg.errors.AdminShutdown, psycopg.errors.CannotConnectNow)) or is_lost(error):
        return Unavailable("the database does not answer; nothing of this call was acknowledged. Repeat it")
    diag = error.diag
    detail = f"sqlstate={error.sqlstate} constraint={diag.constraint_name} table={diag.table_name}"
    return internal_error("postgresql", type(error).__name__, detail)
