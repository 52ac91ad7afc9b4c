"""A profile by several processes: this one cuts and compares, the others count, and their counts are added up.

Each message goes to one process only, after it was looked up here, so that the sum is what one pass gives.
"""

import gc
import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from holdfast.domains.interop.errors import WorkerLost
from holdfast.domains.interop.hl7 import Message, parse
from holdfast.domains.interop.hl7.framing import LONGEST
from holdfast.domains.interop.hl7.reading import Source, pieces_of

from .digests import Digests
from .keys import ProfileKey
from .profile import Profile
from .profiling import Profiler

_Load = list[tuple[bytes, bool, int]]
_LOAD = 1 << 20
"""About how many bytes go to a process at a time."""


def profile_shared(
    source: Source | list[Path],
    secret: bytes,
    *,
    processes: int,
    beside: Profile | None = None,
    longest: int = LONGEST,
) -> Profile:
    """The profile of a source, counted by `processes` local processes. `secret`: what `ProfileKey` is made of.

    The same bytes as `profile_messages` gives. What is malformed is counted, not reported: its numbers would come in
    any order. Starting a process takes about half a second, most of it for the standard's definitions. Raises
    `MessagesNotFound`, and `WorkerLost` when a process ends before its work.
    """
    with ExitStack() as stack:
        workers = [_Worker(secret) for _ in range(processes)]
        for worker in workers:
            stack.callback(worker.stop)
        profile = Profile(ProfileKey(secret))
        known = _Known(profile.digests, None if beside is None else beside.digests)
        loads = _loads(source, profile, known, longest)
        for number, load in enumerate(loads):
            workers[number % processes].give(load)
        for worker in workers:
            profile.count(Profile.from_bytes(worker.finish(), profile.key))
        return profile


class _Known:
    """What came here, and what came before."""

    def __init__(self, here: Digests, beside: Digests | None) -> None:
        self.here, self.beside = here, Digests() if beside is None else beside

    def add(self, digest: int) -> bool:
        return digest not in self.beside and self.here.add(digest)


class _Worker:
    """One process and the connection to it."""

    def __init__(self, secret: bytes) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would bring along locks and connections of this process
        self._mine, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_work, args=(theirs, secret), daemon=True)
        self._process.start()
        theirs.close()

    def give(self, load: _Load | None) -> None:
        """Waits while the process has enough to do."""
        try:
            self._mine.send(load)
        except OSError as error:
            raise WorkerLost(self._process.exitcode) from error

    def finish(self) -> bytes:
        """The counts of everything given."""
        self.give(None)
        try:
            return self._mine.recv_bytes()
        except (EOFError, OSError) as error:
            self._process.join(timeout=1)
            raise WorkerLost(self._process.exitcode) from error

    def stop(self) -> None:
        """The process ends, whether or not it has finished."""
        self._mine.close()
        if self._process.is_alive():
            self._process.join(timeout=1)
        if self._process.is_alive():
            self._process.terminate()
        self._process.join()


def _loads(source: Source | list[Path], profile: Profile, known: _Known, longest: int) -> Iterator[_Load]:
    """New messages in loads."""
    load, size = _Load(), 0
    for one in source if isinstance(source, list) else [source]:
        for piece in pieces_of(one, longest=longest):
            if piece.kind != "MSH" or piece.cut:
                continue
            digest = profile.key.message(piece.raw)
            if not known.add(digest):
                continue
            load.append((piece.raw, piece.framed, digest))
            size += len(piece.raw)
            if size >= _LOAD:
                yield load
                load, size = [], 0
    if load:
        yield load


def _work(connection: Connection, secret: bytes) -> None:
    """What a process does: counts what it is given until it is given nothing, and sends the counts."""
    gc.disable()  # this process does nothing else, and counting makes no circles (see `collector`)
    key = ProfileKey(secret)
    profiler = Profiler(key)
    while (load := connection.recv()) is not None:
        for raw, framed, digest in load:
            found = parse(raw, framed=framed)
            if isinstance(found, Message):
                profiler.count(found, digest)
            else:
                profiler.count_unreadable(found)
    counted = profiler.profile()
    connection.send_bytes(Profile(key, counted.types, counted.unreadable).to_bytes())
    connection.close()
