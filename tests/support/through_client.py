"""A store as the client sees it: in a module of its own, for a server takes a second to import."""

from types import SimpleNamespace
from typing import Any

from support.server import UNLIMITED, RunningServer

import holdfast
from holdfast.faces.http.options import Options


class ThroughClient:
    """A store behind a server: what belongs to a person goes through the client, with an API key of theirs."""

    def __init__(self, url: str, key: str | None = None, **options: Any) -> None:
        self._store = holdfast.open(url, key)
        self._server = RunningServer(self._store, Options(**{**UNLIMITED, **options}))
        self._opened: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def tenant(self, slug: str) -> Any:
        found = self._store.tenant(slug)

        def user(email: str) -> Any:
            member = found.user(email)
            secret = self._store.system().identity.create_api_key(tenant=slug, user=email).secret
            scope = holdfast.connect(self._server.url, api_key=secret)
            scope.scope = member.scope  # type: ignore[attr-defined]  # some tests ask who somebody is
            self._opened.append(scope)
            return scope

        return SimpleNamespace(user=user, tenant=found.tenant)

    def close(self) -> None:
        for scope in self._opened:
            scope.close()
        self._server.stop()
