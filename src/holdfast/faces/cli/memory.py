"""`holdfast memory`: list, remember, recall, history, as-of, why, forget."""

import json
import sys
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from holdfast.core.clock import now
from holdfast.core.errors import InvalidInput
from holdfast.core.pages import Page
from holdfast.domains.memory import Fact
from holdfast.faces.cli.embedding import embed_all
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, table
from holdfast.faces.cli.target import Target
from holdfast.faces.cli.times import moment

app = typer.Typer(no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The fact's key: answer_style.")]
Workspace = Annotated[str | None, typer.Option(help="About this workspace, by its id, in place of yourself.")]
User = Annotated[str | None, typer.Option(help="About this person, by their id; for administrators and auditors.")]
Limit = Annotated[int, typer.Option(help="How many at most.")]
Cursor = Annotated[str | None, typer.Option(help="Where the last page ended.")]
_SHOWN = 60
"""Of a longer value so many characters are shown in a table."""


@app.command(name="list")
def list_facts(
    context: typer.Context,
    workspace: Workspace = None,
    user: User = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List what is known, the newest first."""
    target: Target = context.obj
    with target.person() as me:
        page = me.memory.list(workspace=workspace, user=user, limit=limit, cursor=cursor)
        count = me.memory.count(workspace=workspace, user=user)
    if as_json:
        show_json({"items": page.items, "next": page.next, "count": count})
        return
    _show(page, "list", as_json=False)
    console.print(f"\n{count} in all")


@app.command()
def remember(
    context: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(help="The value, as text; - reads it from standard input.")],
    typed: Annotated[bool, typer.Option("--typed", help="The value is JSON: a number, true, a list, …")] = False,
    confidence: Annotated[float, typer.Option(help="How sure, above 0 and up to 1.")] = 1.0,
    source: Annotated[str | None, typer.Option(help="The id of the message that says so.")] = None,
    said_by: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    valid_from: Annotated[str | None, typer.Option(help="Since when it holds; from now on unless given.")] = None,
    valid_to: Annotated[str | None, typer.Option(help="Until when it holds.")] = None,
    sensitive: Annotated[
        bool, typer.Option("--sensitive", help="Seal the value; it is found by its key only.")
    ] = False,
    workspace: Workspace = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Remember a fact; another value for the same key supersedes the old one, which stays in the history."""
    target: Target = context.obj
    text = sys.stdin.read().rstrip("\n") if value == "-" else value
    with target.person() as me:
        fact = me.memory.remember(
            key,
            _typed(text) if typed else text,
            confidence=confidence,
            source=source,
            said_by=said_by,
            valid_from=moment(valid_from, "valid-from"),
            valid_to=moment(valid_to, "valid-to"),
            sensitive=sensitive,
            workspace=workspace,
            user=user,
        )
    if as_json:
        show_json(fact)
        return
    console.print(f"{escape(fact.key)} is remembered: version {fact.version}, confidence {fact.confidence:.2f}.")


@app.command()
def recall(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="A part of a key, or words of the fact.")],
    k: Annotated[int, typer.Option("-k", help="How many at most.")] = 10,
    workspace: Workspace = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Find facts by their keys and their words, best first."""
    target: Target = context.obj
    with target.person() as me:
        found = me.memory.recall(query, k=k, workspace=workspace, user=user)
    show_list(
        found,
        ("score", "found by", "key", "value", "id"),
        (
            (f"{one.score:.2f}", ", ".join(one.found_by), escape(one.fact.key), _value(one.fact), str(one.fact.id))
            for one in found
        ),
        as_json=as_json,
    )


@app.command()
def history(
    context: typer.Context,
    key: Key,
    workspace: Workspace = None,
    user: User = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """Show every version of a fact, the latest first."""
    target: Target = context.obj
    with target.person() as me:
        page = me.memory.history(key, workspace=workspace, user=user, limit=limit, cursor=cursor)
    _show(page, f"history {key}", as_json=as_json)


@app.command(name="as-of")
def as_of(
    context: typer.Context,
    when: Annotated[str, typer.Argument(metavar="MOMENT", help="2026-01-31, or 2026-01-31T08:00:00Z")],
    key: Annotated[str | None, typer.Option(help="Only this key.")] = None,
    known_at: Annotated[str | None, typer.Option(help="As it was known then, in place of now.")] = None,
    workspace: Workspace = None,
    user: User = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """Show what held at a moment."""
    target: Target = context.obj
    at = moment(when, "moment") or now()
    known = moment(known_at, "known-at")
    with target.person() as me:
        page = me.memory.as_of(at, key, known_at=known, workspace=workspace, user=user, limit=limit, cursor=cursor)
    _show(page, f"as-of {when}", as_json=as_json)


@app.command()
def embed(context: typer.Context, as_json: AsJson = False) -> None:
    """Give vectors to facts that wait for them, so that they are recalled by meaning; needs HOLDFAST_MEMORY_EMBEDDER.

    A stopped run is gone on with by the same command.
    """
    target: Target = context.obj
    with target.person() as me:
        embed_all(me.memory.embed_some, "facts", 'holdfast … memory recall "a question"', as_json)


@app.command()
def why(
    context: typer.Context,
    fact: Annotated[str, typer.Argument(metavar="ID", help="The id of a fact, as `list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Show which messages, or who, said so."""
    target: Target = context.obj
    with target.person() as me:
        found = me.memory.why(fact)
    if as_json:
        show_json(found)
        return
    console.print(
        f"[bold]{escape(found.fact.key)}[/bold]: {_value(found.fact)}, confidence {found.fact.confidence:.2f}"
    )
    shown = table("when", "said by", "confidence", "message", "content")
    for one in found.confirmations:
        content = "" if one.message is None else escape(_cut(one.message.content))
        source = "" if one.source is None else str(one.source)
        said_by = escape(one.said_by or "")
        shown.add_row(_when(one.recorded_at), said_by, f"{one.confidence:.2f}", source, content)
    console.print(shown)


@app.command()
def forget(
    context: typer.Context,
    fact: Annotated[str, typer.Argument(help="A key, or the id of a fact.")],
    workspace: Workspace = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Remove a fact for good: every version, every source, every trace in a search index."""
    target: Target = context.obj
    with target.person() as me:
        gone = me.memory.forget(fact, workspace=workspace, user=user)
    if as_json:
        show_json(gone)
    else:
        console.print(f"Forgotten: {gone.versions} versions, {gone.sources} sources.")


def _show(page: Page[Fact], again: str, *, as_json: bool) -> None:
    show_list(
        page,
        ("since", "until", "key", "value", "confidence", "id"),
        (
            (
                _when(fact.valid_from),
                "" if fact.valid_to is None else _when(fact.valid_to),
                escape(fact.key),
                _value(fact),
                f"{fact.confidence:.2f}",
                str(fact.id),
            )
            for fact in page.items
        ),
        as_json=as_json,
        again=f"memory {again}",
    )


def _value(fact: Fact) -> str:
    if fact.sensitive:
        return "[dim](sensitive; shown with --json)[/dim]"
    return escape(_cut(fact.value if isinstance(fact.value, str) else json.dumps(fact.value, ensure_ascii=False)))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _typed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput("value: is not JSON; leave out --typed to give text", field="value") from error
