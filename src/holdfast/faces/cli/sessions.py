"""`holdfast sessions`: list, revoke, revoke-all, clean."""

from typing import Annotated

import typer

from holdfast.faces.cli.output import AsJson, console, show_json, show_list
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)

Of = Annotated[str | None, typer.Option(help="Whose: an e-mail address. Yours, or the whole tenant's, without it.")]


@app.command(name="list")
def list_sessions(context: typer.Context, of: Of = None, as_json: AsJson = False) -> None:
    """Sessions that are open, newest first."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        found = identity.list_sessions(user=of, tenant=tenant)
    show_list(
        found,
        ("id", "user", "last used", "until", "from", "with"),
        (
            (
                str(session.id),
                str(session.user_id),
                *[f"{moment:%Y-%m-%d %H:%M}" for moment in (session.last_used_at, session.expires_at)],
                session.address or "",
                session.agent or "",
            )
            for session in found
        ),
        as_json=as_json,
    )


@app.command()
def revoke(
    context: typer.Context,
    session: Annotated[str, typer.Argument(metavar="ID", help="The session's id, as `list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """End a session; its next request is refused."""
    target: Target = context.obj
    with target.acting() as (identity, _):
        ended = identity.revoke_session(session)
    if as_json:
        show_json(ended)
    else:
        console.print(f"Session {ended.id} is over.")


@app.command(name="revoke-all")
def revoke_all(
    context: typer.Context,
    of: Annotated[str | None, typer.Option(help="Whose: an e-mail address; yours without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """End every session of a person."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        count = identity.revoke_sessions(user=of, tenant=tenant)
    if as_json:
        show_json({"revoked": count})
    else:
        console.print(f"{count} sessions are over.")


@app.command()
def clean(context: typer.Context, as_json: AsJson = False) -> None:
    """Delete sessions that ended a week ago, and visitors who left nothing. A worker does so every hour."""
    target: Target = context.obj
    with target.opened() as store:
        cleaned = store.clean()
    if as_json:
        show_json(cleaned)
    else:
        console.print(
            f"Deleted: {cleaned.sessions:,} sessions, {cleaned.visitors:,} visitors, "
            f"{cleaned.answers:,} answers to repeated requests."
        )
