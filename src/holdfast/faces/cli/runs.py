"""`holdfast runs`: list, show, start, finish, resolve, statistics."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast.core.clock import now
from holdfast.core.errors import InvalidInput
from holdfast.domains.runs import Run, Tally
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, table, what_now
from holdfast.faces.cli.target import Target
from holdfast.faces.cli.times import moment

app = typer.Typer(no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The run's id.")]
Workflow = Annotated[str | None, typer.Option(help="Only of this workflow, by its id.")]
Since = Annotated[str | None, typer.Option(help="That started from then on: 2026-01-31, or with a time.")]
Until = Annotated[str | None, typer.Option(help="That started before.")]


@app.command(name="list")
def list_runs(
    context: typer.Context,
    workflow: Workflow = None,
    status: Annotated[str | None, typer.Option(help="queued, running, waiting, success, error or cancelled")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """Runs, the newest first."""
    target: Target = context.obj
    with target.person() as me:
        page = me.runs.list(
            workflow=workflow,
            status=status,  # type: ignore[arg-type]  # checked there
            since=moment(since, "since"),
            until=moment(until, "until"),
            limit=limit,
            cursor=cursor,
        )
    show_list(
        page,
        ("id", "status", "started", "ms", "error"),
        (
            (
                str(item.id),
                item.status,
                "" if item.started_at is None else f"{item.started_at:%Y-%m-%d %H:%M}",
                "" if item.duration_ms is None else f"{item.duration_ms:,.0f}",
                item.error or "",
            )
            for item in page.items
        ),
        as_json=as_json,
        again="runs list",
    )


def _show(run: Run, *, as_json: bool) -> None:
    if as_json:
        show_json(run)
        return
    parts = {"input": run.input, "output": run.output, "asked": run.asked, "answer": run.answer}
    console.print(f"[bold]status[/bold]  {run.status}")
    for name, value in parts.items():
        if value is not None:
            size = getattr(run, f"{name}_bytes", None)
            console.print(f"[bold]{name}[/bold]  " + ("" if size is None else f"[dim]{size:,} bytes[/dim]  "), end="")
            console.print(json.dumps(value, ensure_ascii=False), markup=False, soft_wrap=True)
    if run.error is not None:
        console.print("[bold]error[/bold]  ", end="")
        console.print(run.error, markup=False, soft_wrap=True)
    if run.status == "waiting":
        what_now(f"holdfast … runs resolve {run.id} --answer '{{\"yes\": true}}'")
    elif run.status == "running":
        what_now(f"holdfast … runs finish {run.id} --status success")


@app.command()
def show(context: typer.Context, run: Id, as_json: AsJson = False) -> None:
    """A run, with what went in and what came out."""
    target: Target = context.obj
    with target.person() as me:
        found = me.runs.get(run)
    _show(found, as_json=as_json)


@app.command()
def start(
    context: typer.Context,
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow's id.")],
    given: Annotated[
        str | None, typer.Option("--input", help="What goes in, JSON; @FILE reads it from a file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start a run."""
    target: Target = context.obj
    with target.person() as me:
        made = me.runs.start(workflow, input=_value(given, "input"))
    _show(made, as_json=as_json)


@app.command()
def finish(
    context: typer.Context,
    run: Id,
    status: Annotated[str, typer.Option(help="success, error or cancelled")] = "success",
    output: Annotated[str | None, typer.Option(help="What came out, JSON; @FILE reads it from a file.")] = None,
    error: Annotated[str | None, typer.Option(help="Why it ended in an error.")] = None,
    as_json: AsJson = False,
) -> None:
    """End a run: once."""
    target: Target = context.obj
    with target.person() as me:
        ended = me.runs.finish(run, status=status, output=_value(output, "output"), error=error)  # type: ignore[arg-type]  # checked there
    _show(ended, as_json=as_json)


@app.command()
def resolve(
    context: typer.Context,
    run: Id,
    answer: Annotated[str | None, typer.Option(help="The answer, JSON; @FILE reads it from a file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer what a run waits for, if nobody was faster."""
    target: Target = context.obj
    with target.person() as me:
        resolved = me.runs.resolve(run, answer=_value(answer, "answer"))
    _show(resolved, as_json=as_json)


@app.command()
def statistics(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Runs that started from then on: 2026-01-31, or with a time.")],
    until: Until = None,
    workflow: Workflow = None,
    as_json: AsJson = False,
) -> None:
    """How runs ended: success / (success + error), and durations; in all, by workflow, by day."""
    target: Target = context.obj
    begin = moment(since, "since")
    assert begin is not None, "since is required"
    with target.person() as me:
        found = me.runs.statistics(since=begin, until=moment(until, "until") or now(), workflow=workflow)
    if as_json:
        show_json(found)
        return
    shown = table("of", "runs", "success", "error", "cancelled", "open", "rate", "p50 ms", "p95 ms")
    shown.add_row("all", *_cells(found.total))
    for one in found.workflows:
        shown.add_row(one.name, *_cells(one.tally))
    for day in found.days:
        shown.add_row(f"{day.day}", *_cells(day.tally))
    console.print(shown)


def _cells(tally: Tally) -> list[str]:
    counts = [tally.runs, tally.success, tally.error, tally.cancelled, tally.open]
    rate = "" if tally.success_rate is None else f"{tally.success_rate:.1%}"
    marks = ["" if ms is None else f"{ms:,.0f}" for ms in (tally.p50_ms, tally.p95_ms)]
    return [*(f"{count:,}" for count in counts), rate, *marks]


def _value(text: str | None, field: str) -> Any:
    if text is None:
        return None
    try:
        return json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except OSError as error:
        raise InvalidInput(f"{field}: {text[1:]!r:.200} cannot be read: {error.strerror}", field=field) from error
    except ValueError as error:
        raise InvalidInput(f"{field}: cannot be read as JSON", field=field) from error
