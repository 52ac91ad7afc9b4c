"""A server on each engine, and people who call it."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.server import RunningServer, serving

import holdfast

TLS = ssl.create_default_context()
"""For every client: to make one takes longer than a request."""
HERE = Path(__file__).parent
PASSWORD = "correct horse battery staple"

ON_BOTH_ENGINES = {"test_conversations.py", "test_events.py", "test_fairness.py", "test_health.py", "test_workers.py"}
"""What lies before the rooms is the same on both engines; the others run on PostgreSQL with `--thorough`."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave those out."""
    for item in items:
        if item.path.parent == HERE and item.path.name not in ON_BOTH_ENGINES:
            item.add_marker(pytest.mark.thorough(on="postgresql"))


@pytest.fixture
def server(place: Any) -> Iterator[RunningServer]:
    """A server on a new store, on each engine."""
    with serving(holdfast.open(place.url, place.key)) as running:
        yield running


@pytest.fixture
def root(server: RunningServer) -> Any:
    """The operator, beside the server."""
    return server.app.serving.store.system()


@pytest.fixture
def key_of(root: Any) -> Callable[..., str]:
    """An API key of a person of acme."""

    def make(name: str = "amina", tenant: str = "acme", **narrowed: Any) -> str:
        return root.identity.create_api_key(tenant=tenant, user=f"{name}@{tenant}.test", **narrowed).secret

    return make


@pytest.fixture
def as_person(server: RunningServer, key_of: Callable[..., str]) -> Iterator[Callable[..., httpx.Client]]:
    """A plain HTTP client of a person of acme."""
    opened = []

    def make(name: str = "amina", **narrowed: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key_of(name, **narrowed)}"}
        opened.append(httpx.Client(base_url=f"{server.url}/v1", headers=headers, timeout=30, verify=TLS))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def amina(as_person: Callable[..., httpx.Client]) -> httpx.Client:
    """A member, over HTTP."""
    return as_person()
