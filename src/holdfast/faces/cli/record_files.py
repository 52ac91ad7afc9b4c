"""`holdfast records import | export | reference`: records from files, and to them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from holdfast.domains.interop.reference import KINDS, load
from holdfast.domains.records import Records, StoreReport
from holdfast.domains.records.formats import FORMATS, format_of, read, write
from holdfast.faces.cli.output import IN_PART, AsJson, console, show_json, what_now
from holdfast.faces.cli.records import SetName, Where, parse_json
from holdfast.faces.cli.target import Target

SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="import")(import_)
    for command in (reference, export):
        app.command()(command)


def import_(
    context: typer.Context,
    name: SetName,
    path: Annotated[Path, typer.Argument(help="A file: .jsonl, .csv, .parquet, or MongoDB's .json.")],
    clearance: Annotated[str | None, typer.Option(help="The level they are put at.")] = None,
    format: Annotated[str | None, typer.Option(help=", ".join(FORMATS))] = None,
    as_json: AsJson = False,
) -> None:
    """Store every record of a file. What is there already stays: go on after a stop with the same command."""

    def run(room: Records, told: Callable[[StoreReport], None]) -> StoreReport:
        rows = read(path, format, schema=room.get_set(name).schema)
        return room.put_many(name, rows, clearance=clearance, on_progress=told)

    _load(context, name, as_json, run)


def reference(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=", ".join(KINDS))],
    path: Annotated[Path, typer.Argument(help="The file, as it is published.")],
    name: Annotated[str | None, typer.Option("--set", help="Another set than that of its kind.")] = None,
    as_json: AsJson = False,
) -> None:
    """Load public reference data, to find and to pick from: medications, providers, names."""
    into = name or (KINDS[kind].set_name if kind in KINDS else "")
    _load(context, into, as_json, lambda room, told: load(room, kind, path, name=name, on_progress=told))


def _load(
    context: typer.Context,
    name: str,
    as_json: bool,
    run: Callable[[Records, Callable[[StoreReport], None]], StoreReport],
) -> None:
    """Store many records, with what is done so far; ends with the code of what is done in part."""
    target: Target = context.obj
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} records"), TimeElapsedColumn())
    with target.person() as me, Progress(*columns, console=console, transient=True, disable=as_json) as progress:
        task = progress.add_task("", total=None)
        report = run(me.records, lambda so_far: progress.update(task, completed=so_far.stored + len(so_far.failed)))
    if as_json:
        show_json(report)
    else:
        said = f"{report.added:,} new, {report.changed:,} changed, {report.unchanged:,} as before"
        console.print(f"{said}; {len(report.failed):,} could not be stored.", markup=False)
        for one in report.failed[:SHOWN]:
            console.print(f"  number {one.number:,}: {one.reason}", markup=False, soft_wrap=True)
        what_now(f"holdfast … records find {name}", f"holdfast … records pick {name}")
    if report.failed:
        raise typer.Exit(IN_PART)


def export(
    context: typer.Context,
    name: SetName,
    path: Annotated[Path, typer.Argument(help="The file: .jsonl, .csv, .parquet or .json.")],
    where: Where = None,
    format: Annotated[str | None, typer.Option(help=", ".join(FORMATS))] = None,
    as_json: AsJson = False,
) -> None:
    """Write the records that a filter lets through, and that you may read, to a file."""
    target: Target = context.obj
    asked, chosen = None if where is None else parse_json(where, "where"), format or format_of(path)
    with target.person() as me:
        schema = me.records.get_set(name).schema
        count = write(path, _every(me.records, name, asked), chosen, schema=schema)
    if as_json:
        show_json({"written": count})
    else:
        console.print(f"{count:,} records are in {path}.", markup=False)
        what_now(f"holdfast … records import {name} {path}")


def _every(room: Records, name: str, where: Any) -> Iterator[dict[str, object]]:
    cursor: str | None = None
    while True:
        page = room.find(name, where=where, limit=200, cursor=cursor)
        yield from (record.data for record in page.items)
        cursor = page.next
        if cursor is None:
            return
