"""From a URL to an engine."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from holdfast.core.crypto.derived import DerivedRing
from holdfast.core.crypto.ring import KeyRing
from holdfast.core.crypto.rings import find_ring
from holdfast.core.crypto.vault import Vault
from holdfast.core.database import sqlite_file
from holdfast.core.database.engine import Engine
from holdfast.core.database.errors import InvalidKey, StoreExists, UnsupportedUrl
from holdfast.core.database.sqlite import SqliteEngine
from holdfast.core.settings import Settings


def engine_for_new(url: str, key: str | bytes | None, settings: Settings, keys: KeyRing | str | None = None) -> Engine:
    """The engine for a store about to be made. Raises `StoreExists` when the place is taken."""
    path = _sqlite_path(url)
    if path is None:
        return _postgres(url, key, settings, keys)
    file_key = sqlite_file.new_key(key)
    vault = _vault(keys, file_key)
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise StoreExists(url) from error
    except FileNotFoundError as error:
        raise UnsupportedUrl(url, f"the folder {path.parent} does not exist") from error
    except OSError as error:
        raise UnsupportedUrl(url, f"no file can be made there ({error.strerror})") from error
    return SqliteEngine(path, file_key, settings, vault)


def engine_for_existing(
    url: str, key: str | bytes | None, settings: Settings, keys: KeyRing | str | None = None
) -> Engine:
    """The engine for a store that is there. Raises the named error when it, or its key, is not right."""
    path = _sqlite_path(url)
    if path is None:
        return _postgres(url, key, settings, keys)
    file_key = sqlite_file.existing_key(path, key, url)
    return SqliteEngine(path, file_key, settings, _vault(keys, file_key))


def encrypted_file(url: str, key: str | bytes | None) -> tuple[Path, sqlite_file.Key]:
    """The file of an encrypted SQLite store and its key. Raises `InvalidKey` for any other, and what opening raises."""
    path = _sqlite_path(url)
    file_key = None if path is None else sqlite_file.existing_key(path, key, url)
    if path is None or file_key is None:
        raise InvalidKey(f"{url} is not an encrypted SQLite file, so it has no key to change")
    return path, file_key


def _vault(keys: KeyRing | str | None, file_key: sqlite_file.Key | None) -> Vault:
    """The ring given, or that of HOLDFAST_KEYRING, or one made from the file's own key, or none."""
    ring = find_ring(keys)
    if ring is None and file_key is not None:
        ring = DerivedRing(file_key.raw, file_key.salt)
    return Vault(ring)


def _sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL, None for a PostgreSQL one. Raises `UnsupportedUrl` for any other."""
    try:
        parsed = make_url(url)
    except (ArgumentError, AttributeError) as error:
        raise UnsupportedUrl(str(url), "is not a URL") from error
    if parsed.drivername in ("postgresql", "postgresql+psycopg", "postgres"):
        return None
    if parsed.drivername != "sqlite":
        raise UnsupportedUrl(url, f"{parsed.drivername!r} is not an engine of this version")
    if not parsed.database or parsed.database == ":memory:":
        raise UnsupportedUrl(url, "names no file")
    return Path(parsed.database).absolute()


def _postgres(url: str, key: str | bytes | None, settings: Settings, keys: KeyRing | str | None) -> Engine:
    if key is not None:
        raise InvalidKey("PostgreSQL encrypts its disk itself; a file key is for sqlite:/// URLs")
    try:
        from holdfast.core.database.postgres import PostgresEngine
    except ImportError as error:
        raise UnsupportedUrl(url, "needs the extra holdfast[postgres]") from error
    return PostgresEngine(url, settings, _vault(keys, None))
