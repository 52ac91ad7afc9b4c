"""`holdfast configurations propose | approve | publish …`: review, how versions do, the inbox."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from holdfast.domains.configurations import ChangeRequest, RequestComment
from holdfast.faces.cli.configurations import Address, Cursor, Limit, Reason, read_document, told, when
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, what_now
from holdfast.faces.cli.target import Target


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (propose, requests, approve, publish, reject, withdraw, comment, rule, rate, standing, inbox):
        app.command()(command)


Request = Annotated[str, typer.Argument(help="The id of a request.")]


def propose(
    context: typer.Context,
    address: Address,
    file: Annotated[Path, typer.Argument(help="A file with the document as JSON; - reads standard input.")],
    reason: Reason,
    if_version: Annotated[int | None, typer.Option(help="Only over this version.")] = None,
    request: Annotated[str | None, typer.Option(help="Revise this request of yours in place of a new one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a document in place of the current version."""
    target: Target = context.obj
    document = read_document(file)
    with target.person() as me:
        c = me.configurations
        if request is None:
            made = c.propose(address, document, reason=reason, if_version=if_version)
        else:
            made = c.revise(request, document, reason=reason, if_version=if_version)
    _show_request(made, as_json=as_json)
    if not as_json:
        what_now(f"holdfast … configurations approve {made.id}   (somebody else)")


def requests(
    context: typer.Context,
    address: Annotated[str | None, typer.Argument(help="Only of this address.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    show: Annotated[str | None, typer.Option(help="Show this one, with what it changes and what was said.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List requests, the newest first, or show one."""
    target: Target = context.obj
    with target.person() as me:
        c = me.configurations
        if show is not None:
            _show_request(c.request(show), as_json=as_json, comments=c.comments(show, limit=200).items)
            return
        page = c.requests(address=address, status="any" if every else "open", limit=limit, cursor=cursor)
    show_list(
        page,
        ("id", "address", "over", "status", "approvals", "reason"),
        (
            (
                str(one.id),
                escape(one.address),
                str(one.base_version),
                one.status,
                f"{len(one.approvals)} of {one.required}",
                escape(one.reason),
            )
            for one in page.items
        ),
        as_json=as_json,
        again="configurations requests",
    )


def approve(
    context: typer.Context,
    request: Request,
    digest: Annotated[str | None, typer.Option(help="Of the document that you looked at.")] = None,
    as_json: AsJson = False,
) -> None:
    """Approve a request of somebody else's, as it is now."""
    target: Target = context.obj
    with target.person() as me:
        approved = me.configurations.approve(request, digest=digest)
    _show_request(approved, as_json=as_json)
    if not as_json and len(approved.approvals) >= approved.required:
        what_now(f"holdfast … configurations publish {request}")


def publish(context: typer.Context, request: Request, as_json: AsJson = False) -> None:
    """Make the document of an approved request the next version."""
    target: Target = context.obj
    with target.person() as me:
        made = me.configurations.publish(request)
    if as_json:
        show_json(made)
    else:
        console.print(told(made))


def reject(context: typer.Context, request: Request, reason: Reason, as_json: AsJson = False) -> None:
    """End a request of somebody else's."""
    target: Target = context.obj
    with target.person() as me:
        _show_request(me.configurations.reject(request, reason=reason), as_json=as_json)


def withdraw(context: typer.Context, request: Request, as_json: AsJson = False) -> None:
    """End a request of your own."""
    target: Target = context.obj
    with target.person() as me:
        _show_request(me.configurations.withdraw(request), as_json=as_json)


def comment(
    context: typer.Context,
    request: Request,
    text: Annotated[str, typer.Argument(help="What you say.")],
    reply_to: Annotated[str | None, typer.Option(help="The id of the comment it answers.")] = None,
    path: Annotated[str | None, typer.Option(help="The place it is about, a JSON Pointer.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say something about a request."""
    target: Target = context.obj
    with target.person() as me:
        made = me.configurations.comment(request, text, reply_to=reply_to, path=path)
    if as_json:
        show_json(made)
    else:
        console.print(f"Said, as {made.id}.")


def rule(
    context: typer.Context,
    pattern: Annotated[
        str | None, typer.Argument(help="Addresses: 'Epic/*/*'. Without one the rules are listed.")
    ] = None,
    approvals: Annotated[int | None, typer.Option(help="How many approvals changes need there.")] = None,
    schema: Annotated[Path | None, typer.Option(help="A file with a JSON Schema that documents satisfy there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what holds at the addresses of a pattern, or list what does. With neither option its rule is gone."""
    target: Target = context.obj
    wanted = None if schema is None else read_document(schema)
    with target.person() as me:
        if pattern is not None:
            me.configurations.set_rule(pattern, approvals=approvals, schema=wanted)
        found = me.configurations.rules()
    show_list(
        found,
        ("addresses", "approvals", "schema"),
        (
            (
                escape(one.pattern),
                "" if one.approvals is None else str(one.approvals),
                "" if one.schema is None else "required",
            )
            for one in found
        ),
        as_json=as_json,
    )


def rate(
    context: typer.Context,
    address: Address,
    rating: Annotated[int | None, typer.Option(help="1 or -1.")] = None,
    accuracy: Annotated[float | None, typer.Option(help="As measured, from 0 to 1.")] = None,
    samples: Annotated[int | None, typer.Option(help="On so many samples.")] = None,
    comment: Annotated[str | None, typer.Option(help="Words.")] = None,
    version: Annotated[int | None, typer.Option(help="Of a former version.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say how a version does."""
    target: Target = context.obj
    with target.person() as me:
        said = {"accuracy": accuracy, "samples": samples, "comment": comment}
        made = me.configurations.rate(address, rating, version=version, **said)  # type: ignore[arg-type]  # as named
    if as_json:
        show_json(made)
    else:
        console.print(f"Said of version {made.version}.")


def standing(context: typer.Context, address: Address, as_json: AsJson = False) -> None:
    """Show how the versions do: uses, ratings, accuracy."""
    target: Target = context.obj
    with target.person() as me:
        found = me.configurations.standing(address)
    show_list(
        found,
        ("version", "uses", "up", "down", "accuracy", "samples"),
        (
            (
                str(one.version),
                f"{one.uses:,}",
                str(one.ratings_up),
                str(one.ratings_down),
                "" if one.accuracy is None else f"{one.accuracy:.3f}",
                f"{one.samples:,}",
            )
            for one in found
        ),
        as_json=as_json,
    )


def inbox(
    context: typer.Context,
    unread: Annotated[bool, typer.Option("--unread", help="Only what is unread.")] = False,
    mark: Annotated[bool, typer.Option("--mark-read", help="Mark all of it as read.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """Show what happened that concerns you, the newest first."""
    target: Target = context.obj
    with target.person() as me:
        page = me.configurations.inbox(unread=unread, limit=limit, cursor=cursor)
        if mark:
            me.configurations.mark_read()
    show_list(
        page,
        ("", "when", "what", "address", "request"),
        (
            (
                "new" if one.read_at is None else "",
                when(one.created_at),
                one.kind,
                escape(one.address),
                str(one.request_id or ""),
            )
            for one in page.items
        ),
        as_json=as_json,
        again="configurations inbox",
    )


def _show_request(found: ChangeRequest, *, as_json: bool, comments: Sequence[RequestComment] = ()) -> None:
    if as_json:
        show_json({"request": found, "comments": list(comments)} if comments else found)
        return
    console.print(f"[bold]{found.id}[/bold] {escape(found.address)} over version {found.base_version}, {found.status}")
    console.print(f"{escape(found.reason)}   ({len(found.approvals)} of {found.required} approvals)", style="dim")
    for change in found.changes:
        console.print(f"  {change.words}", markup=False, soft_wrap=True)
    console.print(f"  digest {found.digest}", style="dim")
    for one in comments:
        place = "" if one.path is None else f" at {one.path}"
        console.print(f"  {when(one.created_at)} {one.author_id}{place}: {one.text}", markup=False, soft_wrap=True)
