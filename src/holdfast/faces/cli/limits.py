"""`holdfast metering`: limits, set-limit, end-limit, recount."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

import typer

from holdfast.domains.metering import Limit
from holdfast.faces.cli.charts import bar
from holdfast.faces.cli.metering import acting
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, what_now


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(limits)
    app.command(name="set-limit")(set_limit)
    app.command(name="end-limit")(end_limit)
    app.command()(recount)


def limits(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the limits, and how they stand."""
    with acting(context.obj) as (metering, tenant):
        found = metering.limits(tenant=tenant)
    show_list(
        {"items": found, "next": None},
        ("whose", "measure", "per", "amount", "used", "reserved", "left", "", "resets", "counted in", "set by", "id"),
        (
            (
                one.subject,
                one.measure,
                _per(one),
                *[f"{value:,}" for value in (one.amount, one.used, one.reserved, one.left)],
                bar(float((one.used + one.reserved) / one.amount) if one.amount else 1.0, 10),
                "" if one.resets_at is None else f"{one.resets_at:%Y-%m-%d}",
                _where(one),
                one.set_by,
                str(one.id),
            )
            for one in found
        ),
        as_json=as_json,
    )


def set_limit(
    context: typer.Context,
    measure: Annotated[str, typer.Argument(help="tokens, requests or money.")],
    amount: Annotated[str, typer.Argument(help="How many, or how many US dollars.")],
    per: Annotated[str, typer.Option(help="day, month, or window with --hours.")] = "month",
    hours: Annotated[float | None, typer.Option(help="How long a rolling window is.")] = None,
    workspace: Annotated[str | None, typer.Option(help="Of this workspace, by its id.")] = None,
    user_limited: Annotated[str | None, typer.Option("--of", help="Of this person, by e-mail address.")] = None,
    key: Annotated[str | None, typer.Option(help="Of this API key, by its id.")] = None,
    counter: Annotated[
        str | None, typer.Option(help="Where it is counted: database, or redis (HOLDFAST_COUNTERS).")
    ] = None,
    when_away: Annotated[
        str | None, typer.Option(help="While Redis does not answer: refuse, or allow and count afterwards.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Limit what the tenant, or a workspace, person or key of it, may use. Again: changes the amount."""
    given: Any = {"measure": measure, "per": per, "amount": _amount(measure, amount)}
    given |= {"counter": counter, "when_away": when_away}
    window = None if hours is None else timedelta(hours=hours)
    with acting(context.obj) as (metering, tenant):
        made = metering.set_limit(
            tenant=tenant, workspace=workspace, user=user_limited, key=key, window=window, **given
        )
    if as_json:
        show_json(made)
        return
    console.print(f"{made.amount:,} {made.measure} per {_per(made)} for this {made.subject}; {made.used:,} are used.")
    what_now("holdfast … metering limits")


def end_limit(
    context: typer.Context,
    limit: Annotated[str, typer.Argument(metavar="ID", help="The limit's id, as `limits` shows it.")],
    as_json: AsJson = False,
) -> None:
    """End a limit."""
    with acting(context.obj) as (metering, tenant):
        metering.end_limit(limit, tenant=tenant)
    if as_json:
        show_json({"ended": limit})
    else:
        console.print("The limit is ended.")


def recount(
    context: typer.Context,
    limit: Annotated[str, typer.Argument(metavar="ID", help="The limit's id, as `limits` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Set a limit's counter to what the ledger and the open holds say."""
    with acting(context.obj) as (metering, tenant):
        done = metering.recount(limit, tenant=tenant)
    if as_json:
        show_json(done)
        return
    was = "" if done.was_used is None else f"; it said {done.was_used:,} and {done.was_reserved:,}"
    console.print(f"{done.limit.used:,} {done.limit.measure} are used and {done.limit.reserved:,} reserved{was}.")


def _amount(measure: str, text: str) -> int | Decimal | str:
    """A whole number; anything else is for the operation to refuse, or money."""
    return int(text) if measure != "money" and text.isdigit() else text


def _where(limit: Limit) -> str:
    """Where it is counted, and what happens when that is away."""
    if limit.counter == "database":
        return "database"
    behind = "" if limit.behind_since is None else ", behind"
    return f"redis, else {limit.when_away}{behind}"


def _per(limit: Limit) -> str:
    if limit.window_seconds is None:
        return limit.per
    return f"{timedelta(seconds=limit.window_seconds)!s} h".replace(":00:00 h", " h").removesuffix(":00 h")
