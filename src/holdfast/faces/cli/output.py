"""What every command prints with: tables for people, JSON for machines, errors with what to do next."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table

from holdfast.core.errors import (
    Conflict,
    HoldfastError,
    InternalError,
    InvalidInput,
    NotFound,
    PermissionDenied,
    StoreError,
    Unavailable,
)
from holdfast.core.pages import Page
from holdfast.core.rendering import plain

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

EXIT_CODES: tuple[tuple[type[HoldfastError], int], ...] = (
    (InternalError, 1),
    (InvalidInput, 2),
    (StoreError, 6),
    (NotFound, 3),
    (Conflict, 4),
    (PermissionDenied, 5),
    (Unavailable, 7),
    (HoldfastError, 1),
)
IN_PART = 8
NOT_SOUND = 9
INTERRUPTED = 130

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def show_json(value: Any) -> None:
    """Print a value as one JSON document."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the style all commands share."""
    made = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def show_list(
    found: object,
    columns: Sequence[str],
    rows: Iterable[Iterable[RenderableType]],
    *,
    as_json: bool,
    again: str = "",
    then: Sequence[str] = (),
) -> None:
    """Print what a list command found: as JSON, or as a table with, below it, how the page after it is had.

    `found`: a page, or a list; `rows`: its items as cells, made only where they are shown. `again`, without the cursor,
    and `then` are commands without `holdfast …`: the one that was given, and those that make sense next.
    """
    if as_json:
        show_json(found)
        return
    shown = table(*columns)
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
    more = [f"{again} --cursor {found.next}"] if isinstance(found, Page) and found.next is not None else []
    if more or then:
        what_now(*(f"holdfast … {command}" for command in (*more, *then)))


def what_now(*commands: str) -> None:
    """The commands that make sense next."""
    console.print("\n[bold]What now?[/bold]")
    for command in commands:
        console.print(f"  {command}", soft_wrap=True, markup=False)


def report_error(error: Exception, *, as_json: bool) -> int:
    """Print an error and return the exit code. What is not ours becomes an internal error with an id in the log."""
    known = error if isinstance(error, HoldfastError) else _internal(error)
    if as_json:
        sys.stderr.write(json.dumps({"error": {"code": known.code, "message": str(known)}}) + "\n")
    else:
        errors.print(f"[bold red]error[/bold red] [dim]{known.code}[/dim]")
        errors.print(str(known), markup=False, soft_wrap=True)
    return next(code for kind, code in EXIT_CODES if isinstance(known, kind))


def _internal(error: Exception) -> HoldfastError:
    from holdfast.core.database.internal import internal_error  # what most commands import later than they start

    return internal_error("cli", type(error).__name__, _place(error))


def _place(error: Exception) -> str:
    """Where it happened, without its text, which may hold content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
