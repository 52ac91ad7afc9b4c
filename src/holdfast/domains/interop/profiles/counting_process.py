"""A process that counts what another gives it: loads on its standard input, its counts on its standard output."""

import gc
import pickle
import sys
from typing import BinaryIO

from holdfast.domains.interop.hl7 import Message, parse

from .keys import ProfileKey
from .profile import Profile
from .profiling import Profiler

Load = list[tuple[bytes, bool, int]]
"""Messages as they came, whether each was framed, and the digest of each."""


def count_load(profiler: Profiler, load: Load) -> None:
    """Messages that are known to be new."""
    for raw, framed, digest in load:
        found = parse(raw, framed=framed)
        if isinstance(found, Message):
            profiler.count(found, digest)
        else:
            profiler.count_unreadable(found)


def main() -> None:
    """Counts until it is given nothing."""
    gc.disable()  # this process does nothing else, and counting makes no circles (see `collector`)
    given: BinaryIO = sys.stdin.buffer
    key = ProfileKey(pickle.load(given))  # from the process that started this one, and nobody else
    profiler = Profiler(key)
    while (load := pickle.load(given)) is not None:
        count_load(profiler, load)
    counted = profiler.profile()
    sys.stdout.buffer.write(Profile(key, counted.types, counted.unreadable).to_bytes())
