"""Slots: so many at once do something costly, so many of them for one person, and nobody waits for long."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from holdfast.faces.http.problems import Overloaded


class Slots:
    """`most` slots, `each` of them for one person."""

    def __init__(self, most: int, each: int, *, seconds: float) -> None:
        """`seconds`: the longest that anybody waits for one."""
        self._each = each
        self._seconds = seconds
        self._all = asyncio.Semaphore(most)
        self._of: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, who: Hashable) -> AsyncIterator[None]:
        """Hold a slot. Raises `Overloaded` when none gets free in time."""
        own = self._of.setdefault(who, asyncio.Semaphore(self._each))  # there while somebody holds it or waits for it
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._seconds):
                    await held.enter_async_context(own)
                    await held.enter_async_context(self._all)
            except TimeoutError:
                raise Overloaded from None
            yield
