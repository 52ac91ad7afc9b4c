"""sqlite-vec, loaded into a connection of SQLite: the functions that compare vectors."""

from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as driver


def load_vectors(connection: Any) -> None:
    """Load the extension, and leave no other loadable. About 0.1 ms.

    Where it does not load the connection is as good as any for everything else, and a statement with vectors fails as
    `VectorsUnavailable`.
    """
    with suppress(AttributeError, driver.Error):
        extension = _extension()
        if extension is not None:
            connection.enable_load_extension(True)
            try:
                connection.load_extension(extension)
            finally:
                connection.enable_load_extension(False)


@cache
def _extension() -> str | None:
    """Where the extension is. Its package is found and not imported, for that imports numpy."""
    spec = find_spec("sqlite_vec")
    return None if spec is None or spec.origin is None else str(Path(spec.origin).with_name("vec0"))
