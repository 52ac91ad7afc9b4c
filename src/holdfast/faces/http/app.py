"""The application: every room's routes, put into the shell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Security
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic_core import to_json
from starlette.routing import Match
from starlette.routing import Route as Served

import holdfast
from holdfast.faces.http import (
    audit,
    configurations,
    connections,
    conversations,
    describing,
    events,
    health,
    identity,
    interop,
    jobs,
    knowledge,
    memory,
    metering,
    records,
    runs,
)
from holdfast.faces.http.answers import JSON, Answer
from holdfast.faces.http.calling import Operation
from holdfast.faces.http.events import Stream
from holdfast.faces.http.health import Page
from holdfast.faces.http.options import Options
from holdfast.faces.http.problems import SCHEMA
from holdfast.faces.http.routes import Route
from holdfast.faces.http.serving import Serving
from holdfast.faces.http.shell import Shell
from holdfast.store import Store

ROUTES: tuple[Route, ...] = (
    *conversations.ROUTES,
    *identity.ROUTES,
    *memory.ROUTES,
    *connections.ROUTES,
    *knowledge.ROUTES,
    *configurations.ROUTES,
    *interop.ROUTES,
    *runs.ROUTES,
    *jobs.ROUTES,
    *records.ROUTES,
    *metering.ROUTES,
    *audit.ROUTES,
)
EVERY_OPERATION: tuple[Route, ...] = (
    *(route for route in ROUTES if route.called.__name__ == route.name),
    *conversations.READ_ELSEWHERE,
)
"""How a client asks for each operation. What is called in its place bears its name, unless it serves several."""
PREFIX = "/v1"
ABOUT = """\
Every operation of Holdfast. Errors are problem documents (RFC 9457) with a stable `code`. Lists are pages: `items`, and
`next`, the cursor of the page after. A POST may carry an `Idempotency-Key`."""


class App(FastAPI):
    """The server as an ASGI application. It closes the store when it stops."""

    def __init__(self, serving: Serving) -> None:
        super().__init__(
            title="Holdfast",
            version=holdfast.__version__,
            description=ABOUT,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,
            lifespan=_lifespan,
        )
        self.serving = serving
        for route in ROUTES:
            self.router.routes.append(_Served(route.method, PREFIX + route.path, Operation(route, serving)))
        self.router.routes.append(_Served(events.ROUTE.method, PREFIX + events.ROUTE.path, Stream(serving)))
        for path, page in {**health.pages(serving), f"{PREFIX}/openapi.json": self._description()}.items():
            self.router.routes.append(_Served("GET", path, page))
        self._shell = Shell(self.router, serving, self._allowed)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Straight through our own shell: the framework's layers cost time, and answer errors in their own way."""
        scope["app"] = self
        await self._shell(scope, receive, send)

    def _allowed(self, path: str) -> str:
        scope = {"type": "http", "path": path, "root_path": "", "method": ""}
        matching = [r for r in self.router.routes if isinstance(r, _Served) and r.matches(scope)[0] is not Match.NONE]
        named = min((route.path.count("{") for route in matching), default=0)  # a name goes before a place for any
        return ", ".join(sorted({name for r in matching if r.path.count("{") == named for name in r.methods}))

    def _description(self) -> Page:
        async def describe() -> Answer:
            return Answer(status=200, body=to_json(self.openapi()), headers={"Content-Type": JSON})

        return Page(f"{PREFIX}/openapi.json", describe)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = document()
        return self.openapi_schema


def document() -> dict[str, Any]:
    """The OpenAPI document: every route, with every answer it can give."""
    described = [_described(route) for route in (*ROUTES, events.ROUTE)]
    made = get_openapi(title="Holdfast", version=holdfast.__version__, description=ABOUT, routes=described)
    made["components"]["schemas"]["Problem"] = SCHEMA
    return made


class _Served(Served):
    """A path that an ASGI application of ours answers. FastAPI's route takes 5 ms to make: it is for the document."""

    methods: set[str]

    def __init__(self, method: str, path: str, by: Any) -> None:
        super().__init__(path, by, include_in_schema=False)
        self.methods = {method}  # and no HEAD, which it would add


def _described(route: Route) -> APIRoute:
    bearer = HTTPBearer(auto_error=False, description="An API key (hf_…) or a session's token (hs_…).")
    return APIRoute(
        PREFIX + route.path,
        describing.endpoint(route),
        methods=[route.method],
        status_code=route.success,
        response_model=describing.answer_model(route),
        responses=describing.answers(route),
        tags=[route.room],
        operation_id=f"{route.room}.{route.called.__name__}",
        dependencies=[] if route.anonymous else [Security(bearer)],
        openapi_extra=describing.extra(route),
    )


@asynccontextmanager
async def _lifespan(app: App) -> AsyncIterator[None]:
    app.serving.start()
    try:
        yield
    finally:
        await asyncio.to_thread(app.serving.close)


def create_app(store: Store, options: Options | None = None) -> App:
    """The application that serves `store`, for an ASGI server; `holdfast serve` brings its own."""
    return App(Serving(store, options or Options()))
