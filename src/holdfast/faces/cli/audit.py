"""`holdfast audit`: list, verify, checkpoint, export."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from holdfast.core.errors import InvalidInput
from holdfast.core.rendering import plain
from holdfast.domains.audit import Audit, AuditEvent, Checkpoint
from holdfast.domains.audit.checkpoints import from_document
from holdfast.faces.cli.output import NOT_SOUND, AsJson, console, show_json, show_list, what_now
from holdfast.faces.cli.target import Target
from holdfast.faces.cli.times import moment

app = typer.Typer(no_args_is_help=True)

_OUTCOMES = {"done": "", "read": "cyan", "denied": "red"}


@contextmanager
def _trail(target: Target) -> Iterator[Audit]:
    """As the person named; as the operator without one: of the tenant named, or of the store itself."""
    if target.user and target.tenant:
        with target.person() as me:
            yield me.audit
        return
    with target.opened() as store:
        root = store.system()
        yield root.audit if target.tenant is None else root.audit_of(target.tenant)


@app.command(name="list")
def list_events(
    context: typer.Context,
    actor: Annotated[str | None, typer.Option(help="Only what this person (their id) did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this operation, such as conversations.append.")] = None,
    outcome: Annotated[str | None, typer.Option(help="done, read or denied")] = None,
    since: Annotated[str | None, typer.Option(help="From this time on, ISO 8601.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time, ISO 8601.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """List who did what, the newest first."""
    with _trail(context.obj) as trail:
        page = trail.list(
            actor=actor,
            action=action,
            outcome=outcome,  # type: ignore[arg-type]  # checked there
            since=moment(since, "since"),
            until=moment(until, "until"),
            limit=limit,
            cursor=cursor,
        )
    show_list(
        page,
        ("when", "who", "what", "outcome", "on", "request"),
        (_cells(line) for line in page.items),
        as_json=as_json,
        again="audit list",
    )


def _cells(line: AuditEvent) -> tuple[str, ...]:
    who = f"{line.actor_role} {line.actor_id or ''}".strip()
    colour = _OUTCOMES[line.outcome]
    outcome = f"[{colour}]{line.outcome}[/{colour}]" if colour else line.outcome
    on = f"{line.target_kind or ''} {line.target_id or ''}".strip()
    return f"{line.at:%Y-%m-%d %H:%M:%S}", who, line.operation, outcome, on, line.request_id or ""


@app.command()
def verify(
    context: typer.Context,
    checkpoint: Annotated[Path | None, typer.Option(help="A checkpoint kept elsewhere, to compare with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every line and every seal: nothing changed, missing, added, reordered or cut off."""
    known = None if checkpoint is None else _read_checkpoint(checkpoint)
    with _trail(context.obj) as trail:
        report = trail.verify(checkpoint=known)
    if as_json:
        show_json({**plain(report), "ok": report.ok, "first_bad": plain(report.first_bad), "why": report.why})
    else:
        console.print(f"{report.rows:,} lines, {report.sealed:,} of them under {report.seals:,} seals.")
        if not report.keyed:
            console.print("[yellow]The codes are not keyed[/yellow]: this store has no key ring.")
        for fault in report.faults:
            console.print(f"[red]{fault.event_id or f'seal {fault.seal}'}[/red]: {fault.why}", soft_wrap=True)
        if report.ok:
            console.print("Everything is as it was written.")
            what_now("holdfast … audit checkpoint --to A-PLACE-ELSEWHERE/checkpoint.json")
    if not report.ok:
        raise typer.Exit(NOT_SOUND)


def _read_checkpoint(path: Path) -> Checkpoint:
    try:
        return from_document(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"checkpoint: {str(path)!r} cannot be read ({error})", field="checkpoint") from error


@app.command()
def checkpoint(
    context: typer.Context,
    to: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Seal what is written and sign how far the chain has come. Keep it where nobody who can change the store can."""
    with _trail(context.obj) as trail:
        made = trail.checkpoint()
    if to is not None:
        to.write_text(json.dumps(plain(made), indent=2) + "\n")
    if as_json or to is None:
        show_json(made)
        return
    console.print(f"Signed: {made.events:,} lines under {made.number:,} seals, in {to}.", soft_wrap=True)
    what_now(f"holdfast … audit verify --checkpoint {to}")


@app.command()
def export(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write every line, oldest first, as JSON Lines."""
    try:
        file = to.open("x")
    except OSError as error:
        raise InvalidInput(f"FILE: {str(to)!r} cannot be written ({error.strerror})", field="FILE") from error
    with (
        file,
        _trail(context.obj) as trail,
        Progress(console=console, transient=True, disable=as_json) as progress,
    ):
        task = progress.add_task("Exporting", total=None)
        count = trail.export(file, on_progress=lambda lines: progress.update(task, completed=lines))
    if as_json:
        show_json({"file": str(to), "lines": count})
    else:
        console.print(f"Wrote {count:,} lines to {to}.", soft_wrap=True)
