"""Where the bytes come from: a file, or those files of a zip archive that may hold conversations."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from .errors import ArchiveDamaged, ArchiveTooLarge, ExportNotFound, UnknownExportFormat
from .models import ReadLimits

CHUNK = 256 * 1024
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_READ = frozenset({".json", ".jsonl", ".ndjson"})
# Below this size any ratio is plausible: a small file of one repeated word is no bomb.
_RATIO_FROM = 10 * 1024**2
_ENCRYPTED = 0x1
# What zipfile raises for archives that are broken, or packed in a way it does not know.
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, UnicodeError, struct.error)


class Damaged(Exception):
    """Internal: the archive's data for this file cannot be decompressed any further."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file to read. `size` is uncompressed, as declared; `compressed` equals it outside an archive."""

    name: str
    size: int
    compressed: int
    open: Callable[[], IO[bytes]]


class Meter:
    """Counts what is really read, and stops when it is more than the limits allow."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self.bytes_read = 0

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """The bytes of one file. Raises ArchiveTooLarge past a limit, Damaged where the archive is broken."""
        before = self.bytes_read
        with _opened_entry(entry) as stream:
            while chunk := _next_chunk(stream):
                self.bytes_read += len(chunk)
                _check_size(self.bytes_read, entry.name, self._limits)
                _check_ratio(self.bytes_read - before, entry, self._limits)
                yield chunk


def find_entries(path: Path, limits: ReadLimits) -> tuple[list[Entry], zipfile.ZipFile | None]:
    """The files to look into, and the archive they are in, which the caller closes; None for a plain file."""
    if not path.is_file():
        raise ExportNotFound(f"there is no file {str(path)!r}; give the path of the exported file or zip archive")
    with path.open("rb") as stream:
        zipped = stream.read(4) in _ZIP
    if not zipped:
        size = path.stat().st_size
        _check_size(size, path.name, limits)
        return [Entry(name=path.name, size=size, compressed=size, open=lambda: path.open("rb"))], None
    archive = _opened(path)
    try:
        return _archived(archive, path.name, limits), archive
    except BaseException:
        archive.close()
        raise


def _next_chunk(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(CHUNK)
    except _BROKEN as error:
        raise Damaged(str(error)) from error


def _opened_entry(entry: Entry) -> IO[bytes]:
    try:
        return entry.open()
    except _BROKEN as error:
        raise Damaged(str(error)) from error


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _BROKEN as error:
        raise ArchiveDamaged(f"the archive {path.name!r} cannot be opened: {error}; download it again") from error


def _archived(archive: zipfile.ZipFile, name: str, limits: ReadLimits) -> list[Entry]:
    infos = sorted((info for info in archive.infolist() if _may_hold_conversations(info)), key=_by_name)
    if not infos:
        raise UnknownExportFormat(f"the archive {name!r} holds no JSON file among its {len(archive.infolist())} files")
    found = [_entry(archive, info) for info in infos]
    _check_size(sum(entry.size for entry in found), name, limits)
    for entry in found:
        _check_ratio(entry.size, entry, limits)
    return found


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveDamaged(f"{info.filename!r} in the archive is encrypted; unpack it with its password first")
    if info.header_offset < 0:
        raise ArchiveDamaged(f"{info.filename!r} lies before the archive's beginning; download the archive again")
    return Entry(
        name=info.filename,
        size=info.file_size,
        compressed=info.compress_size,
        open=partial(archive.open, info),
    )


def _may_hold_conversations(info: zipfile.ZipInfo) -> bool:
    """JSON by its name; not the shadow files that macOS adds."""
    path = PurePosixPath(info.filename)
    return path.suffix.lower() in _READ and "__MACOSX" not in path.parts and not path.name.startswith(".")


def _by_name(info: zipfile.ZipInfo) -> str:
    return info.filename


def _check_size(size: int, name: str, limits: ReadLimits) -> None:
    if size > limits.max_bytes:
        raise ArchiveTooLarge(f"{name!r} holds {size} bytes or more; the limit is {limits.max_bytes} (max_bytes)")


def _check_ratio(size: int, entry: Entry, limits: ReadLimits) -> None:
    if size > _RATIO_FROM and size > entry.compressed * limits.max_ratio:
        raise ArchiveTooLarge(
            f"{entry.name!r} unpacks to {size} bytes from {entry.compressed}, as an archive made to do harm does; "
            f"the limit is {limits.max_ratio} to 1 (max_ratio)"
        )
