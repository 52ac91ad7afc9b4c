"""Waiting for what comes soon, and failing when it does not."""

import time
from collections.abc import Callable


def until(happened: Callable[[], object], *, seconds: float = 15.0) -> float:
    """Wait until it has: how long that took."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.005)
    return time.monotonic() - began
