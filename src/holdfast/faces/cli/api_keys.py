"""`holdfast api-keys`: list, create, revoke."""

from datetime import datetime
from typing import Annotated

import typer

from holdfast.faces.cli.output import AsJson, console, show_json, show_list
from holdfast.faces.cli.target import Target
from holdfast.faces.cli.times import moment

app = typer.Typer(no_args_is_help=True)

Of = Annotated[str | None, typer.Option(help="Whose: an e-mail address; yours without it.")]


@app.command(name="list")
def list_api_keys(context: typer.Context, of: Of = None, as_json: AsJson = False) -> None:
    """Keys, oldest first, revoked ones too."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        found = identity.list_api_keys(user=of, tenant=tenant)
    show_list(
        found,
        ("id", "begins", "name", "scopes", "last used", "until"),
        (
            (
                str(key.id),
                key.hint,
                key.name or "",
                "all" if key.scopes is None else " ".join(key.scopes),
                _day(key.last_used_at),
                "[red]revoked[/red]" if key.revoked_at else _day(key.expires_at),
            )
            for key in found
        ),
        as_json=as_json,
    )


@app.command()
def create(
    context: typer.Context,
    of: Of = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="Narrow it, as in conversations:read; may be repeated.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    expires: Annotated[str | None, typer.Option(help="When it ends, ISO 8601.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown now and never again."""
    target: Target = context.obj
    ends = moment(expires, "expires")
    with target.acting() as (identity, tenant):
        made = identity.create_api_key(user=of, tenant=tenant, scopes=scope or None, name=name, expires_at=ends)
    if as_json:
        show_json(made)
        return
    console.print(f"Key {made.id}; keep it now, it is not shown again:")
    console.print(str(made.secret), markup=False, soft_wrap=True)


@app.command()
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """End a key; its next request is refused."""
    target: Target = context.obj
    with target.acting() as (identity, _):
        ended = identity.revoke_api_key(key)
    if as_json:
        show_json(ended)
    else:
        console.print(f"Key {ended.id} is revoked.")


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"
