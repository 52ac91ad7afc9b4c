"""`holdfast configurations`: documents and their versions, branches, search, shares. Review: `reviews.py`."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from holdfast.core.errors import InvalidInput
from holdfast.domains.configurations import Configuration, FoundConfiguration
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, what_now
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)
CONFLICT = 4
"""The exit code of conflicts, whether raised or listed."""

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
    show_list(
        page,
        ("address", "version", "who reads it", "changed"),
        ((escape(one.address), str(one.version), one.visibility, when(one.updated_at)) for one in page.items),
        as_json=as_json,
        again=f"configurations list {pattern or ''}",
    )


@app.command()
def show(
    context: typer.Context,
    address: Address,
    version: Annotated[int | None, typer.Option(help="A former version.")] = None,
    branch: Annotated[str | None, typer.Option(help="Of this branch.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a configuration: its document, who made it and why."""
    target: Target = context.obj
    with target.person() as me:
        found = me.configurations.get(address, version, branch=branch)
    if as_json:
        show_json(found)
        return
    console.print(f"[bold]{escape(found.address)}[/bold] version {found.version}, {when(found.created_at)}")
    console.print(escape(found.reason), style="dim")
    console.print(json.dumps(found.document, ensure_ascii=False, indent=2), markup=False, soft_wrap=True)


@app.command()
def put(
    context: typer.Context,
    address: Address,
    file: Annotated[Path, typer.Argument(help="A file with the document as JSON; - reads standard input.")],
    reason: Reason,
    if_version: Annotated[int | None, typer.Option(help="Only over this version; 0 for none.")] = None,
    branch: Annotated[str | None, typer.Option(help="The next version of this branch.")] = None,
    private: Annotated[bool, typer.Option("--private", help="A new one is yours alone until it is shared.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a document the next version of what is at an address, or the first."""
    target: Target = context.obj
    document = read_document(file)
    with target.person() as me:
        visibility: Any = "private" if private else None
        made = me.configurations.put(
            address, document, reason=reason, if_version=if_version, visibility=visibility, branch=branch
        )
    if as_json:
        show_json(made)
        return
    console.print(told(made))
    what_now(f"holdfast … configurations history '{address}'")


@app.command()
def history(
    context: typer.Context, address: Address, limit: Limit = 50, cursor: Cursor = None, as_json: AsJson = False
) -> None:
    """Show every version of a configuration, the newest first."""
    target: Target = context.obj
    with target.person() as me:
        page = me.configurations.history(address, limit=limit, cursor=cursor)
    show_list(
        page,
        ("version", "when", "by", "how", "bytes", "reason"),
        (
            (
                str(one.version),
                when(one.created_at),
                str(one.author_id),
                one.origin if one.from_version is None else f"{one.origin} to {one.from_version}",
                f"{one.bytes:,}",
                escape(one.reason),
            )
            for one in page.items
        ),
        as_json=as_json,
        again=f"configurations history '{address}'",
    )


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
    console.print(told(made))


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Words in the document or its address.")],
    k: Annotated[int, typer.Option("-k", help="How many at most.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find configurations by the words in them, best first."""
    target: Target = context.obj
    with target.person() as me:
        found = me.configurations.search(query, k=k)
    _show_found(found, "score", as_json=as_json)


@app.command()
def similar(
    context: typer.Context,
    address: Address,
    above: Annotated[float, typer.Option(help="Only with a cosine above this.")] = 0.8,
    limit: Limit = 10,
    as_json: AsJson = False,
) -> None:
    """Find configurations of a similar shape, the most alike first."""
    target: Target = context.obj
    with target.person() as me:
        found = me.configurations.similar(address, above=above, limit=limit)
    _show_found(found, "cosine", as_json=as_json)


@app.command()
def branch(
    context: typer.Context,
    address: Address,
    name: Annotated[str | None, typer.Argument(help="A new branch; without it those there are.")] = None,
    from_version: Annotated[int | None, typer.Option(help="Begin with a former version.")] = None,
    as_json: AsJson = False,
) -> None:
    """Begin a branch, or list those there are. `put --branch` goes on with it."""
    target: Target = context.obj
    with target.person() as me:
        c = me.configurations
        found = c.branches(address) if name is None else [c.branch(address, name, from_version=from_version)]
    show_list(
        found,
        ("branch", "version", "of version", "changed"),
        ((escape(one.name), str(one.version), str(one.base_version), when(one.updated_at)) for one in found),
        as_json=as_json,
    )


@app.command()
def merge(
    context: typer.Context,
    address: Address,
    name: Annotated[str, typer.Argument(metavar="BRANCH", help="The branch to merge.")],
    reason: Reason,
    resolutions: Annotated[
        str | None, typer.Option(help='What to take of conflicts, as JSON: {"/a/b": "main", "/c": {"value": 1}}')
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Merge a branch field by field. With conflicts nothing is merged, they are listed, and the exit code is 4."""
    target: Target = context.obj
    chosen = None if resolutions is None else _resolutions(resolutions)
    with target.person() as me:
        merged = me.configurations.merge(address, name, reason=reason, resolutions=chosen)
    if as_json:
        show_json(merged)
    elif merged.configuration is not None:
        console.print(told(merged.configuration))
    else:
        for conflict in merged.conflicts:
            console.print(f"{conflict.path}: {conflict.words}", markup=False, soft_wrap=True)
        first = json.dumps({merged.conflicts[0].path: "main"})
        what_now(f"holdfast … configurations merge '{address}' {name} --reason … --resolutions '{first}'")
    if merged.configuration is None:
        raise typer.Exit(CONFLICT)


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
    show_list(
        found,
        ("member", "may", "since"),
        ((str(one.user_id), one.level, when(one.created_at)) for one in found),
        as_json=as_json,
    )


def _show_found(found: Sequence[FoundConfiguration], measure: str, *, as_json: bool) -> None:
    show_list(
        list(found),
        (measure, "address", "version"),
        ((f"{one.score:.3f}", escape(one.configuration.address), str(one.configuration.version)) for one in found),
        as_json=as_json,
    )


def _resolutions(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidInput("resolutions: is not JSON", field="resolutions") from error
    if not isinstance(found, dict):
        raise InvalidInput("resolutions: a JSON object is needed, by the path of each conflict", field="resolutions")
    return found


def read_document(file: Path) -> Any:
    """A document in a file, or on standard input."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
        return json.loads(text)
    except (OSError, ValueError) as error:
        kind = type(error).__name__
        raise InvalidInput(f"file: {str(file)!r:.200} cannot be read as JSON ({kind})", field="file") from error


def told(made: Configuration) -> str:
    """What putting a document came to."""
    if made.replayed:
        return f"{escape(made.address)} says this already: version {made.version}."
    return f"{escape(made.address)} is at version {made.version}."


def when(at: datetime) -> str:
    """A moment, to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"
