"""`holdfast configurations`: list, show, put, diff, history, rollback, shares."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from holdfast.core.errors import InvalidInput
from holdfast.domains.configurations import Configuration
from holdfast.faces.cli.output import AsJson, console, show_json, table, what_now
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)

Address = Annotated[str, typer.Argument(help="vendor/standard/type, or a name; a slash within a segment is %2F.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Limit = Annotated[int, typer.Option(help="How many at most.")]
Cursor = Annotated[str | None, typer.Option(help="Where the last page ended.")]


@app.command(name="list")
def list_configurations(
    context: typer.Context,
    pattern: Annotated[str | None, typer.Argument(help="Only at such addresses: 'Epic/*/*'.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List configurations by address."""
    target: Target = context.obj
    with target.person() as me:
        c = me.configurations
        page = c.list(limit=limit, cursor=cursor) if pattern is None else c.find(pattern, limit=limit, cursor=cursor)
    if as_json:
        show_json(page)
        return
    shown = table("address", "version", "who reads it", "changed")
    for one in page.items:
        shown.add_row(escape(one.address), str(one.version), one.visibility, _when(one.updated_at))
    console.print(shown)
    if page.next is not None:
        what_now(f"holdfast … configurations list {pattern or ''} --cursor {page.next}")


@app.command()
def show(
    context: typer.Context,
    address: Address,
    version: Annotated[int | None, typer.Option(help="A former version.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a configuration: its document, who made it and why."""
    target: Target = context.obj
    with target.person() as me:
        found = me.configurations.get(address, version)
    if as_json:
        show_json(found)
        return
    console.print(f"[bold]{escape(found.address)}[/bold] version {found.version}, {_when(found.created_at)}")
    console.print(escape(found.reason), style="dim")
    console.print(json.dumps(found.document, ensure_ascii=False, indent=2), markup=False, soft_wrap=True)


@app.command()
def put(
    context: typer.Context,
    address: Address,
    file: Annotated[Path, typer.Argument(help="A file with the document as JSON; - reads standard input.")],
    reason: Reason,
    if_version: Annotated[int | None, typer.Option(help="Only over this version; 0 for none.")] = None,
    private: Annotated[bool, typer.Option("--private", help="A new one is yours alone until it is shared.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a document the next version of what is at an address, or the first."""
    target: Target = context.obj
    document = read_document(file)
    with target.person() as me:
        visibility: Any = "private" if private else None
        made = me.configurations.put(address, document, reason=reason, if_version=if_version, visibility=visibility)
    if as_json:
        show_json(made)
        return
    console.print(_told(made))
    what_now(f"holdfast … configurations history '{address}'")


@app.command()
def history(
    context: typer.Context, address: Address, limit: Limit = 50, cursor: Cursor = None, as_json: AsJson = False
) -> None:
    """Show every version of a configuration, the newest first."""
    target: Target = context.obj
    with target.person() as me:
        page = me.configurations.history(address, limit=limit, cursor=cursor)
    if as_json:
        show_json(page)
        return
    shown = table("version", "when", "by", "how", "bytes", "reason")
    for one in page.items:
        how = one.origin if one.from_version is None else f"{one.origin} to {one.from_version}"
        row = (str(one.version), _when(one.created_at), str(one.author_id), how, f"{one.bytes:,}", escape(one.reason))
        shown.add_row(*row)
    console.print(shown)
    if page.next is not None:
        what_now(f"holdfast … configurations history '{address}' --cursor {page.next}")


@app.command()
def diff(
    context: typer.Context,
    address: Address,
    before: Annotated[int, typer.Argument(help="A version.")],
    after: Annotated[int | None, typer.Argument(help="Another; the current one unless given.")] = None,
    patch: Annotated[bool, typer.Option("--patch", help="As a JSON Patch (RFC 6902).")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what changed between two versions, field by field."""
    target: Target = context.obj
    with target.person() as me:
        found = me.configurations.diff(address, before, after)
    if patch or as_json:
        show_json(list(found.patch) if patch else found)
        return
    for change in found.changes:
        console.print(change.words, markup=False, soft_wrap=True)
    console.print(f"\n{len(found.changes)} changes from version {found.before} to {found.after}")


@app.command()
def rollback(
    context: typer.Context,
    address: Address,
    to: Annotated[int, typer.Argument(help="The version to restore.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Make a former version the next one; the history stays whole."""
    target: Target = context.obj
    with target.person() as me:
        made = me.configurations.rollback(address, to, reason=reason)
    if as_json:
        show_json(made)
        return
    console.print(_told(made))


@app.command()
def share(
    context: typer.Context,
    address: Address,
    user: Annotated[str, typer.Argument(help="The id of a member.")],
    level: Annotated[str, typer.Argument(help="view, comment or edit")],
    as_json: AsJson = False,
) -> None:
    """Let a member view, comment on or edit a configuration."""
    target: Target = context.obj
    with target.person() as me:
        allowed: Any = level
        made = me.configurations.share(address, user, allowed)
    if as_json:
        show_json(made)
        return
    console.print(f"{made.user_id} may {made.level} {escape(address)}.")
    what_now(f"holdfast … configurations shares '{address}'")


@app.command()
def unshare(
    context: typer.Context,
    address: Address,
    user: Annotated[str, typer.Argument(help="The id of a member.")],
) -> None:
    """Share a configuration with somebody no more."""
    target: Target = context.obj
    with target.person() as me:
        me.configurations.unshare(address, user)
    console.print(f"{escape(address)} is not shared with {escape(user)}.")


@app.command()
def shares(context: typer.Context, address: Address, as_json: AsJson = False) -> None:
    """List with whom a configuration is shared."""
    target: Target = context.obj
    with target.person() as me:
        found = me.configurations.shares(address)
    if as_json:
        show_json(found)
        return
    shown = table("member", "may", "since")
    for one in found:
        shown.add_row(str(one.user_id), one.level, _when(one.created_at))
    console.print(shown)


def read_document(file: Path) -> Any:
    """A document in a file, or on standard input."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
        return json.loads(text)
    except (OSError, ValueError) as error:
        kind = type(error).__name__
        raise InvalidInput(f"file: {str(file)!r:.200} cannot be read as JSON ({kind})", field="file") from error


def _told(made: Configuration) -> str:
    if made.replayed:
        return f"{escape(made.address)} says this already: version {made.version}."
    return f"{escape(made.address)} is at version {made.version}."


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
