"""Stores with a cache: alone, and with a Redis that others share."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.faces import Awaited
from support.proxy import Proxy
from support.redis_server import RedisServer

import holdfast

KEY = "0123456789abcdef" * 4
QUICKLY = {"cache_link_seconds": 1.0, "cache_settle_seconds": 1.0, "cache_redis_seconds": 0.3}
QUICKLY |= {"cache_lease_seconds": 1.0}
"""Shorter times than a real store has, so that a test need not wait."""


@pytest.fixture(scope="session")
def redis_of_session() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_of_session: RedisServer) -> RedisServer:
    """A Redis with nothing in it."""
    redis_of_session.flush()
    return redis_of_session


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis to be killed."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def proxy(redis: RedisServer) -> Iterator[Proxy]:
    """The way to that Redis."""
    made = Proxy(redis.port)
    yield made
    made.stop()


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> str:
    """A store with two tenants."""
    path = tmp_path / "cached.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


Opens = Callable[..., Any]


@pytest.fixture
def opens(file: str) -> Iterator[Opens]:
    """Opens the store, each time as another process would: with a first level and connections of its own."""
    opened: list[Any] = []
    with asyncio.Runner() as runner:

        def open_store(cache: str | None = None, *, face: str = "sync", **settings: object) -> Any:
            chosen = holdfast.Settings(**{**QUICKLY, **settings}, cache=cache)  # type: ignore[arg-type]
            if face == "sync":
                store: Any = holdfast.open(file, KEY, settings=chosen)
            else:
                store = Awaited(runner.run(holdfast.open_async(file, KEY, settings=chosen)), runner)
            opened.append(store)
            return store

        yield open_store
        for store in opened:
            store.close()


@pytest.fixture(params=["alone", "redis"])
def cache_url(request: pytest.FixtureRequest) -> str | None:
    """Without a Redis, and with one."""
    return None if request.param == "alone" else request.getfixturevalue("redis").url


@pytest.fixture(params=["sync", "async"])
def cached(request: pytest.FixtureRequest, opens: Opens, cache_url: str | None) -> Any:
    """A store with a cache, through each face, alone and with Redis."""
    store = opens(cache_url, face=request.param)
    return linked(store) if cache_url else store


def linked(store: Any) -> Any:
    """The same store, once it hears from Redis."""
    from support.waiting import until

    store.cache.get("linked", "x")
    until(lambda: store.cache.stats().redis.linked)
    return store
