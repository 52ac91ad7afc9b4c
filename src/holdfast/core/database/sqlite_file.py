"""SQLite files from the outside: what a file is, its key, its schema revision."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as driver

from holdfast.core.database.errors import (
    InvalidKey,
    KeyNeeded,
    NotADatabase,
    NotEncrypted,
    StoreMissing,
    WrongKey,
)

MAGIC = b"SQLite format 3\0"
SALT_BYTES = 16
KEY_BYTES = 32
PAGE_BYTES = 4096
KDF_ROUNDS = 256_000
"""SQLCipher 4's own derivation, so that a passphrase opens the file in its tools too."""

_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")

driver.register_adapter(bytes, bytearray)
driver.register_adapter(type(None), {}.get)
"""For each parameter that is no int, float, str or bytearray the driver looks for an adapter, and to find none takes
1.2 µs, for nearly half of what an append binds. These give the same value, and take 0.4 and 0.3."""


@dataclass(frozen=True)
class Key:
    """A key as SQLCipher takes it without deriving again: 32 bytes of key, 16 of the file's salt."""

    raw: bytes
    salt: bytes

    def __repr__(self) -> str:
        return "Key(…)"

    def pragma(self, name: str = "key") -> str:
        """The statement that unlocks the file; with `rekey`, the one that encrypts it anew."""
        return f"PRAGMA {name} = \"x'{self.raw.hex()}{self.salt.hex()}'\""


def derive_key(key: str | bytes, salt: bytes) -> Key:
    """The file key: 32 bytes or 64 hex digits as they are, a passphrase by PBKDF2 (about 150 ms, once).

    Raises `InvalidKey` for an empty or oddly sized one.
    """
    if isinstance(key, bytes):
        if len(key) != KEY_BYTES:
            raise InvalidKey(f"{len(key)} bytes; a raw key has 32, or give a passphrase as text")
        return Key(key, salt)
    if not isinstance(key, str) or not key.strip():
        raise InvalidKey("is empty; give a passphrase, 64 hex digits or 32 bytes")
    if _HEX_KEY.fullmatch(key):
        return Key(bytes.fromhex(key), salt)
    try:
        passphrase = key.encode()
    except UnicodeEncodeError as error:
        raise InvalidKey("holds a lone surrogate; decode it with the right encoding first") from error
    return Key(hashlib.pbkdf2_hmac("sha512", passphrase, salt, KDF_ROUNDS, KEY_BYTES), salt)


def new_key(key: str | bytes | None) -> Key | None:
    """The key for a file that is about to be made."""
    return None if key is None else derive_key(key, os.urandom(SALT_BYTES))


def existing_key(path: Path, key: str | bytes | None, url: str) -> Key | None:
    """The key for a file that is there. Raises the named error when file and key do not go together."""
    if not path.exists():
        raise StoreMissing(url)
    header = _header(path, url)
    if header == MAGIC:
        if key is not None:
            raise NotEncrypted(url)
        return None
    if not _looks_encrypted(path, header):
        raise NotADatabase(url)
    if key is None:
        raise KeyNeeded(url)
    return derive_key(key, header)


def _header(path: Path, url: str) -> bytes:
    if not path.is_file():
        raise NotADatabase(url)
    with path.open("rb") as file:
        return file.read(SALT_BYTES)


def _looks_encrypted(path: Path, header: bytes) -> bool:
    """Encrypted files begin with a random salt; of other files few are so long and do.

    A crash may leave the last page half written, so the size tells nothing.
    """
    size = path.stat().st_size
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in header)
    return size >= PAGE_BYTES and printable < SALT_BYTES


def unlock(connection: Any, key: Key | None, path: Path) -> None:
    """Give a fresh connection its key and read once with it. Raises `WrongKey` or `NotADatabase`."""
    if key is not None:
        connection.execute("PRAGMA cipher_log_level = NONE")  # it writes to standard error; we raise instead
        connection.execute(key.pragma())
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except driver.DatabaseError as error:
        connection.close()
        if "file is not a database" not in str(error) and "malformed" not in str(error):
            raise
        url = f"sqlite:///{path}"
        raise (WrongKey(url) if key is not None else NotADatabase(url)) from None


def revision(connection: Any) -> str | None:
    """The schema revision a file carries, None where it has no Holdfast schema."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'holdfast_schema'").fetchone()
    if known is None:
        return None
    row = connection.execute("SELECT version_num FROM holdfast_schema").fetchone()
    return None if row is None else str(row[0])
