"""The garbage collector waits while columns are counted.

Counting makes many small lists and none that refer to each other in a circle, yet the collector would walk them again
and again: a third of the time. It is the process's own, so it is held for one flush at a time, less than a second.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[None]:
    """No collection until the block ends; nothing happens where there was none before."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
