"""What is in the file, and reading it from beginning to end.

The format is told by what the conversations look like, never by the file's name. In an archive every JSON file that
holds conversations is read; everything else in it, nested archives too, stays closed.
"""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from . import chatgpt, claude, librechat, mongodb, openai_jsonl, openwebui, sharegpt
from .decoding import decode, paths
from .errors import EmptyExport, UnknownExportFormat
from .fields import Item, Malformed, Reading, required_object
from .models import ReadConversation, ReadLimits, Source, Unreadable
from .sources import CHUNK, Damaged, Entry, Meter, find_entries
from .splitting import RawItem, Shape, balanced, splitter

_BOM = b"\xef\xbb\xbf"
# So many conversations may be damaged at the beginning before the format is called unknown.
_LOOK = 20


@dataclass(frozen=True, kw_only=True)
class _Format:
    name: Source
    recognises: Callable[[set[str]], bool]
    read: Callable[[Item, Reading], ReadConversation]
    nesting: int = 1


_FORMATS = (
    _Format(name="chatgpt", recognises=chatgpt.recognises, read=chatgpt.read),
    _Format(name="claude", recognises=claude.recognises, read=claude.read),
    _Format(name="openwebui", recognises=openwebui.recognises, read=openwebui.read),
    _Format(name="librechat", recognises=librechat.recognises, read=librechat.read, nesting=librechat.NESTING),
    _Format(name="mongodb", recognises=mongodb.recognises, read=mongodb.read),
    _Format(name="sharegpt", recognises=sharegpt.recognises, read=sharegpt.read),
    _Format(name="openai", recognises=openai_jsonl.recognises, read=openai_jsonl.read),
)


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file that holds conversations: how it is laid out, where its first one may begin, and their format."""

    entry: Entry
    shape: Shape
    start: int
    format: _Format


class Export:
    """An opened export: iterate it for its conversations and for the places that could not be read.

    Problems inside a conversation come before it. Each iteration reads from the beginning; `bytes_read` moves towards
    `total_bytes` meanwhile. Iterating raises ArchiveTooLarge when an archive holds more than it declares. `format` is
    that of the first file; an archive may mix them, and each conversation names its own source.
    """

    def __init__(self, files: list[_File], archive: zipfile.ZipFile | None, limits: ReadLimits) -> None:
        self._files = files
        self._archive = archive
        self._limits = limits
        self._meter = Meter(limits)
        self.format: Source = files[0].format.name
        self.total_bytes = sum(file.entry.size for file in files)

    @property
    def bytes_read(self) -> int:
        """Uncompressed bytes read so far in the current iteration."""
        return self._meter.bytes_read

    def __iter__(self) -> Iterator[ReadConversation | Unreadable]:
        self._meter = meter = Meter(self._limits)
        for file in self._files:
            for raw in _raw_items(file, meter, self._limits):
                yield from _read(raw, file, self._limits)

    def close(self) -> None:
        """Close the archive. A plain file is only open while it is iterated."""
        if self._archive is not None:
            self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_export(path: Path, limits: ReadLimits = ReadLimits()) -> Export:  # noqa: B008  it is frozen
    """Recognise the export at `path`, ready to be iterated. Use it as a context manager.

    Raises ExportNotFound, EmptyExport, UnknownExportFormat, ArchiveTooLarge or ArchiveDamaged.
    """
    entries, archive = find_entries(path, limits)
    try:
        looks = [_look(entry, limits) for entry in entries]
        files = [found for found in looks if isinstance(found, _File)]
        if not files:
            raise _nothing_found(path.name, [found for found in looks if isinstance(found, _Unknown)])
    except BaseException:
        if archive is not None:
            archive.close()
        raise
    return Export(files, archive, limits)


@dataclass(frozen=True, kw_only=True)
class _Unknown:
    """A file without conversations: whether it holds anything at all, and what it looks like."""

    name: str
    empty: bool
    like: str


def _look(entry: Entry, limits: ReadLimits) -> _File | _Unknown:
    """Read the beginning of the file: its layout, then its first conversations until one shows its format."""
    try:
        shape, start = _layout(entry, limits)
    except Damaged as error:
        return _Unknown(name=entry.name, empty=False, like=f"damaged ({error})")
    if shape is None:
        return _Unknown(name=entry.name, empty=start == entry.size, like="neither JSON, JSON lines nor a zip archive")
    keys: set[str] = set()
    empty = True
    file = _File(entry=entry, shape=shape, start=start, format=_FORMATS[0])
    for raw in islice(_raw_items(file, Meter(limits), limits), _LOOK):
        empty = False
        found = _format_of(raw, keys)
        if found is not None:
            return replace(file, format=found)
    like = f"JSON with the keys {', '.join(sorted(key for key in keys if '.' not in key)[:8]) or '(none)'}"
    return _Unknown(name=entry.name, empty=empty, like=like[:200])


def _format_of(raw: RawItem, keys: set[str]) -> _Format | None:
    """The format of this conversation, if it shows one. The paths of its keys are added to `keys`."""
    found: set[str] = set()
    for path in paths(raw.data):
        found.add(path)
        for candidate in _FORMATS:
            if candidate.recognises(found):
                return candidate
    keys |= found
    return None


def _layout(entry: Entry, limits: ReadLimits) -> tuple[Shape | None, int]:
    """How the conversations lie in the file, and the byte where they begin: after an array's bracket."""
    head = b""
    for chunk in _until_damage(entry, limits):
        head += chunk
        if len(head) >= 4 * CHUNK:
            break
    body = head.removeprefix(_BOM).lstrip()
    start = len(head) - len(body)
    if body[:1] == b"[":
        return "array", start + 1
    if body[:1] == b"{":
        return ("lines" if _in_lines(body) else "values"), start
    return None, start


def _until_damage(entry: Entry, limits: ReadLimits) -> Iterator[bytes]:
    """The file's bytes as far as they can be had; reading it for good reports the damage. Raises it at once if none."""
    meter = Meter(limits)
    try:
        yield from meter.chunks(entry)
    except Damaged:
        if meter.bytes_read == 0:
            raise


def _in_lines(body: bytes) -> bool:
    """Whether each line holds a value: the first does, or is damaged and the second begins one."""
    first, newline, rest = body.partition(b"\n")
    return bool(newline) and (balanced(first) or rest.startswith(b"{"))


def _raw_items(file: _File, meter: Meter, limits: ReadLimits) -> Iterator[RawItem]:
    """The conversations of one file as bytes, ending with the damage if there is any."""
    limits = replace(limits, max_depth=limits.max_depth * file.format.nesting)
    cut = splitter(file.shape, limits, file.start)
    skip, before = file.start, meter.bytes_read
    try:
        for chunk in meter.chunks(file.entry):
            yield from cut.feed(chunk[skip:])
            skip = max(0, skip - len(chunk))
    except Damaged as error:
        offset = meter.bytes_read - before
        yield RawItem(where=f" byte {offset}", offset=offset, data=b"", problem=f"the archive is damaged: {error}")
        return
    yield from cut.finish()


def _read(raw: RawItem, file: _File, limits: ReadLimits) -> Iterator[ReadConversation | Unreadable]:
    """The conversation, after what could not be read of it; or only the latter."""
    reading = Reading(file.entry.name + raw.where, limits.max_depth)
    conversation = None
    try:
        conversation = file.format.read(required_object(decode(raw), "conversation", ""), reading)
    except Malformed as error:
        reading.report(error.reason, error.value, error.at)
    yield from reading.problems
    if conversation is not None:
        yield conversation


def _nothing_found(name: str, looks: list[_Unknown]) -> EmptyExport | UnknownExportFormat:
    empty = [look for look in looks if look.empty]
    if len(empty) == len(looks) or any(PurePosixPath(look.name).name.startswith("conversations") for look in empty):
        return EmptyExport(f"{name!r} holds no conversation; export it again once there are some")
    seen = "; ".join(f"{look.name!r} is {look.like}" for look in looks[:5])
    known = ", ".join(format.name for format in _FORMATS)
    return UnknownExportFormat(f"{name!r} is in no known format: {seen}. The known formats are {known}")
