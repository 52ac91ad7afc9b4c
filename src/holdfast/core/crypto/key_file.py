"""A key ring in a file: a key for each owner, so that destroying one really destroys it.

Keep it apart from the database and its backups, readable by its owner only. Every change is written to a file beside
it, flushed to the disk and renamed over it, under a lock that all processes share.
"""

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.crypto.errors import InvalidKeyRing, KeyDestroyed, RingKeyMissing, UnsafeKeyFile, WrongRingKey
from holdfast.core.crypto.ring import KEY_BYTES, RingKey, Wrapped, generation, unwrap_with, wrap_with

FORMAT = 1
_OTHERS = 0o077


@dataclass
class Contents:
    """What the file holds: generations (newest current), a key for each owner and generation, and ids destroyed."""

    current: str = ""
    generations: dict[str, str] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    destroyed: list[str] = field(default_factory=list)

    def key_of(self, owner: UUID) -> str | None:
        """The id of the owner's key in the current generation."""
        return next(
            (id for id, key in self.keys.items() if key["owner"] == str(owner) and generation(id) == self.current), None
        )

    def begin(self) -> None:
        """A new generation."""
        made = now()
        self.current = f"{made:%Y%m%d}-{secrets.token_hex(3)}"
        self.generations[self.current] = made.isoformat()


_PAUSES = (0.001, 0.01, 0.05)
"""Seconds between looks for a file that was there."""


class FileRing:
    """The key ring in one JSON file. It is made when the first key is needed; its folder must be there."""

    forgets = True

    def __init__(self, path: str | Path) -> None:
        if not str(path):
            raise InvalidKeyRing("file: names no file")
        self.path = Path(path).expanduser().resolve()
        if not self.path.parent.is_dir():
            raise InvalidKeyRing(f"the folder {str(self.path.parent)!r} does not exist")
        self.name = f"the key file {str(self.path)!r}"
        self._one_thread = threading.Lock()
        self._seen: tuple[object, Contents] | None = None
        self._read()

    def __repr__(self) -> str:
        return f"FileRing({str(self.path)!r})"

    def wrap(self, owner: UUID, key: bytes) -> Wrapped:
        """See `KeyRing.wrap`. The first one for an owner writes the file."""
        contents = self._read()
        ring_key = contents.key_of(owner)
        if ring_key is None:
            with self._changing() as contents:
                ring_key = contents.key_of(owner) or _add_key(contents, owner)
        wrapping = bytes.fromhex(contents.keys[ring_key]["key"])
        return Wrapped(ring_key=ring_key, blob=wrap_with(ring_key, wrapping, owner, key))

    def unwrap(self, owner: UUID, ring_key: str, blob: bytes) -> bytes:
        """See `KeyRing.unwrap`."""
        contents = self._read()
        found = contents.keys.get(ring_key)
        if found is None:
            if ring_key in contents.destroyed:
                raise KeyDestroyed(ring_key)
            raise RingKeyMissing(ring_key, self.name)
        key = unwrap_with(ring_key, bytes.fromhex(found["key"]), owner, blob)
        if key is None:
            raise WrongRingKey(ring_key, self.name)
        return key

    def keys(self) -> list[RingKey]:
        """See `KeyRing.keys`."""
        contents = self._read()
        return [
            RingKey(id=id, created_at=datetime.fromisoformat(made), current=id == contents.current)
            for id, made in reversed(contents.generations.items())
        ]

    def add(self) -> RingKey:
        """See `KeyRing.add`. The keys of earlier generations stay: older backups need them."""
        with self._changing() as contents:
            contents.begin()
        return self.keys()[0]

    def destroy(self, owner: UUID, decided: Collection[str] = ()) -> bool:
        """See `KeyRing.destroy`. True: no copy of the database can be read any more, as far as no copy of this file is
        kept.
        """
        with self._changing() as contents:
            if decided and set(decided) <= set(contents.destroyed):
                return True
            for ring_key in [id for id, key in contents.keys.items() if key["owner"] == str(owner)]:
                del contents.keys[ring_key]
                contents.destroyed.append(ring_key)
        return True

    def _read(self) -> Contents:
        """The file as it is now; parsed again only when it has changed. To look at, not to change."""
        seen, status = self._seen, self._status()
        if status is None:
            return Contents()
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen is None or seen[0] != version:
            seen = self._seen = (version, _parse(self.path))
        return seen[1]

    def _status(self) -> os.stat_result | None:
        """None before the file is made. One that was there must not begin anew: keys would be lost."""
        try:
            status = _looked_at(self.path, patient=self._seen is not None)
        except FileNotFoundError as error:
            if self._seen is not None:
                raise UnsafeKeyFile(self.path, "is gone; put it back") from error
            return None
        except OSError as error:
            raise UnsafeKeyFile(self.path, f"cannot be read ({error.strerror})") from error
        _check_safe(self.path, status)
        return status

    @contextmanager
    def _changing(self) -> Iterator[Contents]:
        """The contents, alone among threads and processes; what was made of them is on disk at the end."""
        with self._one_thread, _locked(self.path.with_name(self.path.name + ".lock")):
            contents = Contents() if self._status() is None else _parse(self.path)
            if not contents.current:
                contents.begin()
            yield contents
            self._write(contents)

    def _write(self, contents: Contents) -> None:
        beside = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}.new")
        text = json.dumps({"format": FORMAT, **contents.__dict__}, indent=1) + "\n"
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)
        _flush_folder(self.path.parent)
        self._read()


def _add_key(contents: Contents, owner: UUID) -> str:
    ring_key = f"{contents.current}:{secrets.token_hex(4)}"
    contents.keys[ring_key] = {"owner": str(owner), "key": secrets.token_hex(KEY_BYTES)}
    return ring_key


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_safe(path: Path, status: os.stat_result) -> None:
    if status.st_mode & _OTHERS:
        mode = oct(status.st_mode & 0o777)[2:]
        raise UnsafeKeyFile(path, f"others may use it (mode {mode}); do `chmod 600 {path}`, and change the keys")
    if status.st_uid not in (0, os.geteuid()):
        raise UnsafeKeyFile(path, f"belongs to another user ({status.st_uid}); give it to the one who runs Holdfast")


def _looked_at(path: Path, *, patient: bool) -> os.stat_result:
    """The file's status. Where a file is replaced, some file systems have none for a moment: `patient` looks again."""
    for pause in _PAUSES if patient else ():
        try:
            return path.stat()
        except FileNotFoundError:
            time.sleep(pause)
    return path.stat()


def _parse(path: Path) -> Contents:
    """The contents. No message holds any of it."""
    try:
        _looked_at(path, patient=True)
        found: dict[str, Any] = json.loads(path.read_text())
        if found.pop("format") != FORMAT:
            raise ValueError
        contents = Contents(**found)
        for key in contents.keys.values():
            if len(bytes.fromhex(key["key"])) != KEY_BYTES or UUID(key["owner"]) is None:
                raise ValueError
    except OSError as error:
        raise UnsafeKeyFile(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnsafeKeyFile(path, "is not a key file of this version, or is damaged; restore it") from None
    return contents
