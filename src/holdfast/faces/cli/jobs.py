"""`holdfast jobs`: list, show, submit, cancel, retry, schedule; `holdfast worker`."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from holdfast.core.errors import InvalidInput
from holdfast.core.jobs import Job, Jobs
from holdfast.core.scope import NIL
from holdfast.core.telemetry import configure_logs
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, what_now
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The job's id, as `list` shows it.")]


@contextmanager
def _room(target: Target) -> Iterator[Jobs]:
    """Of the person named; without one, the operator's: of every tenant and of the store."""
    if target.user and target.tenant:
        with target.person() as me:
            yield me.jobs
        return
    with target.opened() as store:
        yield store.system().jobs


@app.command(name="list")
def list_jobs(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="queued, running, done, failed or cancelled")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """Background work, the newest first: yours, your tenant's, or, without --user, everybody's."""
    with _room(context.obj) as room:
        page = room.list(status=status, kind=kind, limit=limit, cursor=cursor)  # type: ignore[arg-type]  # checked there
    show_list(
        page,
        ("id", "kind", "status", "progress", "error"),
        ((str(item.id), item.kind, item.status, _progress(item), item.error or "") for item in page.items),
        as_json=as_json,
        again="jobs list",
    )


def _progress(job: Job) -> str:
    if job.total is None:
        return "" if job.done == 0 else f"{job.done:,}"
    return f"{job.done:,} of {job.total:,}"


def _show(job: Job, *, as_json: bool) -> None:
    if as_json:
        show_json(job)
        return
    lines: dict[str, Any] = {
        "status": job.status,
        "kind": job.kind,
        "tenant": "the store itself" if job.tenant_id == NIL else job.tenant_id,
        "arguments": json.dumps(job.arguments),
        "progress": " ".join(part for part in (_progress(job), job.note) if part),
        "attempts": f"{job.attempts} of {job.max_attempts}",
        "error": None if job.error is None else f"{job.error}: {job.reason}",
        "result": None if job.result is None else json.dumps(job.result),
        "asked": f"{job.created_at:%Y-%m-%d %H:%M:%S}",
        "ended": None if job.finished_at is None else f"{job.finished_at:%Y-%m-%d %H:%M:%S}",
    }
    for name, value in lines.items():
        if value not in (None, ""):
            console.print(f"[bold]{name}[/bold]  ", end="")
            console.print(str(value), markup=False, soft_wrap=True)
    if job.status in ("queued", "running"):
        what_now(f"holdfast … jobs cancel {job.id}")
    elif job.status in ("failed", "cancelled"):
        what_now(f"holdfast … jobs retry {job.id}")


@app.command()
def show(context: typer.Context, job: Id, as_json: AsJson = False) -> None:
    """A job: how far it is, what it came to."""
    with _room(context.obj) as room:
        found = room.get(job)
    _show(found, as_json=as_json)


@app.command()
def submit(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="The kind of job.")],
    arguments: Annotated[str, typer.Option(help="Its arguments, a JSON object.")] = "{}",
    key: Annotated[str | None, typer.Option(help="Asked for again under the same key, it is the same job.")] = None,
    as_json: AsJson = False,
) -> None:
    """Queue a job; a worker does it."""
    try:
        given = json.loads(arguments)
    except ValueError as error:
        raise InvalidInput("arguments: cannot be read as JSON", field="arguments") from error
    with _room(context.obj) as room:
        made = room.submit(kind, given, key=key)
    _show(made, as_json=as_json)


@app.command()
def cancel(context: typer.Context, job: Id, as_json: AsJson = False) -> None:
    """End a job, at once or at its next point of progress."""
    with _room(context.obj) as room:
        found = room.cancel(job)
    _show(found, as_json=as_json)


@app.command()
def retry(context: typer.Context, job: Id, as_json: AsJson = False) -> None:
    """Queue a failed or cancelled job again, from where it was."""
    with _room(context.obj) as room:
        found = room.retry(job)
    _show(found, as_json=as_json)


@app.command(name="schedule")
def show_schedule(context: typer.Context, as_json: AsJson = False) -> None:
    """What is queued again and again, and when it was last."""
    target: Target = context.obj
    with target.opened() as store:
        found = store.system().jobs.schedules()
    show_list(
        found,
        ("name", "kind", "when (UTC)", "last"),
        (
            (line.name, line.kind, line.cron, "" if line.last is None else f"{line.last:%Y-%m-%d %H:%M}")
            for line in found
        ),
        as_json=as_json,
    )


def register(cli: typer.Typer) -> None:
    """Add the commands that stand by themselves."""
    cli.command()(worker)


def worker(
    context: typer.Context,
    threads: Annotated[int | None, typer.Option(help="Jobs at a time.")] = None,
    once: Annotated[bool, typer.Option(help="Do what is due now, then end.")] = False,
    log_level: Annotated[str, typer.Option(help="debug, info (a line for each job), warning, error")] = "info",
) -> None:
    """Do background work until told to stop (Ctrl-C, SIGTERM); what is under way then ends or is given back.

    `holdfast serve` has a worker in it already; more are for more work.
    """
    if threads is not None and not 1 <= threads <= 256:
        raise InvalidInput(f"threads: {threads!r} is not a whole number from 1 to 256", field="threads")
    target: Target = context.obj
    configure_logs(level=log_level)
    with target.opened() as store:
        working = store.worker(threads=threads)
        if once:
            console.print(f"{working.run_due():,} jobs done.")
            return
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: stopping.set())
        working.start()
        console.print("Working. Ctrl-C ends it.")
        stopping.wait()
        working.stop()
