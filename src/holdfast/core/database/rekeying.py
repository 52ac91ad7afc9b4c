"""Encrypting a SQLite file with another key, in place.

SQLCipher writes every page anew in one transaction. With a rollback journal, encrypted with the old key, that is safe
at any point: what was cut off is rolled back and opens with the old key. Nobody else may have the file open meanwhile.
"""

from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as driver

from holdfast.core.database.errors import StoreInUse, WrongKey
from holdfast.core.database.sqlite import translate
from holdfast.core.database.sqlite_file import Key, unlock

WAIT = 5.0
"""So many seconds for others to let go of the file."""


def opens_with(path: Path, key: Key) -> bool:
    """Whether `key` opens the file."""
    connection = driver.connect(str(path), isolation_level=None)
    try:
        unlock(connection, key, path)
    except WrongKey:
        return False
    finally:
        connection.close()
    return True


def rekey_file(path: Path, old: Key, new: Key) -> None:
    """Encrypt the file with `new`, whose salt is the old one's. Raises `StoreInUse`, `StorageFull`.

    Needs free space of the file's size for the journal.
    """
    connection = driver.connect(str(path), timeout=WAIT, isolation_level=None)
    try:
        unlock(connection, old, path)
        _alone(connection, path)
        connection.execute("PRAGMA synchronous = EXTRA")  # the journal's removal is the commit: flush the folder too
        connection.execute(new.pragma("rekey"))
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("PRAGMA journal_mode = WAL")
    except driver.Error as error:
        raise translate(error, WAIT) from None
    finally:
        connection.close()


def _alone(connection: Any, path: Path) -> None:
    """Leaving WAL mode takes the file's exclusive lock, and this connection keeps it."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except driver.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise StoreInUse(f"sqlite:///{path}") from None
