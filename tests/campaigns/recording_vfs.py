"""A SQLite file system that notes, in order, every write, truncation, sync and deletion that SQLite makes.

It stands before the ordinary one, as SQLite's own test suites do it, written with ctypes against the SQLite inside
the sqlcipher3 module: no compiler, no root, no kernel feature. It changes nothing that SQLite does. Shared memory
(the `-shm` file) is passed through unseen: a power cut loses it whole, and SQLite rebuilds it.
"""

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlcipher3 import _sqlite3

OPEN_WAL, OPEN_MAIN_JOURNAL, OPEN_CREATE = 0x80000, 0x800, 0x4
"""SQLite's flags of a file to be opened."""

_KEPT: list[object] = []
"""What SQLite holds pointers to must not be collected."""


@dataclass(frozen=True)
class Opened:
    """A file not seen before was opened: made just now, or a moment earlier and still empty."""

    path: str


@dataclass(frozen=True)
class Wrote:
    """Bytes were written, not yet synced."""

    path: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Truncated:
    """A file was cut, not yet synced."""

    path: str
    size: int


@dataclass(frozen=True)
class Synced:
    """All that was written to a file before is on the disk; with `folder`, its name in the folder too."""

    path: str
    folder: bool


@dataclass(frozen=True)
class Deleted:
    """A file was deleted; with `folder`, that is on the disk."""

    path: str
    folder: bool


@dataclass(frozen=True)
class Acknowledged:
    """Not SQLite's: what the application was told is durable by now."""

    what: str


Operation = Opened | Wrote | Truncated | Synced | Deleted | Acknowledged

_P, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_INT, _P, _P, _P, _INT, _P)  # SQLite keeps the pointer to the name: pass it on, not a copy
_DELETE = ctypes.CFUNCTYPE(_INT, _P, _P, _INT)
_WRITE = ctypes.CFUNCTYPE(_INT, _P, _P, _INT, _LONG)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _P, _LONG)
_SYNC = ctypes.CFUNCTYPE(_INT, _P, _INT)


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, version 3."""

    _fields_ = [
        ("iVersion", _INT),
        ("szOsFile", _INT),
        ("mxPathname", _INT),
        ("pNext", _P),
        ("zName", ctypes.c_char_p),
        ("pAppData", _P),
        ("xOpen", _P),
        ("xDelete", _P),
        *((name, _P) for name in ("xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym", "xDlClose")),
        *((name, _P) for name in ("xRandomness", "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64")),
        *((name, _P) for name in ("xSetSystemCall", "xGetSystemCall", "xNextSystemCall")),
    ]


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = [
        ("iVersion", _INT),
        *((name, _P) for name in ("xClose", "xRead", "xWrite", "xTruncate", "xSync", "xFileSize", "xLock", "xUnlock")),
        *((name, _P) for name in ("xCheckReservedLock", "xFileControl", "xSectorSize", "xDeviceCharacteristics")),
        *((name, _P) for name in ("xShmMap", "xShmLock", "xShmBarrier", "xShmUnmap", "xFetch", "xUnfetch")),
    ]


class Recorder:
    """Records from when it is made, for every SQLite file this process opens from then on."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._lock = threading.RLock()
        self._paths: dict[int, str] = {}
        self._names_to_sync: set[int] = set()
        self._known: set[str] = set()
        self._methods: dict[int, _Methods] = {}
        self._install(ctypes.CDLL(_sqlite3.__file__))

    def acknowledge(self, what: str) -> None:
        """Note what the application has just been told."""
        self._note(Acknowledged(what))

    def _note(self, operation: Operation) -> None:
        with self._lock:
            self.operations.append(operation)

    def _install(self, sqlite: Any) -> None:
        sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        sqlite.sqlite3_vfs_find.argtypes = [ctypes.c_char_p]
        sqlite.sqlite3_vfs_register.argtypes = [ctypes.POINTER(_Vfs), _INT]
        self._below = sqlite.sqlite3_vfs_find(None)
        mine = _Vfs.from_buffer_copy(self._below.contents)
        mine.zName = b"recording"
        mine.xOpen = _pointer(_OPEN, self._open)
        mine.xDelete = _pointer(_DELETE, self._delete)
        _KEPT.extend([mine, self])
        if sqlite.sqlite3_vfs_register(ctypes.byref(mine), 1) != 0:
            raise RuntimeError("SQLite did not take the recording file system")

    def _open(self, _vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        code = int(_OPEN(self._below.contents.xOpen)(ctypes.addressof(self._below.contents), name, file, flags, out))
        if code == 0 and name is not None:
            self._watch(file, _text(name), flags)
        return code

    def _watch(self, file: int, path: str, flags: int) -> None:
        methods = ctypes.cast(file, ctypes.POINTER(_P))
        with self._lock:
            self._paths[file] = path
            self._names_to_sync.discard(file)
            if flags & OPEN_CREATE and flags & (OPEN_WAL | OPEN_MAIN_JOURNAL):
                self._names_to_sync.add(file)  # as unixOpen: the first sync of these syncs their folder too
            if path not in self._known:
                self._known.add(path)
                self._note(Opened(path))
            methods[0] = ctypes.addressof(self._recording(methods[0]))

    def _recording(self, original: int) -> _Methods:
        if original not in self._methods:
            below = _Methods.from_address(original)
            mine = _Methods.from_buffer_copy(below)
            mine.xWrite = _pointer(_WRITE, lambda *call: self._write(below, *call))
            mine.xTruncate = _pointer(_TRUNCATE, lambda *call: self._truncate(below, *call))
            mine.xSync = _pointer(_SYNC, lambda *call: self._sync(below, *call))
            self._methods[original] = mine
        return self._methods[original]

    def _write(self, below: _Methods, file: int, data: int, size: int, offset: int) -> int:
        code = int(_WRITE(below.xWrite)(file, data, size, offset))
        if code == 0:
            self._note(Wrote(self._paths[file], offset, ctypes.string_at(data, size)))
        return code

    def _truncate(self, below: _Methods, file: int, size: int) -> int:
        code = int(_TRUNCATE(below.xTruncate)(file, size))
        if code == 0:
            self._note(Truncated(self._paths[file], size))
        return code

    def _sync(self, below: _Methods, file: int, flags: int) -> int:
        code = int(_SYNC(below.xSync)(file, flags))
        if code == 0:
            self._note(Synced(self._paths[file], file in self._names_to_sync))
            self._names_to_sync.discard(file)
        return code

    def _delete(self, _vfs: int, name: int, sync_folder: int) -> int:
        code = int(_DELETE(self._below.contents.xDelete)(ctypes.addressof(self._below.contents), name, sync_folder))
        if code == 0:
            with self._lock:
                self._known.discard(_text(name))
                self._note(Deleted(_text(name), bool(sync_folder)))
        return code


def _pointer(prototype: Any, function: Callable[..., int]) -> int | None:
    made = prototype(function)
    _KEPT.append(made)
    return ctypes.cast(made, _P).value


def _text(pointer: int) -> str:
    return ctypes.string_at(pointer).decode()
