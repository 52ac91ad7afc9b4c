"""`holdfast metering health`: the platform at one look."""

import typer
from rich.markup import escape

from holdfast.domains.metering.health import LATE_SECONDS, Health, Queue
from holdfast.faces.cli.charts import bar
from holdfast.faces.cli.output import AsJson, console, show_json, table, what_now
from holdfast.faces.cli.target import Target


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(health)


def health(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what the store depends on, what waits in it, and what needs a look; 1 where something does.

    For whoever holds the store. Breakers and connections are those of this process; a server's are on its /metrics.
    """
    target: Target = context.obj
    with target.opened() as store:
        found = store.system().metering.health()
    if as_json:
        show_json(found)
    else:
        _show(found)
    if found.wrong:
        raise typer.Exit(1)


def _show(found: Health) -> None:
    answers = table("depends on", "answers", "ms")
    for one in found.dependencies:
        took = "" if one.milliseconds is None else f"{one.milliseconds:,.1f}"
        answers.add_row(one.name, "yes" if one.reachable else "no", took)
    console.print(answers)
    console.print()
    queues = table("queue", "", "number", "oldest", f"of {LATE_SECONDS // 60} min")
    for queue in found.queues:
        queues.add_row(queue.name, queue.kind, f"{queue.number:,}", _age(queue), _share(queue))
    console.print(queues)
    for breaker in found.breakers:
        console.print(f"breaker {escape(breaker.name)}: {breaker.state}, opened {breaker.opened:,} times")
    console.print(
        f"\n{found.bytes / 1e6:,.1f} MB; {found.tenants:,} tenants, {found.users:,} people; "
        f"{found.connections} of {found.pool} connections are in use here"
    )
    for text in found.wrong:
        console.print(f"[bold]needs a look[/bold]: {escape(text)}")
    if any("jobs" in text for text in found.wrong):
        what_now("holdfast … jobs list --status failed")


def _age(queue: Queue) -> str:
    seconds = queue.oldest_seconds
    return "" if seconds is None else f"{seconds:,.0f} s" if seconds < 600 else f"{seconds / 60:,.0f} min"


def _share(queue: Queue) -> str:
    return bar((queue.oldest_seconds or 0.0) / LATE_SECONDS, 16) if queue.kind == "waits" else ""
