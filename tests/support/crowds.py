"""Many callers at the same moment: threads on the synchronous face, tasks on the asynchronous one."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from support.faces import Awaited

CALLERS = 50


def together(store: Any, scope: Any, name: str, *args: Any, callers: int = CALLERS, **kwargs: Any) -> list[Any]:
    """What each of many simultaneous calls of `scope.connections.<name>` gave: its result, or the error it raised."""
    if isinstance(store, Awaited):
        return store._runner.run(_tasks(getattr(scope._target.connections, name), args, kwargs, callers))  # type: ignore[no-any-return]
    call, start = getattr(scope.connections, name), Barrier(callers)

    def one(_: int) -> Any:
        start.wait()
        try:
            return call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what this caller got
            return error

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(one, range(callers)))


async def _tasks(call: Any, args: Any, kwargs: Any, callers: int) -> list[Any]:
    return await asyncio.gather(*[call(*args, **kwargs) for _ in range(callers)], return_exceptions=True)
