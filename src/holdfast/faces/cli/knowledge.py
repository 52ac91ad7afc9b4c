"""`holdfast knowledge`: bases, add, list, show, search, clearance, delete, reports."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from holdfast.core.clock import now
from holdfast.domains.knowledge import EmbeddingReport, FolderReport
from holdfast.domains.knowledge.errors import DocumentError, ReaderMissing
from holdfast.domains.knowledge.models import NotAdded
from holdfast.faces.cli.output import IN_PART, AsJson, console, show_json, show_list, table, what_now
from holdfast.faces.cli.target import Target
from holdfast.scopes import UserScope

app = typer.Typer(no_args_is_help=True)

Base = Annotated[str, typer.Argument(help="The base's name or id.")]
Document = Annotated[str, typer.Argument(help="The document's id.")]
Clearance = Annotated[str | None, typer.Option(help="S, A, B, C or D; by default the base's.")]
Limit = Annotated[int, typer.Option(help="How many at most.")]
SHOWN = 10
EMBEDDER = "Who makes vectors: a name from HOLDFAST_EMBEDDERS, hashing:256, openai:MODEL@URL, fastembed:MODEL."


@app.command()
def bases(
    context: typer.Context,
    create: Annotated[str | None, typer.Option(help="Make a base of this name first.")] = None,
    clearance: Annotated[str, typer.Option(help="The level of its documents, unless they are given one.")] = "D",
    embedder: Annotated[str | None, typer.Option(help=EMBEDDER)] = None,
    as_json: AsJson = False,
) -> None:
    """List the knowledge bases that are open to you."""
    target: Target = context.obj
    with target.person() as me:
        if create is not None:
            me.knowledge.create_base(create, clearance=clearance, embedder=embedder)
        found = me.knowledge.list_bases()
    show_list(
        found,
        ("name", "id", "clearance", "embedder", "description"),
        ((base.name, str(base.id), base.clearance, base.embedder or "", base.description or "") for base in found),
        as_json=as_json,
        then=("knowledge add BASE FILE", 'knowledge search "what you want to know"')
        if found
        else ("knowledge bases --create NAME",),
    )


@app.command()
def add(
    context: typer.Context,
    base: Base,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, or folders with all below them.")],
    clearance: Clearance = None,
    title: Annotated[str | None, typer.Option(help="The document's title; for one file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add documents. What is there already stays as it is, so a stopped run is gone on with by the same command."""
    target: Target = context.obj
    with target.person() as me:
        told = _add if len(paths) == 1 else _add_or_tell  # one that cannot be added does not keep out the others
        reports = {str(path): told(me, base, path, clearance, title, quiet=as_json) for path in paths}
    if as_json:
        show_json(reports)
    else:
        shown = table("path", "added", "unchanged", "left out")
        for path, report in reports.items():
            shown.add_row(path, str(report.added), str(report.unchanged), str(len(report.failed)))
        console.print(shown)
        for report in reports.values():
            for one in report.failed[:SHOWN]:
                console.print(f"  left out: {one.name}: {one.reason}", markup=False, soft_wrap=True)
        what_now(f"holdfast … knowledge list {base}", f'holdfast … knowledge search --base {base} "a question"')
    if any(one.code != "skipped" for report in reports.values() for one in report.failed):
        raise typer.Exit(IN_PART)


def _add(
    me: UserScope, base: str, path: Path, clearance: str | None, title: str | None, *, quiet: bool
) -> FolderReport:
    if not path.is_dir():
        moment = now()
        new = me.knowledge.add(base, path, clearance=clearance, title=title).created_at >= moment
        return FolderReport(added=int(new), unchanged=int(not new))
    columns = (SpinnerColumn(), TextColumn("{task.completed} files"), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=None)
        return me.knowledge.add_folder(
            base,
            path,
            clearance=clearance,
            on_progress=lambda name, files: progress.update(task, completed=files, description=name),
        )


def _add_or_tell(
    me: UserScope, base: str, path: Path, clearance: str | None, title: str | None, *, quiet: bool
) -> FolderReport:
    try:
        return _add(me, base, path, clearance, title, quiet=quiet)
    except (DocumentError, ReaderMissing) as error:
        return FolderReport(
            added=0, unchanged=0, failed=(NotAdded(name=path.name, code=error.code, reason=str(error)),)
        )


@app.command()
def embed(context: typer.Context, base: Base, as_json: AsJson = False) -> None:
    """Give vectors to all that waits for them. A stopped run is gone on with by the same command."""
    _with_progress(context, base, as_json, lambda me, told: me.knowledge.embed(base, on_progress=told))


@app.command()
def reindex(
    context: typer.Context,
    base: Base,
    embedder: Annotated[str | None, typer.Option(help=EMBEDDER)] = None,
    as_json: AsJson = False,
) -> None:
    """Make a base's vectors with another embedder; searches use the old ones until the new ones are whole."""
    _with_progress(
        context, base, as_json, lambda me, told: me.knowledge.reindex(base, embedder=embedder, on_progress=told)
    )


def _with_progress(
    context: typer.Context,
    base: str,
    as_json: bool,
    run: Callable[[UserScope, Callable[[EmbeddingReport], None]], EmbeddingReport],
) -> None:
    target: Target = context.obj
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with target.person() as me, Progress(*columns, console=console, transient=True, disable=as_json) as progress:
        task = progress.add_task("passages", total=None)
        report = run(
            me,
            lambda now: progress.update(task, completed=now.embedded, total=now.embedded + now.pending),
        )
    if as_json:
        show_json(report)
    else:
        console.print(f"{report.embedded} passages were given vectors by {report.embedder}.", markup=False)
        what_now(f'holdfast … knowledge search --base {base} "a question"')


@app.command(name="list")
def list_documents(
    context: typer.Context,
    base: Base,
    limit: Limit = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the documents of a base that you may read."""
    target: Target = context.obj
    with target.person() as me:
        page = me.knowledge.documents(base, limit=limit, cursor=cursor)
    show_list(
        page,
        ("id", "title", "clearance", "kind", "chunks", "source"),
        (
            (str(one.id), one.title, one.clearance, one.media_type, str(one.chunk_count), one.source or "")
            for one in page.items
        ),
        as_json=as_json,
        again=f"knowledge list {base}",
        then=("knowledge show ID",),
    )


@app.command()
def show(context: typer.Context, document: Document, as_json: AsJson = False) -> None:
    """Show a document and its text."""
    target: Target = context.obj
    with target.person() as me:
        found, text = me.knowledge.document(document), me.knowledge.text(document)
    if as_json:
        show_json({"document": found, "text": text})
        return
    console.print(f"{found.title} ({found.clearance}, {found.media_type})\n", markup=False)
    console.print(text, markup=False, soft_wrap=True)


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="A question, or words.")],
    base: Annotated[str | None, typer.Option(help="Only in this base.")] = None,
    k: Annotated[int, typer.Option(help="How many passages.")] = 5,
    mode: Annotated[str, typer.Option(help="By words (lexical), meaning (vector), or both (hybrid).")] = "auto",
    as_json: AsJson = False,
) -> None:
    """The passages that answer best, of documents that you may read."""
    target: Target = context.obj
    with target.person() as me:
        found = me.knowledge.search(query, base=base, k=k, mode=mode)  # type: ignore[arg-type]  # it checks
    if as_json:
        show_json(found)
        return
    for hit in found.hits:
        place = " › ".join(part for part in (hit.document.title, hit.chunk.heading) if part)
        console.print(f"\n{place} ({hit.document.clearance}, {hit.score:.2f})", markup=False, style="bold")
        console.print(hit.chunk.content, markup=False, soft_wrap=True)
    if not found.hits:
        console.print("Nothing that you may read has any of these words.")
    for note in found.notes:
        console.print(note, markup=False)
    what_now("holdfast … knowledge show ID", "holdfast … knowledge reports")


@app.command()
def clearance(
    context: typer.Context,
    document: Document,
    level: Annotated[str, typer.Argument(help="S, A, B, C or D.")],
    as_json: AsJson = False,
) -> None:
    """Put a document at another level; you must hold both."""
    target: Target = context.obj
    with target.person() as me:
        _told(me.knowledge.set_clearance(document, level), as_json, f"is at level {level} now")


@app.command()
def delete(context: typer.Context, document: Document, as_json: AsJson = False) -> None:
    """Delete a document; nothing of its text is left."""
    target: Target = context.obj
    with target.person() as me:
        found = me.knowledge.document(document)
        me.knowledge.delete(document)
        _told(found, as_json, "is deleted")


def _told(document: Any, as_json: bool, what: str) -> None:
    if as_json:
        show_json(document)
    else:
        console.print(f"{document.title} {what}.", markup=False)
        what_now(f"holdfast … knowledge list {document.base_id}")


@app.command()
def reports(
    context: typer.Context,
    base: Annotated[str | None, typer.Option(help="Only of this base.")] = None,
    as_json: AsJson = False,
) -> None:
    """What was found, what never, and how quickly."""
    target: Target = context.obj
    with target.person() as me:
        found = me.knowledge.report(base=base)
    if as_json:
        show_json(found)
        return
    speed = "" if found.latency_p50 is None else f", p50 {found.latency_p50:.1f} ms, p95 {found.latency_p95:.1f} ms"
    console.print(
        f"{found.retrievals} searches{speed}; {len(found.unsupported)} answers cite nothing of what was found"
    )
    shown = table("document", "found", "cited")
    for use in found.most_found[:SHOWN]:
        shown.add_row(str(use.document_id), str(use.found), str(use.cited))
    for document in found.never_found[:SHOWN]:
        shown.add_row(f"{document.title} ({document.id})", "never", "")
    console.print(shown)
    what_now("holdfast … knowledge show ID")
