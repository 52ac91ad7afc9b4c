"""`holdfast metering`: report, analytics, events, price, prices, set-price."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from holdfast.core.clock import now
from holdfast.domains.metering import Analytics, Metering, Price, UsageLine, UsageReport
from holdfast.domains.metering.analytics import DayOfUse
from holdfast.faces.cli.charts import bar
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, table, what_now
from holdfast.faces.cli.sheets import write_sheet
from holdfast.faces.cli.target import Target
from holdfast.faces.cli.times import moment

app = typer.Typer(no_args_is_help=True)

Out = Annotated[
    Path | None, typer.Option(help="Write the lines to this file in place of showing them: .csv, .parquet.")
]
Since = Annotated[str | None, typer.Option(help="From when on: 2026-01-31, or 2026-01-31T08:00:00Z.")]
Until = Annotated[str | None, typer.Option(help="Until when; not itself in it.")]
Model = Annotated[str, typer.Argument(help="The model's name, as it is recorded: gpt-4o-mini.")]
Provider = Annotated[str | None, typer.Option(help="Only of this provider: openai.")]


@app.command()
def report(
    context: typer.Context,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="model, day, user, …; more than once for several.")
    ] = None,
    since: Since = None,
    until: Until = None,
    out: Out = None,
    of: Annotated[str, typer.Option(help="What the bars show: cost, tokens, requests, failures, latency_ms.")] = "cost",
    as_json: AsJson = False,
) -> None:
    """Sum up requests, tokens, cost, failures and latency; this month's by model, unless said otherwise."""
    target: Target = context.obj
    begin = moment(since, "since") or now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    groups: Any = by or ["model"]
    period: Any = {} if "conversation" in groups else {"since": begin, "until": moment(until, "until")}
    with target.person() as me:
        made = me.metering.report(group_by=groups, **period)
    if out is not None:
        write_sheet(out, [_row_of(line, made.group_by) for line in made.lines])
        console.print(f"{len(made.lines)} lines are written.")
    elif as_json:
        show_json(made)
    else:
        _show_report(made, of)


@app.command()
def analytics(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Show how the tenant is used: by day, model and intent; the last thirty days unless said otherwise."""
    target: Target = context.obj
    begin = moment(since, "since") or now() - timedelta(days=30)
    with target.person() as me:
        made = me.metering.analytics(since=begin, until=moment(until, "until"))
    if out is not None:
        write_sheet(out, [_day_row(day) for day in made.days])
        console.print(f"{len(made.days)} days are written.")
    elif as_json:
        show_json(made)
    else:
        _show_analytics(made)


@app.command()
def events(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    conversation: Annotated[str | None, typer.Option(help="Only those of this conversation.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was used, the newest first."""
    target: Target = context.obj
    period: Any = {"since": moment(since, "since"), "until": moment(until, "until")}
    with target.person() as me:
        page = me.metering.events(conversation=conversation, limit=limit, cursor=cursor, **period)
    show_list(
        page,
        ("when", "operation", "model", "tokens", "cost", "priced by", "ms", "outcome"),
        (
            (
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                escape(one.operation),
                escape(one.model or ""),
                f"{one.tokens:,}",
                "unknown" if one.cost is None else _money(one.cost),
                escape(one.priced_by),
                "" if one.latency_ms is None else str(one.latency_ms),
                one.outcome,
            )
            for one in page.items
        ),
        as_json=as_json,
        again="metering events",
    )


@app.command()
def price(context: typer.Context, model: Model, provider: Provider = None, as_json: AsJson = False) -> None:
    """Show what a million tokens of a model cost now."""
    target: Target = context.obj
    with target.person() as me:
        found = me.metering.price(model, provider=provider)
    if as_json:
        show_json(found)
    else:
        _show_prices([found])


@app.command()
def prices(context: typer.Context, as_json: AsJson = False) -> None:
    """List the tenant's own prices."""
    with acting(context.obj) as (metering, tenant):
        found = metering.prices(tenant=tenant)
    if as_json:
        show_json({"items": found, "next": None})
    else:
        _show_prices(found)


@app.command(name="set-price")
def set_price(
    context: typer.Context,
    model: Model,
    into: Annotated[str, typer.Option("--input", help="US dollars for a million tokens in.")],
    out: Annotated[str, typer.Option("--output", help="US dollars for a million tokens out.")],
    cached: Annotated[
        str | None, typer.Option(help="Of tokens from the provider's cache; as --input if left out.")
    ] = None,
    provider: Provider = None,
    since: Annotated[str | None, typer.Option(help="Since when it is good; from now on unless given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a model costs the tenant. Events that were recorded keep the cost they have."""
    given: Any = {"input": into, "output": out, "cached": cached}
    with acting(context.obj) as (metering, tenant):
        made = metering.set_price(model, provider=provider, since=moment(since, "since"), tenant=tenant, **given)
    if as_json:
        show_json(made)
    else:
        _show_prices([made])


@contextmanager
def acting(target: Target) -> Iterator[tuple[Metering, str | None]]:
    """The person named, in their tenant; without one the operator, in the tenant named."""
    if target.user and target.tenant:
        with target.person() as me:
            yield me.metering, None
        return
    with target.opened() as store:
        yield store.system().metering, target.tenant


def _row_of(line: UsageLine, groups: tuple[str, ...]) -> dict[str, Any]:
    kept = {"period" if name in ("hour", "day", "month") else name for name in groups}
    dropped = {"period", "user", "workspace", "operation", "model", "provider", "conversation"} - kept
    return {name: value for name, value in vars(line).items() if name not in dropped}


def _day_row(day: DayOfUse) -> dict[str, Any]:
    counts = {name: day.counts.get(name, 0) for name in COUNTED}
    return {name: value for name, value in vars(day).items() if name != "counts"} | counts


def _show_analytics(made: Analytics) -> None:
    shown = table("day", "users", *COUNTED, "requests", "failures", "tokens", "cost", "ms", "")
    most = max((day.requests for day in made.days), default=0)
    for day in made.days:
        counts = [f"{day.counts.get(name, 0):,}" for name in COUNTED]
        took = "" if day.latency_ms is None else f"{day.latency_ms:,.0f}"
        sums = [f"{value:,}" for value in (day.requests, day.failures, day.tokens)]
        share = day.requests / most if most else 0.0
        shown.add_row(f"{day.day:%Y-%m-%d}", f"{day.users:,}", *counts, *sums, _money(day.cost), took, bar(share, 16))
    console.print(shown)
    length = "–" if made.mean_length is None else f"{made.mean_length:.1f}"
    failed = "–" if made.failure_rate is None else f"{made.failure_rate:.1%}"
    console.print(
        f"\n{made.users:,} of {made.members:,} people; conversations of {length} messages, {made.longest:,} at most;"
        f" {failed} failed; rated {made.ratings['up']:,} up, {made.ratings['down']:,} down"
    )
    for title, lines in (("model", made.models), ("operation", made.features)):
        _show_shares(title, {str(getattr(line, title) or "–"): float(line.cost) for line in lines}, "$")
    _show_shares("intent", {name: float(count) for name, count in made.intents.items()}, "")


def _show_shares(title: str, values: dict[str, float], sign: str) -> None:
    most = max(values.values(), default=0.0)
    if not values:
        return
    shown = table(title, "", "")
    for name, value in sorted(values.items(), key=lambda one: -one[1]):
        shown.add_row(escape(name), f"{sign}{value:,.4g}", bar(value / most if most else 0.0, 24))
    console.print()
    console.print(shown)


COUNTED = ("messages.user", "messages.assistant", "conversations", "ratings.up", "ratings.down")


def _show_report(made: UsageReport, of: str) -> None:
    names = ["period" if name in ("hour", "day", "month") else name for name in made.group_by]
    shown = table(*made.group_by, "requests", "failures", "tokens", "cost", "unpriced", "ms", of)
    most = max((float(getattr(line, of, 0) or 0) for line in made.lines), default=0.0)
    for line in made.lines:
        groups = [escape(_group(getattr(line, name))) for name in names]
        share = float(getattr(line, of, 0) or 0) / most if most else 0.0
        shown.add_row(*groups, *_sums(line), bar(share, 24))
    shown.add_section()
    shown.add_row(*(["all"] + [""] * (len(names) - 1))[: len(names)], *_sums(made.total), "")
    console.print(shown)
    if made.total.unpriced:
        console.print(f"\nOf {made.total.unpriced:,} events nobody knows the cost; it is not in the sums.")
        what_now("holdfast … metering set-price MODEL --input 0.15 --output 0.60")


def _sums(line: UsageLine) -> list[str]:
    took = "" if line.latency_ms is None else f"{line.latency_ms:,.0f}"
    counts = [f"{value:,}" for value in (line.requests, line.failures, line.tokens)]
    return [*counts, _money(line.cost), f"{line.unpriced:,}", took]


def _group(value: object) -> str:
    return "–" if value is None else f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "strftime") else str(value)


def _money(amount: Decimal) -> str:
    return f"${amount:,.6f}".rstrip("0").rstrip(".") if amount else "$0"


def _show_prices(found: list[Price]) -> None:
    shown = table("model", "provider", "input", "output", "cached", "since", "source")
    for one in found:
        amounts = [_money(amount) for amount in (one.input, one.output, one.cached)]
        since = "" if one.since is None else f"{one.since:%Y-%m-%d %H:%M}"
        shown.add_row(escape(one.model), escape(one.provider or ""), *amounts, since, one.source)
    console.print(shown)
    console.print("\nUS dollars for a million tokens")
