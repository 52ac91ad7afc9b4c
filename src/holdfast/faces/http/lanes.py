"""Lanes: worker threads with a queue that ends. What is slow has one of its own, and holds up nothing else."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from holdfast.core.hop import Hop
from holdfast.faces.http.problems import Overloaded

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """`threads` threads for at most `most` calls that run or wait."""

    def __init__(self, threads: int, most: int) -> None:
        self._hop = Hop(threads)
        self._most = most
        self.waiting = 0
        """Calls that run or wait now."""

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await `call(…)` in a worker thread. Raises `Overloaded` when too many wait for one."""
        if self.waiting >= self._most:
            raise Overloaded
        self.waiting += 1
        try:
            return await self._hop(call, *args, **kwargs)
        finally:
            self.waiting -= 1

    def close(self) -> None:
        """Wait for what is running and end the threads."""
        self._hop.close()
