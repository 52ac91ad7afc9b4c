"""`holdfast import`: chat exports of other products."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from holdfast.core.errors import HoldfastError
from holdfast.domains.conversations.models import ImportReport
from holdfast.faces.cli.output import IN_PART, AsJson, console, report_error, show_json, table, what_now
from holdfast.faces.cli.target import Target
from holdfast.scopes import UserScope

SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="import")(import_exports)


def import_exports(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Exports, as they were downloaded.")],
    workspace: Annotated[str | None, typer.Option(help="The workspace, by its id, that new ones go into.")] = None,
    client: Annotated[str | None, typer.Option(help="Only those about this client, by its id in the export.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only this person's, by the id in the export.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring in exports of ChatGPT, Claude, LibreChat, Open WebUI, ShareGPT, OpenAI JSONL or MongoDB, zipped or not.

    A second import adds nothing that is there. What cannot be read is reported with its place; the rest goes in.
    """
    target: Target = context.obj
    reports: dict[str, ImportReport] = {}
    failed = 0
    with target.person() as me:
        for file in files:
            try:
                reports[str(file)] = import_one(
                    me, file, quiet=as_json, workspace=workspace, client=client, owner=owner
                )
            except HoldfastError as error:
                failed = report_error(error, as_json=as_json)
    if as_json:
        show_json(reports)
    elif reports:
        show_reports(reports)
        what_now("holdfast … conversations list", 'holdfast … conversations search "words you remember"')
    if failed or any(report.unreadable for report in reports.values()):
        raise typer.Exit(IN_PART if reports else failed)


def import_one(
    me: UserScope,
    file: Path,
    *,
    quiet: bool,
    workspace: str | None = None,
    client: str | None = None,
    owner: str | None = None,
) -> ImportReport:
    """One file, with a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        task = progress.add_task(file.name, total=None)
        return me.conversations.import_export(
            file,
            workspace=workspace,
            client=client,
            owner=owner,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def show_reports(reports: dict[str, ImportReport]) -> None:
    """A table of what came in, and the first places that did not."""
    shown = table("file", "from", "new", "forks", "messages", "unchanged", "others'", "left out")
    for file, report in reports.items():
        counts = (report.conversations, report.forks, report.messages, report.unchanged, report.others)
        shown.add_row(Path(file).name, report.source, *map(str, (*counts, len(report.unreadable))))
    console.print(shown)
    for report in reports.values():
        for left_out in report.unreadable[:SHOWN]:
            console.print(f"  left out: {left_out.place}: {left_out.reason}", markup=False, soft_wrap=True)
        if len(report.unreadable) > SHOWN:
            console.print(f"  … and {len(report.unreadable) - SHOWN} more; --json lists all")
