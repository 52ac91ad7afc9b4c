"""A file that messages are appended to before anybody is told that they arrived."""

import os
import threading
from pathlib import Path
from types import TracebackType
from uuid import UUID

from holdfast.core.ids import new_id

_BEGIN, _END = b"\x0b", b"\x1c\r"
_PART = ".part"


class Spool:
    """Messages in MLLP blocks, one after another: what `read(path)` reads. Opened for appending, made where it is not.

    A message is on the disk when `store` returns: one sync of the file, shared by those who wait at the same time.
    What a crash tore off at the end of the file was not acknowledged, and the next block begins after it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        new = not path.exists()
        self._file = open(path, "ab", buffering=0, opener=_private)  # noqa: SIM115 - closed by `close`
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0
        self._broken: OSError | None = None
        if new:
            _sync_folder(path.parent)

    def store(self, raw: bytes) -> None:
        """One message, durable on return. Raises `OSError` when the disk does not take it, then and ever after.

        After a failed sync nobody knows what of earlier writes is on the disk, so that the spool is opened anew first.
        """
        with self._writing:
            self._check()
            try:
                self._write(_BEGIN + raw + _END)
            except OSError as error:
                self._broken = error
                raise
            self._written += 1
            mine = self._written
        with self._syncing:
            if self._synced >= mine:
                return
            self._check()
            reached = self._written
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self._broken = error
                raise
            self._synced = reached

    def cut(self) -> Path | None:
        """Close what was stored so far as a part of its own, which `parts` lists, and begin a new file.

        None where there is nothing. Raises `OSError`; then nothing more is stored, and what was is in one of the two.
        """
        with self._writing, self._syncing:
            self._check()
            if os.fstat(self._file.fileno()).st_size == 0:
                return None
            part = self.path.with_name(f"{self.path.name}.{new_id()}{_PART}")
            try:
                os.fsync(self._file.fileno())
                self._synced = self._written
                os.rename(self.path, part)
                self._file.close()
                self._file = open(self.path, "ab", buffering=0, opener=_private)  # noqa: SIM115 - closed by `close`
                _sync_folder(self.path.parent)
            except OSError as error:
                self._broken = error
                raise
            return part

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; what was stored is on the disk already."""
        self._file.close()

    def _check(self) -> None:
        if self._broken is not None:
            raise OSError(self._broken.errno, "the spool failed before; open it anew")

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]


def parts(path: Path) -> list[tuple[UUID, Path]]:
    """The closed parts of a spool, each with the number that is its own, the oldest first."""
    found = []
    for part in path.parent.glob(f"{path.name}.*{_PART}"):
        try:
            found.append((UUID(part.name[len(path.name) + 1 : -len(_PART)]), part))
        except ValueError:
            continue
    return sorted(found)


def remove(part: Path) -> None:
    """A part whose messages are elsewhere now. Durable on return."""
    part.unlink(missing_ok=True)
    _sync_folder(part.parent)


def _private(path: str, flags: int) -> int:
    """Messages are of patients: nobody else on the machine reads the file."""
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    """The name of a new file is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
