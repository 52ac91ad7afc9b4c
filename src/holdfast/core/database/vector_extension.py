"""sqlite-vec, loaded into a connection of SQLite: the functions that compare vectors."""

from contextlib import suppress
from typing import Any

from sqlcipher3 import dbapi2 as driver


def load_vectors(connection: Any) -> None:
    """Load the extension, and leave no other loadable. About 0.1 ms.

    Where it does not load the connection is as good as any for everything else, and a statement with vectors fails as
    `VectorsUnavailable`.
    """
    with suppress(ImportError, AttributeError, driver.Error):
        import sqlite_vec

        connection.enable_load_extension(True)
        try:
            sqlite_vec.load(connection)
        finally:
            connection.enable_load_extension(False)
