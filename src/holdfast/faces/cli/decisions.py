"""`holdfast decisions`: list, show."""

import json
import sys
from typing import Annotated

import typer

from holdfast.faces.cli.output import AsJson, console, show_json, show_list
from holdfast.faces.cli.target import Target
from holdfast.faces.cli.times import moment

app = typer.Typer(no_args_is_help=True)


@app.command(name="list")
def list_decisions(
    context: typer.Context,
    subject: Annotated[bool, typer.Option(help="Of a subject, whose number is read from standard input.")] = False,
    conversation: Annotated[str | None, typer.Option(help="Only of this conversation, by its id.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this reason.")] = None,
    status: Annotated[str | None, typer.Option(help="Only with this outcome.")] = None,
    since: Annotated[str | None, typer.Option(help="From then on: 2026-01-31, or with a time.")] = None,
    until: Annotated[str | None, typer.Option(help="Before.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """What was decided, the newest first. A number never stands on the command line, which others can read."""
    target: Target = context.obj
    number = sys.stdin.readline().strip() if subject else None
    with target.person() as me:
        page = me.runs.decisions(
            subject=number,
            conversation=conversation,
            reason=reason,
            status=status,
            since=moment(since, "since"),
            until=moment(until, "until"),
            limit=limit,
            cursor=cursor,
        )
    show_list(
        page,
        ("id", "when", "kind", "status", "reasons"),
        (
            (str(item.id), f"{item.created_at:%Y-%m-%d %H:%M}", item.kind, item.status, ", ".join(item.reasons))
            for item in page.items
        ),
        as_json=as_json,
        again="decisions list",
    )


@app.command()
def show(
    context: typer.Context,
    decision: Annotated[str, typer.Argument(metavar="ID", help="The decision's id.")],
    as_json: AsJson = False,
) -> None:
    """A decision: why, on what evidence, by which rules."""
    target: Target = context.obj
    with target.person() as me:
        found = me.runs.decision(decision)
    if as_json:
        show_json(found)
        return
    parts = {
        "status": found.status,
        "reasons": ", ".join(found.reasons),
        "evidence": json.dumps(found.evidence, ensure_ascii=False),
        "recommended": "; ".join(found.recommendations),
        "rules": found.rule_version or "",
        "subjects": str(found.subject_count),
    }
    for name, value in parts.items():
        console.print(f"[bold]{name}[/bold]  ", end="")
        console.print(value, markup=False, soft_wrap=True)
