"""`holdfast dashboard`: how a server does, and what its use costs."""

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from holdfast.core.certificates import authorities
from holdfast.core.clock import now
from holdfast.core.errors import InvalidInput, Unavailable
from holdfast.domains.metering import UsageLine
from holdfast.faces.cli.charts import bar
from holdfast.faces.cli.output import AsJson, console, show_json, table, what_now
from holdfast.faces.cli.target import Target
from holdfast.scopes import UserScope

if TYPE_CHECKING:
    from holdfast.faces.cli.figures import ServerFigures

SECONDS = 10.0
MOST_BYTES = 16_000_000
SHOWN = 10


class ServerAway(Unavailable):
    """The server's /metrics cannot be had: it is not running, not there, or a proxy keeps the page to itself."""

    code = "server_away"

    def __init__(self, kind: str) -> None:
        super().__init__(f"no answer from the server's /metrics ({kind}); is `holdfast serve` running there?")


@dataclass(frozen=True, kw_only=True)
class CostOf:
    """What was used by a person, or in a month (its first day), in US dollars. Of `unpriced` calls nobody knows."""

    whose: str | datetime
    requests: int
    failures: int
    cost: Decimal
    unpriced: int


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """`server` is None without one; `users` are of this month."""

    server: "ServerFigures | None"
    months: tuple[CostOf, ...]
    users: tuple[CostOf, ...]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dashboard)


def dashboard(
    context: typer.Context,
    server: Annotated[str | None, typer.Option(help="A server's address: http://127.0.0.1:8400.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show response times, errors, pool, hit rates and breakers of a server, and cost per month and per user.

    Cost is the tenant's for its administrators, else one's own.
    """
    target: Target = context.obj
    figures = None if server is None else _figures_of(server)
    with target.person() as me:
        months, users = _costs(me)
    made = Dashboard(server=figures, months=months, users=users)
    if as_json:
        show_json(made)
        return
    if figures is not None:
        _show_server(figures)
    _show_costs("month", months)
    _show_costs("this month", users)
    if figures is None:
        what_now("holdfast … dashboard --server http://127.0.0.1:8400")


def _figures_of(server: str) -> "ServerFigures":
    """Raises `InvalidInput`, `ServerAway`."""
    if not server.startswith(("http://", "https://")):
        raise InvalidInput("server: is not an address; give http://host:port", field="server")
    try:
        from holdfast.faces.cli.figures import read_figures
    except ImportError as error:
        text = f"dashboard: {error.name} is not installed; install holdfast[server]"
        raise InvalidInput(text, field="server") from error
    try:
        page = _fetched(f"{server.rstrip('/')}/metrics")
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise ServerAway(type(error).__name__) from None
    try:
        return read_figures(page)
    except ValueError:
        raise InvalidInput("server: its /metrics is not that of `holdfast serve`", field="server") from None


def _fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=SECONDS, context=authorities()) as answer:
        raw: bytes = answer.read(MOST_BYTES)
    return raw.decode("utf-8", "replace")


def _costs(me: UserScope) -> tuple[tuple[CostOf, ...], tuple[CostOf, ...]]:
    """By month, for a year; by person, for this month. Three statements."""
    month = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    year = month.replace(year=month.year - 1)
    names = {one.user_id: one.email for one in me.identity.list_members()}
    months = me.metering.report(group_by=["month"], since=year).lines
    users = me.metering.report(group_by=["user"], since=month).lines
    by_month = [_cost_of(line.period or month, line) for line in months]
    by_user = [_cost_of(names.get(line.user, str(line.user)) if line.user else "", line) for line in users]
    return (
        tuple(sorted(by_month, key=lambda one: str(one.whose), reverse=True)),
        tuple(sorted(by_user, key=lambda one: (-one.cost, str(one.whose)))),
    )


def _cost_of(whose: str | datetime, line: UsageLine) -> CostOf:
    return CostOf(whose=whose, requests=line.requests, failures=line.failures, cost=line.cost, unpriced=line.unpriced)


def _show_server(figures: "ServerFigures") -> None:
    shown = table("route", "requests", "4xx", "5xx", "mean ms", "50 % ms", "95 % ms")
    for one in (figures.total, *figures.routes[:SHOWN]):
        counts = [f"{value:,}" for value in (one.requests, one.refused, one.failed)]
        times = ["–" if value is None else f"{value:,.1f}" for value in (one.mean_ms, one.half_ms, one.most_ms)]
        shown.add_row(escape(one.route or "all"), *counts, *times)
    console.print(shown)
    used = figures.connections / figures.pool if figures.pool else 0.0
    console.print(
        f"\n{figures.connections} of {figures.pool} connections to the store are in use {bar(used, 16)};"
        f" {figures.waiting} requests in threads or waiting"
    )
    found = table("cache", "lookups", "hit rate", "")
    for family in (figures.cache, *figures.caches[:SHOWN]):
        rate = "–" if family.hit_rate is None else f"{family.hit_rate:.1%}"
        found.add_row(escape(family.name or "all"), f"{family.lookups:,}", rate, bar(family.hit_rate or 0.0, 16))
    console.print()
    console.print(found)
    for name, state in figures.breakers.items():
        console.print(f"breaker {escape(name)}: {state}")
    console.print()


def _show_costs(title: str, costs: tuple[CostOf, ...]) -> None:
    shown = table(title, "requests", "failures", "cost", "unpriced", "")
    most = max((one.cost for one in costs), default=Decimal(0))
    for one in costs:
        whose = one.whose if isinstance(one.whose, str) else f"{one.whose:%Y-%m}"
        counts = (f"{one.requests:,}", f"{one.failures:,}", f"${one.cost:,.6f}", f"{one.unpriced:,}")
        shown.add_row(escape(whose), *counts, bar(float(one.cost / most) if most else 0.0, 24))
    console.print(shown)
    console.print()
