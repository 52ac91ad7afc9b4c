"""A disk that loses its power: what was synced is on it; of what was not, any part may be, in any order.

Worse than most real disks, on purpose: unsynced writes to one file survive independently of each other, whole, in part
(512-byte sectors; or only their beginning), or not at all, and a file's new size may outlive its content, which then
reads as zeros. Names made or deleted in a folder survive in order up to some point. Two files never share a fate.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from .recording_vfs import Acknowledged, Deleted, Opened, Operation, Synced, Truncated, Wrote

SECTOR = 512
FATES = ("nothing", "everything", "some", "torn")
"""What becomes of unsynced writes: none survives, all do, each may, each may in part."""

Change = Wrote | Truncated


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)


@dataclass
class Disk:
    """The state after a number of operations."""

    files: dict[int, _File] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    durable_names: dict[str, int] = field(default_factory=dict)
    pending_names: list[tuple[str, int | None]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def apply(self, operation: Operation) -> None:
        """One operation more."""
        match operation:
            case Opened(path):
                self._name(path, len(self.files))
            case Wrote(path, _, _) | Truncated(path, _):
                self.files[self.names[path]].pending.append(operation)
            case Synced(path, folder):
                self._sync(path)
                self._sync_names(folder)
            case Deleted(path, folder):
                self._name(path, None)
                self._sync_names(folder)
            case Acknowledged(what):
                self.acknowledged.append(what)

    def _name(self, path: str, number: int | None) -> None:
        if number is None:
            self.names.pop(path, None)
        else:
            self.names[path] = number
            self.files[number] = _File()
        self.pending_names.append((path, number))

    def _sync(self, path: str) -> None:
        file = self.files[self.names[path]]
        for change in file.pending:
            _make(file.durable, change)
        file.pending.clear()

    def _sync_names(self, folder: bool) -> None:
        if folder:
            for path, number in self.pending_names:
                _rename(self.durable_names, path, number)
            self.pending_names.clear()

    def cut_power(self, fate: str, chance: random.Random) -> dict[str, bytes]:
        """What is found on the disk afterwards: the content of every file, by its path."""
        names = dict(self.durable_names)
        kept = {"nothing": 0, "everything": len(self.pending_names)}.get(fate)
        for path, number in self.pending_names[: chance.randint(0, len(self.pending_names)) if kept is None else kept]:
            _rename(names, path, number)
        return {path: _survives(self.files[number], fate, chance) for path, number in names.items()}


def _rename(names: dict[str, int], path: str, number: int | None) -> None:
    if number is None:
        names.pop(path, None)
    else:
        names[path] = number


def _make(content: bytearray, change: Change) -> None:
    if isinstance(change, Truncated):
        del content[change.size :]
        return
    end = change.offset + len(change.data)
    content.extend(bytes(max(0, end - len(content))))
    content[change.offset : end] = change.data


def _survives(file: _File, fate: str, chance: random.Random) -> bytes:
    content = bytearray(file.durable)
    for change in file.pending:
        for part in _parts(change, fate, chance):
            _make(content, part)
    return bytes(content)


def _parts(change: Change, fate: str, chance: random.Random) -> Iterator[Change]:
    """What of an unsynced change reaches the disk."""
    if fate == "everything" or (fate in ("some", "torn") and chance.random() < 0.5):
        yield change
    elif fate == "torn" and isinstance(change, Wrote):
        yield from _torn(change, chance)


def _torn(change: Wrote, chance: random.Random) -> Iterator[Wrote]:
    """Its beginning, or any of its sectors."""
    starts = range(0, len(change.data), SECTOR)
    if chance.random() < 0.5:
        kept = list(starts[: chance.randint(0, len(starts))])
    else:
        kept = [start for start in starts if chance.random() < 0.5]
    for start in kept:
        yield Wrote(change.path, change.offset + start, change.data[start : start + SECTOR])
