"""A profile by several processes: this one cuts and compares, all of them count, and their counts are added up.

Each message is counted by one process only, after it was looked up here, so that the sum is what one pass gives. What
no other process is ready for, this one counts itself: it does not wait for them to start, nor they for it.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Empty, Full, Queue

from holdfast.domains.interop.errors import WorkerLost
from holdfast.domains.interop.hl7.framing import LONGEST
from holdfast.domains.interop.hl7.reading import Source, pieces_of

from .counting_process import Load, count_load
from .digests import Digests
from .keys import ProfileKey
from .profile import Profile
from .profiling import Profiler

_LOAD = 1 << 20
"""About how many bytes go to a process at a time."""
_AHEAD = 8
"""How many loads wait for each process: enough while this one counts what it holds."""
_PROGRAM = "from holdfast.domains.interop.profiles.counting_process import main; main()"
_Loads = Queue[Load | None]


def profile_shared(
    source: Source | list[Path],
    secret: bytes,
    *,
    processes: int,
    beside: Profile | None = None,
    longest: int = LONGEST,
) -> Profile:
    """The profile of a source, counted by `processes` local processes, this one among them.

    `secret`: what `ProfileKey` is made of. The same bytes as `profile_messages` gives. What is malformed is counted,
    not reported: its numbers would come in any order. Another process takes a second or two to be ready, and this one
    counts meanwhile. Raises `MessagesNotFound`, and `WorkerLost` when a process ends before its work.
    """
    with ExitStack() as stack:
        waiting: _Loads = Queue(_AHEAD * max(1, processes - 1))
        workers = [_Worker(secret, waiting) for _ in range(processes - 1)]
        for worker in workers:
            stack.callback(worker.stop)
        profile = Profile(ProfileKey(secret))
        mine = Profiler(profile.key)
        known = Known.of(profile, beside)
        for load in loads(source, profile, known, longest):
            if workers and not any(worker.lost for worker in workers):
                try:
                    waiting.put_nowait(load)
                    continue
                except Full:
                    pass
            count_load(mine, load)
        _count_what_waits(mine, waiting, workers)
        profile.count(mine.profile())
        for worker in workers:
            profile.count(Profile.from_bytes(worker.finish(), profile.key))
        return profile


def _count_what_waits(mine: Profiler, waiting: _Loads, workers: "list[_Worker]") -> None:
    """The loads that nobody has taken, as long as there are any; then everybody is told that there are no more."""
    while True:
        try:
            load = waiting.get_nowait()
        except Empty:
            break
        if load is not None:
            count_load(mine, load)
    for _ in workers:
        waiting.put(None)


class Known:
    """What came here, and what came before."""

    def __init__(self, here: Digests, beside: Digests | None) -> None:
        self.here, self.beside = here, Digests() if beside is None else beside

    @classmethod
    def of(cls, profile: Profile, beside: Profile | None) -> "Known":
        """Of a profile that is being made beside another."""
        return cls(profile.digests, None if beside is None else beside.digests)

    def add(self, digest: int) -> bool:
        """Whether it is new."""
        return digest not in self.beside and self.here.add(digest)


class _Worker:
    """Another process, and the thread that hands it what waits.

    A plain process with two pipes: it imports what it counts with, and nothing of the program that started it.
    """

    def __init__(self, secret: bytes, waiting: _Loads) -> None:
        there = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": there},
        )
        self._secret, self._waiting = secret, waiting
        self.lost = False
        self._thread = threading.Thread(target=self._hand_over, daemon=True)
        self._thread.start()

    def finish(self) -> bytes:
        """The counts of everything given. Raises `WorkerLost`."""
        assert self._process.stdout is not None
        counted = self._process.stdout.read()
        self._thread.join()
        if self._process.wait() or self.lost:
            raise WorkerLost(self._process.returncode)
        return counted

    def stop(self) -> None:
        """The process ends, whether or not it has finished, and its thread with it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with suppress(Full):  # what waits for loads is told; what writes one finds nobody
            self._waiting.put_nowait(None)
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _hand_over(self) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as pipe:
                pickle.dump(self._secret, pipe)
                pipe.flush()
                while (load := self._waiting.get()) is not None:
                    pipe.write(pickle.dumps(load))
                    pipe.flush()
                pickle.dump(None, pipe)
        except OSError:
            self.lost = True


def loads(source: Source | list[Path], profile: Profile, known: Known, longest: int) -> Iterator[Load]:
    """New messages in loads."""
    load, size = Load(), 0
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
                load, size = Load(), 0
    if load:
        yield load
