"""Workspaces of two agencies, and a platform that is really asked."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.faces import open_face
from support.oauth import OAuthServer

from holdfast import Settings
from holdfast.domains.identity import Workspace


@pytest.fixture
def oauth() -> Iterator[OAuthServer]:
    """The platform's authorization server."""
    with OAuthServer() as server:
        yield server


@pytest.fixture
def platform_seconds() -> float:
    """How long a platform may take: enough on a busy machine. A test of one that takes longer gives less."""
    return 2


@pytest.fixture
def retry_seconds() -> float:
    """The first pause after a failure: short enough to see it end. A test in which it must not end gives more."""
    return 0.2


@pytest.fixture
def settings(oauth: OAuthServer, platform_seconds: float, retry_seconds: float) -> Settings:
    """Every platform is that server. A lease of 6 seconds."""
    platforms = ("google_analytics", "google_ads", "meta_ads", "linkedin_ads")
    clients = {name: oauth.client() for name in platforms if name != "meta_ads"}
    clients["meta_ads"] = oauth.client()
    pauses = {"platform_seconds": platform_seconds, "platform_retry_seconds": retry_seconds}
    return Settings(oauth_clients=clients, revocation_attempts=3, **pauses)  # type: ignore[arg-type]


@pytest.fixture(params=["sync", "async"])
def store(request: pytest.FixtureRequest, place: Any, settings: Settings) -> Iterator[Any]:
    """A new store on each engine, through each face, that knows the platforms' clients."""
    with asyncio.Runner() as runner:
        opened = open_face(request.param, place.url, runner, place.key, settings=settings)
        yield opened
        opened.close()


@dataclass(frozen=True)
class Agency:
    """Two clients of acme, and one of globex."""

    here: Workspace
    other: Workspace
    foreign: Workspace


@pytest.fixture
def agency(store: Any) -> Agency:
    """The workspaces."""
    identity = store.system().identity
    return Agency(
        identity.create_workspace("Bakery", tenant="acme"),
        identity.create_workspace("Florist", tenant="acme"),
        identity.create_workspace("Bakery", tenant="globex"),
    )


@pytest.fixture
def soon() -> datetime:
    """Within the margin of five minutes."""
    return datetime.now(UTC) + timedelta(minutes=4)


@pytest.fixture
def past() -> datetime:
    """Expired."""
    return datetime.now(UTC) - timedelta(minutes=1)


@pytest.fixture
def later() -> datetime:
    """Beyond the margin."""
    return datetime.now(UTC) + timedelta(hours=1)
