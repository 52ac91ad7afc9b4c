"""Giving vectors to what waits for them, step by step, with a bar."""

from collections.abc import Callable
from dataclasses import replace

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from holdfast.core.embedders.texts import VectorReport
from holdfast.faces.cli.output import console, show_json, what_now


def embed_all(step: Callable[[], VectorReport], what: str, then: str, as_json: bool) -> None:
    """Call `step` until nothing waits, or it makes no headway; show the sum."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=as_json) as progress:
        task = progress.add_task(what, total=None)
        report = step()
        total, before = report.embedded, report.pending + 1
        while report.pending and report.pending < before:
            progress.update(task, completed=total, total=total + report.pending)
            before, report = report.pending, step()
            total += report.embedded
    report = replace(report, embedded=total)
    if as_json:
        show_json(report)
    else:
        console.print(f"{total} {what} were given vectors by {report.embedder}.", markup=False)
        what_now(then)
